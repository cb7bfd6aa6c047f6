"""Layers for sentences: vectors of tokens and of their places."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Shape


@keras.saving.register_keras_serializable("kerasaudio")
class TokenEmbeddings(layers.Layer):
    """Add the vector of each token, that of its place, and one that all share.

    As in RoBERTa, places are counted from the number of `padding` + 1 on; padding has
    the place `padding` itself.

    Input: int32 (batch, tokens). Output: (batch, tokens, features).

    Args:
        vocabulary: Number of different tokens.
        places: Number of places, those up to `padding` included.
        features: Number of features of a token.
        padding: Number of the token that fills short sentences; default: 1.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(
        self,
        vocabulary: int,
        places: int,
        features: int,
        padding: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary = whole_number(vocabulary, "vocabulary")
        self.places = whole_number(places, "places", 3)
        self.features = whole_number(features, "features")
        self.padding = whole_number(padding, "padding", 0)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the vectors."""
        initializer = keras.initializers.RandomNormal(stddev=0.02)

        def weight(name: str, rows: int) -> keras.Variable:
            shape = (rows, self.features)
            return self.add_weight(name=name, shape=shape, initializer=initializer)

        self.word_embeddings = weight("word_embeddings", self.vocabulary)
        self.position_embeddings = weight("position_embeddings", self.places)
        self.token_type_embeddings = weight("token_type_embeddings", 1)

    def call(self, inputs: Any) -> Any:
        """Return the sum of the vectors."""
        inside = ops.cast(ops.not_equal(inputs, self.padding), "int32")
        places = ops.cumsum(inside, axis=1) * inside + self.padding
        words = ops.take(self.word_embeddings, inputs, axis=0)
        positions = ops.take(self.position_embeddings, places, axis=0)
        return words + positions + self.token_type_embeddings

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, tokens, features)."""
        return (*input_shape, self.features)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "vocabulary": self.vocabulary,
            "places": self.places,
            "features": self.features,
            "padding": self.padding,
        }
