"""Smooth scores by averaging over the last windows."""

from collections import deque
from collections.abc import Callable

import numpy as np

from kerasaudio.audio.load import check_seconds

SMOOTHINGS = ("average", "exponential")
_MOST_WINDOWS = 100_000

Smooth = Callable[[np.ndarray], np.ndarray]


def smoother(kind: str | None, seconds: float, hop_seconds: float) -> Smooth:
    """Return a function that turns each window's scores x into smoothed scores y.

    "average": y[t] is the mean of x[t - n + 1], ..., x[t] with
    n = max(1, round(seconds / hop)), and of fewer at the beginning.
    "exponential": y[t] = y[t - 1] + a (x[t] - y[t - 1]), y[0] = x[0], with
    a = 1 - exp(-hop / seconds): `seconds` is the time constant.

    Raises:
        ValueError: The kind is unknown, the time is not positive, or the average covers
            more than 100,000 windows.
    """
    seconds = check_seconds(seconds, "smoothing_seconds")
    if kind is None:
        return lambda scores: scores
    if kind not in SMOOTHINGS:
        raise ValueError(
            f"smoothing must be None or one of {SMOOTHINGS}. Received: {kind!r}."
        )
    if kind == "average":
        windows = max(1, round(seconds / hop_seconds))
        if windows > _MOST_WINDOWS:
            raise ValueError(
                f"smoothing_seconds={seconds:g} covers {windows:,} windows, but at "
                f"most {_MOST_WINDOWS:,} can be kept. Pass a shorter time or a longer "
                f"hop; or smoothing='exponential', which keeps only one."
            )
        return _MovingAverage(windows)
    return _Exponential(-np.expm1(-hop_seconds / seconds))


class _MovingAverage:
    def __init__(self, windows: int) -> None:
        self._last: deque[np.ndarray] = deque(maxlen=windows)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        self._last.append(scores)
        return np.mean(self._last, axis=0, dtype="float64").astype("float32")


class _Exponential:
    def __init__(self, step: float) -> None:
        self._step = step
        self._smooth: np.ndarray | None = None

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        if self._smooth is None:
            self._smooth = scores.astype("float64")
        else:
            self._smooth = self._smooth + self._step * (scores - self._smooth)
        return self._smooth.astype("float32")
