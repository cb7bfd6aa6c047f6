"""Cut waveforms into overlapping frames."""

from typing import Any

from keras import ops

from kerasaudio.layers.base import require

PAD_MODES = ("constant", "edge", "reflect")
MOST_SLICES = 64  # more would make the graph slow to build


def count_frames(samples: Any, frame_length: int, hop_length: int) -> Any:
    """Return the number of whole frames; `samples` is a number or a scalar tensor."""
    return 1 + (samples - frame_length) // hop_length


def check_samples(
    layer: str, samples: int | None, *, shortest: int, why: str = "one frame"
) -> None:
    """Raise ValueError if the number of samples is known and below `shortest`."""
    require(
        samples is None or samples >= shortest,
        f"{layer} needs at least {shortest} samples for {why}; pad the waveform.",
        samples=samples,
    )


def pad_ends(waveform: Any, left: int, right: int, mode: str = "constant") -> Any:
    """Pad (batch, samples) at both ends.

    Args:
        waveform: (batch, samples).
        left: Number of samples to add before.
        right: Number of samples to add after.
        mode: One of `PAD_MODES`, as in `numpy.pad`.
    """
    if left == right == 0:
        return waveform
    if mode == "edge":
        first = ops.repeat(waveform[:, :1], left, axis=1)
        last = ops.repeat(waveform[:, -1:], right, axis=1)
        return ops.concatenate([first, waveform, last], axis=1)
    return ops.pad(waveform, ((0, 0), (left, right)), mode=mode)


def frame(waveform: Any, *, frame_length: int, hop_length: int, frames: Any) -> Any:
    """Cut (batch, samples) into (batch, frames, frame_length).

    Frame t begins at sample t * `hop_length`.

    Args:
        waveform: (batch, samples); samples past the end count as zeros.
        frame_length: Number of samples per frame.
        hop_length: Distance from one frame's start to the next in samples.
        frames: Number of frames, a number or a scalar tensor.
    """
    # Blocks of one hop are joined, which moves rows instead of single samples.
    if isinstance(frames, int) and frames == 1:
        hop_length = frame_length
    blocks_a_frame = -(-frame_length // hop_length)
    blocks = frames + blocks_a_frame - 1
    # The end of the waveform may cut off the last block, by less than one hop.
    waveform = pad_ends(waveform, 0, blocks_a_frame * hop_length - frame_length)
    waveform = waveform[:, : blocks * hop_length]
    waveform = ops.reshape(waveform, (-1, blocks, hop_length))
    if blocks_a_frame > MOST_SLICES:
        first = ops.expand_dims(ops.arange(frames, dtype="int32"), 1)
        index = first + ops.arange(blocks_a_frame, dtype="int32")
        waveform = ops.take(waveform, index, axis=1)
    else:
        shifted = [waveform[:, i : i + frames] for i in range(blocks_a_frame)]
        waveform = ops.concatenate(shifted, axis=2)
    waveform = ops.reshape(waveform, (-1, frames, blocks_a_frame * hop_length))
    return waveform[:, :, :frame_length]
