"""A token in front of the others that learns what a whole clip is."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.layers.base import Shape


@keras.saving.register_keras_serializable("kerasaudio")
class ClassToken(keras.layers.Layer):
    """Prepend a trained vector to the tokens of every clip.

    Input: (batch, tokens, features). Output: (batch, 1 + tokens, features).
    """

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the vector."""
        self.token = self.add_weight(
            name="token",
            shape=(1, 1, input_shape[2]),
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
        )

    def call(self, inputs: Any) -> Any:
        """Return the vector and the tokens."""
        token = ops.repeat(self.token, ops.shape(inputs)[0], axis=0)
        return ops.concatenate([ops.cast(token, inputs.dtype), inputs], axis=1)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, 1 + tokens, features)."""
        batch, tokens, features = input_shape
        return (batch, None if tokens is None else 1 + tokens, features)
