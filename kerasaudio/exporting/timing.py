"""Running clips one by one, and timing single ones."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Ran(NamedTuple):
    """What a runtime gave.

    Attributes:
        outputs: float32 (clips, classes or features).
        seconds: How long one clip took, each time.
    """

    outputs: np.ndarray
    seconds: list[float]


class Untold(NamedTuple):
    """What a runtime gave that was told nothing, as most programs load a file.

    Attributes:
        outputs: float32 (clips, classes or features).
        precision: That it computed in, such as "bfloat16".
    """

    outputs: np.ndarray
    precision: str


def run_and_time(
    one: Callable[[np.ndarray], np.ndarray], clips: np.ndarray, repeats: int
) -> Ran:
    """Run every clip of (clips, samples), then the first one several times.

    Args:
        one: From a waveform (1, samples) to its output (1, outputs).
        clips: float32 (clips, samples).
        repeats: How often the first clip is timed.
    """
    outputs = np.concatenate([np.array(one(row[None])) for row in clips])
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        one(clips[:1])
        seconds.append(time.perf_counter() - start)
    return Ran(outputs, seconds)
