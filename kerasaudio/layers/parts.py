"""Compute features of a batch in parts, on processors.

waveform (batch, samples) -> parts (rows, samples) -> features (batch, ...)
"""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasaudio.layers.precision import has_gpu

PART_BYTES = 4 << 20  # of the frames of a part
MOST_PARTS = 8  # as each part is compiled by itself


def in_parts(compute: Callable[[Any], Any], waveform: Any, row_values: int) -> Any:
    """Return `compute(waveform)`, of a part of the rows at a time where it is faster.

    The frames of a batch and their spectra are much larger than its waveforms and its
    features. As a whole they do not fit into a processor's cache, so that each
    operation reads them from memory.

    All rows are computed at once on GPUs, for a number of rows that is not known when
    the graph is built, and on torch, where starting each operation costs what this
    saves.

    Args:
        compute: Function of (rows, samples) that treats each row by itself.
        waveform: (batch, samples).
        row_values: Number of values in the frames of one row.
    """
    rows = waveform.shape[0]
    if not isinstance(rows, int) or keras.backend.backend() == "torch" or has_gpu():
        return compute(waveform)
    most = max(PART_BYTES // (4 * row_values), 1)
    parts = min(math.ceil(rows / most), MOST_PARTS)
    if parts < 2:
        return compute(waveform)
    size = math.ceil(rows / parts)
    starts = range(0, rows, size)
    return ops.concatenate([compute(waveform[i : i + size]) for i in starts], axis=0)
