"""Turn a spectrogram into the square image of the audio spectrogram Swin (HTS-AT)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import FeatureLayer, Shape, require
from kerasaudio.layers.precision import matmul

_A = np.float32(-0.75)  # of the cubic kernel, as in torch


@keras.saving.register_keras_serializable("kerasaudio")
class ResizeFrames(FeatureLayer):
    """Stretch features to a number of frames by cubic interpolation.

    The first and last frame stay in place, as with torch's
    ``interpolate(..., mode="bicubic", align_corners=True)``.

    Input: (batch, frames, bins), their number known. Output: float32 (batch, size,
    bins).

    Args:
        size: Number of frames of the output, at least that of the input.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: The input has more frames, or an unknown number.
    """

    arguments = ("size",)

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = whole_number(size, "size", 2)

    def call(self, inputs: Any) -> Any:
        """Interpolate (batch, frames, bins)."""
        self.check_input(inputs)
        frames = inputs.shape[1]
        self.compute_output_shape(inputs.shape)  # raises if the frames do not fit
        if frames == self.size:
            return inputs
        return matmul(cubic_interpolation(frames, self.size), inputs)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, size, bins)."""
        batch, frames, bins = input_shape
        require(
            frames is not None and frames <= self.size,
            f"ResizeFrames takes a known number of frames, at most {self.size}.",
            shape=tuple(input_shape),
        )
        return (batch, self.size, bins)


def cubic_interpolation(before: int, after: int) -> np.ndarray:
    """Return the matrix that interpolates, float32 (after, before).

    It is computed in float32, as in torch: near the end of a long clip, positions
    differ from exact ones by some 1e-5 frames.
    """
    scale = np.float32(before - 1) / np.float32(after - 1)
    places = scale * np.arange(after, dtype="float32")
    below = np.minimum(np.floor(places).astype(int), before - 1)
    part = np.clip(places - below.astype("float32"), 0, 1).astype("float32")
    matrix = np.zeros((after, before), "float32")
    weights = (_far(part + 1), _near(part), _near(1 - part), _far(2 - part))
    for offset, weight in enumerate(weights, start=-1):
        column = np.clip(below + offset, 0, before - 1)
        np.add.at(matrix, (np.arange(after), column), weight)
    return matrix


def _near(x: np.ndarray) -> np.ndarray:
    return ((_A + 2) * x - (_A + 3)) * x * x + 1


def _far(x: np.ndarray) -> np.ndarray:
    return ((_A * x - 5 * _A) * x + 8 * _A) * x - 4 * _A


@keras.saving.register_keras_serializable("kerasaudio")
class FoldTime(FeatureLayer):
    """Cut features into pieces of time and put them above each other, as an image.

    Input: (batch, frames, bins), frames a multiple of `pieces`.
    Output: float32 (batch, pieces * bins, frames / pieces, 1).

    Args:
        pieces: Number of pieces.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `pieces` does not divide the number of frames.
    """

    arguments = ("pieces",)

    def __init__(self, pieces: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pieces = whole_number(pieces, "pieces")

    def call(self, inputs: Any) -> Any:
        """Fold (batch, frames, bins)."""
        self.check_input(inputs)
        self.compute_output_shape(inputs.shape)  # raises if the frames do not fit
        _, frames, bins = inputs.shape
        x = ops.reshape(inputs, (-1, self.pieces, frames // self.pieces, bins))
        x = ops.transpose(x, (0, 1, 3, 2))
        return ops.reshape(x, (-1, self.pieces * bins, frames // self.pieces, 1))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, pieces * bins, frames / pieces, 1)."""
        batch, frames, bins = input_shape
        require(
            frames is not None and bins is not None and frames % self.pieces == 0,
            f"FoldTime takes a known number of frames, a multiple of {self.pieces}.",
            shape=tuple(input_shape),
        )
        assert frames is not None
        assert bins is not None
        return (batch, self.pieces * bins, frames // self.pieces, 1)


@keras.saving.register_keras_serializable("kerasaudio")
class UnfoldTime(keras.layers.Layer):
    """Put the pieces of time of a folded map behind each other again.

    Input: (batch, rows, columns, features), the pieces above each other, rows a
    multiple of `pieces`.
    Output: (batch, pieces * columns, rows / pieces * features), the rows of a step side
    by side.

    Args:
        pieces: Number of pieces.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, pieces: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pieces = whole_number(pieces, "pieces")

    def call(self, inputs: Any) -> Any:
        """Unfold (batch, rows, columns, features)."""
        _, rows, columns, features = inputs.shape
        bands = rows // self.pieces
        x = ops.reshape(inputs, (-1, bands, columns, features))
        x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (-1, self.pieces * columns, bands * features))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, steps, features)."""
        rows, columns, features = (side or 0 for side in input_shape[1:])
        require(
            0 not in (rows, columns, features) and rows % self.pieces == 0,
            f"UnfoldTime takes a number of rows that is a multiple of {self.pieces}.",
            shape=tuple(input_shape),
        )
        steps = self.pieces * columns
        return (input_shape[0], steps, rows // self.pieces * features)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"pieces": self.pieces}


@keras.saving.register_keras_serializable("kerasaudio")
class NeighborMeans(keras.layers.Layer):
    """Average each step with its neighbors beside it over time, in float32.

    A dense layer on the result equals the mean over time of a convolution over three
    steps, with zeros at both ends.

    Input: (batch, steps, features), and the clip's embedding, which is not used, but so
    becomes part of the model's graph.
    Output: (batch, 3 * features): the mean of the steps before, of the steps
    themselves, and of those behind.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"dtype": "float32"})

    def call(self, inputs: Sequence[Any]) -> Any:
        """Average (batch, steps, features)."""
        x, _ = inputs
        own, steps = ops.mean(x, axis=1), x.shape[1]
        before, behind = own - x[:, -1] / steps, own - x[:, 0] / steps
        return ops.concatenate([before, own, behind], axis=-1)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return (batch, 3 * features)."""
        (batch, _, features), _ = input_shape
        return (batch, 3 * features)
