"""Measure the computing time and the delay of a stream."""

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

_KEPT = 1_024  # number of windows for the percentile


@dataclass(frozen=True)
class StreamReport:
    """Measurements of a stream so far; computing times are NaN before the first window.

    Attributes:
        windows: Number of scored windows.
        audio_seconds: Length of the pushed sound in seconds.
        mean_ms: Mean time of the network per window, in milliseconds.
        p95_ms: 95th percentile of that time over the last 1,024 windows.
        max_ms: Time of the slowest window, in milliseconds.
        real_time_factor: Time spent in the stream, including resampling, divided by
            `audio_seconds`. Live sound needs clearly less than 1.
        window_seconds: Length of a window: the sound that a score is based on.
        hop_seconds: Time from the start of a window to the next.
        resampler_seconds: Most sound that the resampler held back; 0 without one.
        delay_seconds: Algorithmic delay, `hop_seconds` + `resampler_seconds`: a sound
            affects scores at most this long after it, without computing time.

    Examples:
        >>> stream = kerasaudio.Stream(kerasaudio.BarkNet("esc10"), hop_seconds=0.5)
        >>> heard = stream.push(np.zeros(32_000, "float32"), sample_rate=16_000)
        >>> report = stream.report()
        >>> report.windows, report.audio_seconds, report.delay_seconds
        (3, 2.0, 0.5)
    """

    windows: int
    audio_seconds: float
    mean_ms: float
    p95_ms: float
    max_ms: float
    real_time_factor: float
    window_seconds: float
    hop_seconds: float
    resampler_seconds: float
    delay_seconds: float

    def __str__(self) -> str:
        """Return the report as two lines of text."""
        windows = f"{self.windows} window{'s' * (self.windows != 1)}"
        return (
            f"{windows} of {self.window_seconds:g} s every "
            f"{self.hop_seconds:g} s: {self.mean_ms:.1f} ms each (95 %: "
            f"{self.p95_ms:.1f}, most: {self.max_ms:.1f})\n"
            f"real-time factor {self.real_time_factor:.4f} over "
            f"{self.audio_seconds:.1f} s of sound, algorithmic delay "
            f"{1000 * self.delay_seconds:.0f} ms"
        )


class Stopwatch:
    """Measure times, with bounded memory."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_KEPT)
        self._windows = 0
        self._network_seconds = self._slowest = self._busy_seconds = 0.0
        self.audio_seconds = self.resampler_seconds = 0.0

    @contextmanager
    def window(self) -> Iterator[None]:
        """Measure the time of the network for one window."""
        begin = time.perf_counter()
        yield
        seconds = time.perf_counter() - begin
        self._windows += 1
        self._network_seconds += seconds
        self._slowest = max(self._slowest, seconds)
        self._last.append(seconds)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Measure the whole time for one block."""
        begin = time.perf_counter()
        yield
        self._busy_seconds += time.perf_counter() - begin

    def report(self, window_seconds: float, hop_seconds: float) -> StreamReport:
        """Return the report so far."""
        some = self._windows > 0
        return StreamReport(
            windows=self._windows,
            audio_seconds=self.audio_seconds,
            mean_ms=1000 * self._network_seconds / self._windows if some else math.nan,
            p95_ms=1000 * float(np.percentile(self._last, 95)) if some else math.nan,
            max_ms=1000 * self._slowest if some else math.nan,
            real_time_factor=(
                self._busy_seconds / self.audio_seconds if some else math.nan
            ),
            window_seconds=window_seconds,
            hop_seconds=hop_seconds,
            resampler_seconds=self.resampler_seconds,
            delay_seconds=hop_seconds + self.resampler_seconds,
        )
