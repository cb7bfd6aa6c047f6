"""Check the blocks of a stream."""

from typing import Any

import numpy as np

from kerasaudio.audio.check import check_dtype, check_values

_MOST_CHANNELS = 32


def check_block(block: Any) -> np.ndarray:
    """Return a block as float32 (frames, channels), or raise if it is invalid.

    Args:
        block: Float samples in [-1, 1], (frames,) or (frames, channels); it may have
            no frames.

    Raises:
        ValueError: The block has integers, another number of axes, more than 32
            channels, NaN or infinity, or peaks above 10.
    """
    try:
        samples = np.asarray(block)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            "A block must be an array of floats in [-1, 1]. "
            f"Received: {type(block).__name__}, which NumPy cannot read ({error})."
        ) from error
    check_dtype(samples, "A block")
    if samples.ndim == 1:
        samples = samples[:, None]
    channels = samples.shape[1] if samples.ndim == 2 else 0
    if not 1 <= channels <= _MOST_CHANNELS:
        raise ValueError(
            f"A block must be (frames,) or (frames, channels), with 1 to "
            f"{_MOST_CHANNELS} channels. Received: shape {samples.shape}."
            + (" Are the axes swapped? Pass block.T." if channels else "")
        )
    with np.errstate(over="ignore"):  # a float64 beyond float32 is reported below
        samples = samples.astype(np.float32)
    if samples.size:
        check_values(samples, "A block")
    return samples
