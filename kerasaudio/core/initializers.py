"""Random initial weights drawn by NumPy: the same on every backend, and fast.

jax compiles its random numbers again for every shape, so that a network with many
shapes takes half a minute to build.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable("kerasaudio")
class GlorotUniform(keras.initializers.GlorotUniform):
    """Glorot's uniform distribution, as `keras.initializers.GlorotUniform`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Draw an array."""
        field = math.prod(shape[:-2])
        inputs, outputs = (field * shape[-2], field * shape[-1])
        limit = math.sqrt(6 / (inputs + outputs))
        values = np.random.default_rng(self.seed).uniform(-limit, limit, shape)
        return keras.ops.convert_to_tensor(values.astype("float32"), dtype)


@keras.saving.register_keras_serializable("kerasaudio")
class Orthogonal(keras.initializers.Orthogonal):
    """Orthogonal matrices, as `keras.initializers.Orthogonal`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Draw an array."""
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = np.random.default_rng(self.seed).normal(
            size=(max(rows, columns), min(rows, columns))
        )
        q, r = np.linalg.qr(normal)
        q = q * np.sign(np.diag(r))  # uniform over the orthogonal matrices
        values = self.gain * (q if rows >= columns else q.T).reshape(shape)
        return keras.ops.convert_to_tensor(values.astype("float32"), dtype)


def numpy_initializers() -> AbstractContextManager[Any]:
    """Return a context in which Keras' default initializers are those of this file."""
    return keras.saving.custom_object_scope(
        {"glorot_uniform": GlorotUniform, "orthogonal": Orthogonal}
    )
