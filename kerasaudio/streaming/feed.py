"""Blocks at any rate to a network's windows, in memory of about two windows."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from kerasaudio.audio.resample import resample_stream
from kerasaudio.audio.window_rule import Cutter, Window
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.windowed import MIN_SECONDS


class WindowFeed:
    """Resamples and cuts what is pushed, bit for bit as the whole sound would be.

    The windows are those of `windowed.waveform_windows`; but nothing comes of less than
    50 ms, where that raises.

    Args:
        spec: What the network takes; its windows and hop.
        sample_rate: Rate of the blocks in Hz.
    """

    def __init__(self, spec: AudioSpec, sample_rate: int) -> None:
        self._least = MIN_SECONDS * spec.sample_rate
        self._cutter = Cutter(spec.rule)
        self._blocks: deque[np.ndarray] = deque()
        self._resampled = resample_stream(
            self._arrivals(), sample_rate, spec.sample_rate
        )

    @property
    def samples(self) -> int:
        """Samples that were resampled so far."""
        return self._cutter.samples

    def _arrivals(self) -> Iterator[np.ndarray]:
        # Asked for one block after each push, and for one more, the end, by `finish`.
        while self._blocks:
            yield self._blocks.popleft()

    def push(self, block: np.ndarray) -> Iterator[Window]:
        """Return the windows that a block, mono float32, completes."""
        self._blocks.append(block)
        return self._cutter.push(next(self._resampled))

    def finish(self) -> Iterator[Window]:
        """Return the windows of what is left."""
        for rest in self._resampled:
            yield from self._cutter.push(rest)
        if self.samples >= self._least:
            yield from self._cutter.finish()
