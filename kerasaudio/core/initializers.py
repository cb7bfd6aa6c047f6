"""Random initial weights drawn by NumPy: the same on every backend, and fast.

jax compiles its random numbers again for every shape, so that a network with many
shapes takes half a minute to build.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

import keras
import numpy as np

_SPARE = 2**24  # numbers of layers that a file without a head does not contain
_left: ContextVar[float] = ContextVar("left", default=math.inf)


@keras.saving.register_keras_serializable("kerasaudio")
class GlorotUniform(keras.initializers.GlorotUniform):
    """Glorot's uniform distribution, as `keras.initializers.GlorotUniform`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """Draw an array."""
        _take(shape)
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
        _take(shape)
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


@contextmanager
def sized_like(numbers: float) -> Iterator[None]:
    """Return a context for building the network of a file with so many numbers.

    A network that is much larger is refused before it fills the memory: its arguments
    come from the file, and a damaged file may ask for anything.

    Raises:
        ValueError: The network is much larger.
    """
    token = _left.set(numbers + _SPARE)
    try:
        yield
    finally:
        _left.reset(token)


def _take(shape: Sequence[int]) -> None:
    left = _left.get() - math.prod(shape)
    if left < 0:
        raise ValueError(
            f"The weights do not fit: the network has one of shape {tuple(shape)}, but "
            "the file does not have so many numbers. Is it damaged?"
        )
    _left.set(left)
