"""Run clips one by one, and time single clips."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

# From the inputs to the outputs of a file with a state, by name.
Step = Callable[..., Mapping[str, np.ndarray]]


class Ran(NamedTuple):
    """Outputs and times of a runtime.

    Attributes:
        outputs: Outputs, float32 (clips, classes or features).
        seconds: Time for one clip in seconds, at each repetition.
    """

    outputs: np.ndarray
    seconds: list[float]


class Untold(NamedTuple):
    """Outputs of a runtime with default settings, as most programs use it.

    Attributes:
        outputs: Outputs, float32 (clips, classes or features).
        precision: Precision of the computation, such as "bfloat16".
    """

    outputs: np.ndarray
    precision: str


def run_and_time(
    one: Callable[[np.ndarray], np.ndarray], clips: np.ndarray, repeats: int
) -> Ran:
    """Run every clip of (clips, samples), then the first one several times.

    Args:
        one: Function that returns the output (1, outputs) for a waveform (1, samples).
        clips: Waveforms, float32 (clips, samples).
        repeats: Number of times that the first clip is timed.
    """
    outputs = np.concatenate([np.array(one(row[None])) for row in clips])
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        one(clips[:1])
        seconds.append(time.perf_counter() - start)
    return Ran(outputs, seconds)
