"""Self-attention with gated relative positions, and positions by convolution."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Shape, require
from kerasaudio.layers.time_axis import Timed, hide, rule

MASKED = -1e9  # score of a token that is not attended to


@keras.saving.register_keras_serializable("kerasaudio")
class RelativePositions(layers.Layer):
    """Return the bias of each head for each pair of tokens, by their distance.

    Distances are sorted into buckets: half of them for one direction, of which half
    hold one distance each, and the others are as wide as the logarithm of the distance.

    Input: tokens (batch, tokens, features), of which only the number matters.
    Output: (heads, tokens, tokens), for the token that attends and the one attended to.

    Args:
        num_heads: Number of attention heads.
        num_buckets: Number of buckets, a multiple of 4.
        max_distance: Distance from which on all are in the last bucket; above
            `num_buckets` / 4.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range.
    """

    def __init__(
        self, num_heads: int, num_buckets: int, max_distance: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = whole_number(num_heads, "num_heads")
        self.num_buckets = whole_number(num_buckets, "num_buckets", 4)
        self.max_distance = whole_number(max_distance, "max_distance")
        require(
            num_buckets % 4 == 0 and max_distance > num_buckets // 4,
            "num_buckets must be a multiple of 4, and max_distance above a quarter.",
            num_buckets=num_buckets,
            max_distance=max_distance,
        )

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the biases of the buckets."""
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.num_buckets, self.num_heads),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )

    def call(self, inputs: Any) -> Any:
        """Return the biases for this number of tokens."""
        most = self.max_distance
        distances = np.arange(-most, most + 1)
        table = ops.take(self.embeddings, self.buckets(distances), axis=0)
        places = ops.arange(ops.shape(inputs)[1], dtype="int32")
        apart = ops.expand_dims(places, 0) - ops.expand_dims(places, 1)
        biases = ops.take(table, ops.clip(apart, -most, most) + most, axis=0)
        return ops.transpose(biases, (2, 0, 1))

    def buckets(self, distances: np.ndarray) -> np.ndarray:
        """Return the bucket of each distance, of the other token minus the own one."""
        half = self.num_buckets // 2
        single = half // 2
        away = np.abs(distances)
        # In float32 as in the original, so that edges fall on the same side.
        share = np.log(np.maximum(away, 1).astype("float32") / np.float32(single))
        share = share / np.float32(math.log(self.max_distance / single))
        wide = single + (share * np.float32(half - single)).astype("int32")
        inside = np.where(away < single, away, np.minimum(wide, half - 1))
        return (inside + np.where(distances > 0, half, 0)).astype("int32")

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (heads, tokens, tokens)."""
        return (self.num_heads, input_shape[1], input_shape[1])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "num_heads": self.num_heads,
            "num_buckets": self.num_buckets,
            "max_distance": self.max_distance,
        }


@keras.saving.register_keras_serializable("kerasaudio")
class GatedAttention(layers.Layer):
    """Self-attention in which each query decides how much relative positions count.

    Input: tokens (batch, tokens, features), and the biases of `RelativePositions`.
    Output: (batch, tokens, features).

    Args:
        num_heads: Number of attention heads, a divisor of the number of features.
        **kwargs: Passed to `keras.layers.Layer`.

    Source: Chi et al. 2022, arXiv:2106.16138, as in WavLM and BEATs.
    """

    def __init__(self, num_heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = whole_number(num_heads, "num_heads")

    def build(self, input_shape: Sequence[Any]) -> None:
        """Create the projections and gates."""
        tokens, _ = input_shape
        size = tokens[-1] // self.num_heads

        def dense(name: str, inputs: int, units: int) -> layers.Dense:
            made = layers.Dense(units, name=name, dtype=self.dtype_policy)
            made.build((None, None, inputs))
            return made

        self.q_proj = dense("q_proj", tokens[-1], tokens[-1])
        self.k_proj = dense("k_proj", tokens[-1], tokens[-1])
        self.v_proj = dense("v_proj", tokens[-1], tokens[-1])
        self.out_proj = dense("out_proj", tokens[-1], tokens[-1])
        self.grep_linear = dense("grep_linear", size, 8)
        self.grep_a = self.add_weight(
            name="grep_a", shape=(1, self.num_heads, 1, 1), initializer="ones"
        )

    def call(self, inputs: Sequence[Any]) -> Any:
        """Attend to all tokens."""
        return self.attend(*inputs)

    def attend(self, tokens: Any, biases: Any, inside: Any = None) -> Any:
        """Attend to the tokens that are inside: bool (tokens,), None for all."""
        query, key, value = (
            self._heads(project(tokens))
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        biases = ops.cast(biases, query.dtype) * self._gate(query)
        scores = ops.matmul(
            query * query.shape[-1] ** -0.5, ops.transpose(key, (0, 1, 3, 2))
        )
        scores = ops.cast(scores + biases, "float32")
        if inside is not None:
            scores = ops.where(inside, scores, MASKED)
        shares = ops.cast(ops.softmax(scores), value.dtype)
        attended = ops.transpose(ops.matmul(shares, value), (0, 2, 1, 3))
        return self.out_proj(ops.reshape(attended, ops.shape(tokens)))

    def _heads(self, x: Any) -> Any:
        """Return (batch, tokens, features) as (batch, heads, tokens, size)."""
        _, tokens, features = ops.shape(x)
        size = features // self.num_heads
        x = ops.reshape(x, (-1, tokens, self.num_heads, size))
        return ops.transpose(x, (0, 2, 1, 3))

    def _gate(self, query: Any) -> Any:
        """Return the factor of each query's biases, (batch, heads, tokens, 1)."""
        found = self.grep_linear(query)
        first = ops.sigmoid(ops.sum(found[..., :4], axis=-1, keepdims=True))
        second = ops.sigmoid(ops.sum(found[..., 4:], axis=-1, keepdims=True))
        return first * (second * self.grep_a - 1) + 2

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return (batch, tokens, features)."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"num_heads": self.num_heads}


@keras.saving.register_keras_serializable("kerasaudio")
class PositionalConv(layers.Layer):
    """Describe the neighbors of each token by a wide convolution in groups, with GELU.

    As upstream, the input is padded by half a filter on both sides, and of an even
    filter the last output is dropped.

    Input: (batch, tokens, features). Output: the same shape.

    Args:
        width: Number of tokens under the filters.
        groups: Number of groups of features, a divisor of their number.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, width: int, groups: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = whole_number(width, "width")
        self.groups = whole_number(groups, "groups")

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the filters."""
        features = int(input_shape[-1] or 0)
        require(
            features % self.groups == 0,
            f"groups must divide the {features} features.",
            groups=self.groups,
        )
        deviation = math.sqrt(4 / (self.width * features))
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.width, features // self.groups, features),
            initializer=keras.initializers.RandomNormal(stddev=deviation),
        )
        self.bias = self.add_weight(name="bias", shape=(features,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """Convolve (batch, tokens, features)."""
        behind = (self.width - 1) // 2
        x = ops.pad(inputs, ((0, 0), (self.width // 2, behind), (0, 0)))
        # Group by group: TensorFlow's own convolution in groups needs XLA.
        parts = [
            ops.conv(part, kernel, padding="valid", data_format="channels_last")
            for part, kernel in zip(
                ops.split(x, self.groups, axis=-1),
                ops.split(ops.convert_to_tensor(self.kernel), self.groups, axis=-1),
                strict=True,
            )
        ]
        return ops.gelu(ops.concatenate(parts, axis=-1) + self.bias, approximate=False)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return the shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"width": self.width, "groups": self.groups}


@rule(RelativePositions)
def _relate(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value))


@rule(GatedAttention)
def _attend(layer: Any, inputs: Sequence[Timed]) -> Timed:
    tokens, biases = inputs
    inside = ops.arange(ops.shape(tokens.value)[1], dtype="int32") < tokens.count
    return Timed(layer.attend(tokens.value, biases.value, inside), tokens.count)


@rule(PositionalConv)
def _convolve(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(hide(x.value, x.count)), x.count)
