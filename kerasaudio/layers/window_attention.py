"""Layers of Swin transformers: attention in windows of a map, merging of patches."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Shape, require

MASKED = -100.0  # added to scores of pairs that are not neighbors, as upstream


@keras.saving.register_keras_serializable("kerasaudio")
class WindowAttention(layers.Layer):
    """Self-attention inside square windows, with a bias for each relative position.

    With a shift, the windows are moved down and to the right, and those that would
    leave the map continue on its other side; there, places that are not neighbors do
    not attend to each other.

    Input: (batch, rows, columns, features); rows and columns are multiples of `window`.
    Output: the same shape.

    Args:
        num_heads: Number of attention heads, a divisor of the number of features.
        window: Side of a window.
        shift: Number of rows and columns that the windows are moved by, less than
            `window`; default: 0.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or does not fit the input.

    Source: Liu et al. 2021, arXiv:2103.14030.
    """

    def __init__(
        self, num_heads: int, window: int, shift: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.num_heads = whole_number(num_heads, "num_heads")
        self.window = whole_number(window, "window")
        self.shift = whole_number(shift, "shift", 0, self.window - 1)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the projections and the biases."""
        rows, columns, features = (side or 0 for side in input_shape[1:])
        require(
            0 not in (rows, columns, features)
            and rows % self.window == columns % self.window == 0
            and features % self.num_heads == 0,
            f"WindowAttention needs a map that windows of {self.window} x {self.window}"
            f" fill, with features for {self.num_heads} heads.",
            shape=tuple(input_shape),
        )

        def dense(name: str) -> layers.Dense:
            made = layers.Dense(features, name=name, dtype=self.dtype_policy)
            made.build((None, None, features))
            return made

        self.query = dense("query")
        self.key = dense("key")
        self.value = dense("value")
        self.output_dense = dense("output")
        self.position_biases = self.add_weight(
            name="position_biases",
            shape=((2 * self.window - 1) ** 2, self.num_heads),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )

    def call(self, inputs: Any) -> Any:
        """Attend inside the windows of (batch, rows, columns, features)."""
        x = moved(inputs, self.shift)
        attended = self._attend(cut(x, self.window), inputs.shape)
        x = join(attended, self.window, inputs.shape)
        return moved(x, -self.shift)

    def _attend(self, tokens: Any, shape: Sequence[int | None]) -> Any:
        """Attend among (windows, tokens, features), the windows of maps one by one."""
        query, key, value = (
            self._heads(project(tokens))
            for project in (self.query, self.key, self.value)
        )
        scores = ops.matmul(
            query * query.shape[-1] ** -0.5, ops.transpose(key, (0, 1, 3, 2))
        )
        scores = self._biased(ops.cast(scores, "float32"), shape)
        shares = ops.cast(ops.softmax(scores), value.dtype)
        attended = ops.transpose(ops.matmul(shares, value), (0, 2, 1, 3))
        return self.output_dense(ops.reshape(attended, ops.shape(tokens)))

    def _biased(self, scores: Any, shape: Sequence[int | None]) -> Any:
        """Add the biases of positions to (windows, heads, tokens, tokens)."""
        size = self.window**2
        biases = ops.take(
            ops.cast(self.position_biases, "float32"),
            relative_positions(self.window).reshape(-1),
            axis=0,
        )
        biases = ops.transpose(ops.reshape(biases, (size, size, -1)), (2, 0, 1))
        if not self.shift:
            return scores + biases
        apart = separated(shape[1], shape[2], self.window, self.shift) * MASKED
        biases = biases + ops.convert_to_tensor(apart[:, None], "float32")
        flat = (-1, len(apart), self.num_heads * size, size)
        added = ops.reshape(scores, flat) + ops.reshape(biases, flat)
        return ops.reshape(added, (-1, self.num_heads, size, size))

    def _heads(self, x: Any) -> Any:
        """Return (windows, tokens, features) as (windows, heads, tokens, size)."""
        x = ops.reshape(
            x, (-1, self.window**2, self.num_heads, x.shape[-1] // self.num_heads)
        )
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return the shape of the input."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "num_heads": self.num_heads,
            "window": self.window,
            "shift": self.shift,
        }


def moved(x: Any, shift: int) -> Any:
    """Move maps (batch, rows, columns, features) up and left; what leaves re-enters."""
    if not shift:
        return x
    x = ops.concatenate([x[:, shift:], x[:, :shift]], axis=1)
    return ops.concatenate([x[:, :, shift:], x[:, :, :shift]], axis=2)


def cut(x: Any, window: int) -> Any:
    """Return the windows of (batch, rows, columns, features), row by row.

    The result is (batch * windows, window * window, features).
    """
    _, _, columns, features = x.shape
    x = ops.reshape(x, (-1, window, columns // window, window * features))
    x = ops.transpose(x, (0, 2, 1, 3))
    return ops.reshape(x, (-1, window * window, features))


def join(x: Any, window: int, shape: Sequence[int | None]) -> Any:
    """Put the windows of `cut` together again, as (batch, *shape[1:])."""
    _, rows, columns, features = shape
    assert columns is not None
    assert features is not None
    x = ops.reshape(x, (-1, columns // window, window, window * features))
    x = ops.transpose(x, (0, 2, 1, 3))
    return ops.reshape(x, (-1, rows, columns, features))


def relative_positions(window: int) -> np.ndarray:
    """Return the row of the biases for each pair of places, int32 (n, n)."""
    places = np.indices((window, window)).reshape(2, -1)
    rows, columns = places[:, :, None] - places[:, None, :] + window - 1
    return (rows * (2 * window - 1) + columns).astype("int32")


def separated(rows: Any, columns: Any, window: int, shift: int) -> np.ndarray:
    """Return which pairs of a moved map's windows are no neighbors.

    The result is float32 (windows, n, n), 1 or 0.
    """

    def parts(size: int) -> np.ndarray:
        places = np.arange(size)
        return (places >= size - window).astype(int) + (places >= size - shift)

    part = 3 * parts(rows)[:, None] + parts(columns)
    grid = (rows // window, window, columns // window, window)
    part = part.reshape(grid).swapaxes(1, 2).reshape(-1, window * window)
    return (part[:, :, None] != part[:, None, :]).astype("float32")


@keras.saving.register_keras_serializable("kerasaudio")
class FourNeighbors(layers.Layer):
    """List the features of each 2 x 2 places side by side.

    The order is that of Swin: top left, bottom left, top right, bottom right.

    Input: (batch, rows, columns, features); rows and columns are even.
    Output: (batch, rows / 2, columns / 2, 4 * features).
    """

    def call(self, inputs: Any) -> Any:
        """Return the places of each square together."""
        _, rows, columns, features = inputs.shape
        x = ops.reshape(inputs, (-1, 2, columns // 2, 2 * features))
        x = ops.concatenate(
            [
                x[:, row, :, side * features : (side + 1) * features]
                for side in (0, 1)
                for row in (0, 1)
            ],
            axis=-1,
        )
        return ops.reshape(x, (-1, rows // 2, columns // 2, 4 * features))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, rows / 2, columns / 2, 4 * features)."""
        rows, columns, features = (side or 0 for side in input_shape[1:])
        require(
            0 not in (rows, columns, features) and rows % 2 == columns % 2 == 0,
            "FourNeighbors needs an even number of rows and of columns.",
            shape=tuple(input_shape),
        )
        return (input_shape[0], rows // 2, columns // 2, 4 * features)
