"""Lengths and distances of vectors inside a graph, with finite gradients.

`keras.ops.norm` and `keras.ops.normalize` have NaN gradients at zero: the vector of a
silent clip, or the distance between two equal clips, would make all weights NaN.
"""

from typing import Any

import keras
from keras import ops

from kerasaudio.layers.base import Float32Layer

TINY = 1e-12  # smallest squared length


def unit(vectors: Any) -> Any:
    """Scale (batch, features) to length 1; zero vectors stay zero."""
    squared = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squared, TINY))


def squared_distances(vectors: Any) -> Any:
    """Return squared Euclidean distances (batch, batch) of (batch, features)."""
    squared = ops.sum(ops.square(vectors), axis=-1)
    products = ops.matmul(vectors, ops.transpose(vectors))
    return ops.maximum(squared[:, None] + squared[None, :] - 2 * products, 0.0)


def euclidean_distance(first: Any, second: Any) -> Any:
    """Return the Euclidean distances of corresponding rows, (batch,), at least 1e-6."""
    squared = ops.sum(ops.square(first - second), axis=-1)
    return ops.sqrt(ops.maximum(squared, TINY))


def cosine_distance(first: Any, second: Any) -> Any:
    """Return 1 - cosine of corresponding rows, (batch,), in [0, 2]."""
    return 1 - ops.sum(unit(first) * unit(second), axis=-1)


@keras.saving.register_keras_serializable("kerasaudio")
class UnitLength(Float32Layer):
    """Scale every vector to length 1; zero vectors stay zero.

    Input: (batch, features), floating point.
    Output: float32 (batch, features).
    """

    input_form = ("batch", "features")

    def call(self, inputs: Any) -> Any:
        """Scale (batch, features)."""
        self.check_input(inputs)
        return unit(ops.cast(inputs, "float32"))
