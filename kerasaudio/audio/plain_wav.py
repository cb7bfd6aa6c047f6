"""Read the most common kind of file quickly: a complete wav with 16-bit samples.

libsndfile takes longer to open a one-second file than to decode it. It still handles
all files that are not exactly as expected, and raises all errors.
"""

import os
import stat
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from kerasaudio.audio.check import RATE_LIMITS

_LARGEST = 2**26  # bytes; longer files are decoded block by block
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_FULL_SCALE = np.float32(2**-15)


def read_plain_wav(
    path: Any, hold: Callable[[int, int], None] = lambda samples, rate: None
) -> tuple[np.ndarray, int] | None:
    """Read a wav of 16-bit PCM with a RIFF header, a format chunk and samples only.

    Args:
        path: Path of the file; for other objects the result is None.
        hold: Function called before reading with the number of samples (of all
            channels) and the sample rate.

    Returns:
        float32 (frames, channels), exactly the same as from libsndfile, and the sample
        rate. None if the file is of another kind or cannot be read, or if the wav has
        other chunks before its samples, is truncated or is inconsistent.
    """
    if not isinstance(path, str | os.PathLike):
        return None
    try:
        state = os.stat(path)  # before opening, as a pipe can be read only once
        if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST:
            return None
        with open(path, "rb", buffering=0) as file:
            facts = _format(file.read(_HEADER.size), state.st_size)
            if facts is None:
                return None
            channels, rate, length = facts
            hold(length // 2, rate)
            samples = np.fromfile(file, "<i2", length // 2)
    except OSError:
        return None
    if samples.size != length // 2:  # the file became shorter in the meantime
        return None
    return samples.reshape(-1, channels) * _FULL_SCALE, rate


def _format(header: bytes, size: int) -> tuple[int, int, int] | None:
    """Return channels, rate and bytes of audio; None if something is unusual."""
    if len(header) < _HEADER.size:
        return None
    riff, whole, wave, fmt, fmt_size, coding, channels, *rest = _HEADER.unpack(header)
    rate, per_second, per_frame, bits, data, length = rest
    low, high = RATE_LIMITS
    usual = (
        (riff, wave, fmt, data) == (b"RIFF", b"WAVE", b"fmt ", b"data")
        and (fmt_size, coding, bits) == (16, 1, 16)
        and 1 <= channels <= 8
        and low <= rate <= high
        and (per_frame, per_second) == (2 * channels, 2 * channels * rate)
        and length > 0
        and length % per_frame == 0
        and length + _HEADER.size <= size
        and whole + 8 == size
    )
    return (channels, rate, length) if usual else None
