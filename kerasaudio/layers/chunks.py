"""Cut features into chunks that a network processes one by one, and join its outputs.

features (batch, frames, bins) -> chunks (batch, chunks, size, bins) -> the network
(batch * chunks, steps, features) -> (batch, steps of the whole clip, features)
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import FeatureLayer, Shape
from kerasaudio.layers.time_axis import Timed, demand, hide, rule


@keras.saving.register_keras_serializable("kerasaudio")
class Chunks(FeatureLayer):
    """Cut features into chunks, the last padded with zeros; a short clip is one chunk.

    Input: (batch, frames, bins).
    Output: float32 (batch, chunks, size, bins), where size is the length of a chunk, or
    of a shorter clip, without frames that fill no patch.

    Args:
        size: Length of a chunk in frames.
        patch: Length of a patch in frames, at most `size`.
        keep_last: Whether every whole patch of a clip is in a chunk. By default, as in
            CED, the last chunk is lost if there are several and nothing is left over,
            and any frames that are left over make a chunk.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    arguments = ("size", "patch", "keep_last")

    def __init__(
        self, size: int, patch: int, keep_last: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = whole_number(size, "size")
        self.patch = whole_number(patch, "patch", most=self.size)
        self.keep_last = bool(keep_last)

    def call(self, inputs: Any) -> Any:
        """Cut (batch, frames, bins)."""
        self.check_input(inputs)
        return self.cut(inputs, self.count(ops.shape(inputs)[1]))

    def count(self, frames: Any) -> Any:
        """Return the number of chunks; `frames` is a number or a scalar tensor."""
        if self.keep_last:
            chunks = -(-(frames - frames % self.patch) // self.size)
        else:
            whole, rest = frames // self.size, frames % self.size
            if isinstance(frames, int):
                chunks = whole + (1 if rest else -1)
            else:
                chunks = whole + ops.where(rest > 0, 1, -1)
        return max(1, chunks) if isinstance(frames, int) else ops.maximum(chunks, 1)

    def used(self, frames: Any) -> Any:
        """Return the number of frames in whole patches of a clip's first chunk."""
        if isinstance(frames, int):
            frames = min(frames, self.size)
        else:
            frames = ops.minimum(frames, self.size)
        return frames - frames % self.patch

    def cut(self, inputs: Any, chunks: Any) -> Any:
        """Cut (batch, frames, bins) into this number of chunks."""
        frames, bins = ops.shape(inputs)[1], inputs.shape[2]
        if isinstance(frames, int):
            size = min(frames, self.size)
            lacking = max(0, chunks * size - frames)
        else:
            size, lacking = ops.minimum(frames, self.size), self.size - 1
        filled = ops.pad(inputs, ((0, 0), (0, lacking), (0, 0)))[:, : chunks * size]
        cut = ops.reshape(filled, (-1, chunks, size, bins))
        return cut[:, :, : self.used(frames)]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, chunks, size, bins)."""
        batch, frames, bins = input_shape
        if frames is None:
            return (batch, None, None, bins)
        return (batch, self.count(frames), self.used(frames), bins)


@rule(Chunks)
def _chunks(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    most = -(-ops.shape(x.value)[1] // layer.size)
    cut = layer.cut(hide(x.value, x.count), most)
    return Timed(cut, layer.count(x.count), within=layer.used(x.count))


@keras.saving.register_keras_serializable("kerasaudio")
class JoinChunks(keras.layers.Layer):
    """Line up the steps of a clip's chunks, without those of the padding.

    The chunks come from `Chunks` with `keep_last`, whose size is a multiple of `patch`.

    Input: steps (batch * chunks, steps, features), one for each patch; the chunks they
    come from, (batch, chunks, ...); and what was cut, (batch, frames, ...).
    Output: (batch, frames // patch, features).

    Args:
        patch: Length of a patch in frames.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, patch: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patch = whole_number(patch, "patch")

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the steps of whole clips."""
        steps, chunks, frames = inputs
        each = ops.shape(chunks)[1] * ops.shape(steps)[1]
        joined = ops.reshape(steps, (-1, each, steps.shape[-1]))
        return joined[:, : ops.shape(frames)[1] // self.patch]

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return (batch, frames // patch, features)."""
        steps, _, (batch, frames, *_) = input_shape
        length = None if frames is None else frames // self.patch
        return (batch, length, steps[-1])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"patch": self.patch}


@rule(JoinChunks)
def _join(layer: Any, inputs: Sequence[Timed]) -> Timed:
    steps, chunks, frames = inputs
    demand(steps.pieces is not None and frames.count is not None, layer)
    joined = layer([steps.value, chunks.value, frames.value])
    return Timed(joined, frames.count // layer.patch)
