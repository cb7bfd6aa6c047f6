"""Blocks at any rate to a network's windows, in memory of about two windows."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from kerasaudio.audio.resample import resample_stream
from kerasaudio.audio.window import Window, cut_windows
from kerasaudio.models.spec import AudioSpec
from kerasaudio.models.windowed import MIN_SECONDS


class WindowFeed:
    """Resamples and cuts what is pushed, bit for bit as the whole sound would be.

    The windows are those of `windowed.waveform_windows`; but nothing comes of less than
    50 ms, where that raises.

    Args:
        spec: What the network takes; its windows and hop.
        sample_rate: Rate of the blocks in Hz.
    """

    def __init__(self, spec: AudioSpec, sample_rate: int) -> None:
        self._spec = spec
        self._size = spec.window_samples
        self._hop = spec.hop_samples or spec.window_samples
        self._blocks: deque[np.ndarray] = deque()
        self._resampled = resample_stream(
            self._arrivals(), sample_rate, spec.sample_rate
        )
        self._window = np.zeros(self._size, np.float32)  # from sample `_start` on
        self._filled = self._start = 0
        self._skip = 0  # samples between two windows that are yet to come
        self._head: np.ndarray | None = None  # the first window, once it is full
        self.samples = 0  # resampled so far

    def _arrivals(self) -> Iterator[np.ndarray]:
        # Asked for one block after each push, and for one more, the end, by `finish`.
        while self._blocks:
            yield self._blocks.popleft()

    def push(self, block: np.ndarray) -> Iterator[Window]:
        """Give the windows that a block, mono float32, completes."""
        self._blocks.append(block)
        return self._cut(next(self._resampled))

    def finish(self) -> Iterator[Window]:
        """Give the windows of what is left; the last is filled up."""
        for rest in self._resampled:
            yield from self._cut(rest)
        tail = self._window[: self._filled]
        overlap = max(0, self._size - self._hop)
        spec = self._spec
        if self._head is not None:
            if len(tail) > overlap:
                # A tail is filled with silence or with the beginning of the clip.
                ends = np.concatenate([self._head, tail])
                last = cut_windows(ends, self._size, padding=spec.window_padding)[-1]
                yield Window(last.samples, self._start, len(tail))
        elif len(tail) >= MIN_SECONDS * spec.sample_rate:
            size = max(len(tail), spec.min_samples)
            yield from cut_windows(tail, size, padding=spec.window_padding)

    def _cut(self, chunk: np.ndarray) -> Iterator[Window]:
        self.samples += len(chunk)
        while len(chunk):
            if self._skip:
                skipped = min(self._skip, len(chunk))
                chunk, self._skip = chunk[skipped:], self._skip - skipped
                continue
            fitting = chunk[: self._size - self._filled]
            self._window[self._filled : self._filled + len(fitting)] = fitting
            self._filled += len(fitting)
            chunk = chunk[len(fitting) :]
            if self._filled == self._size:
                yield self._advance()

    def _advance(self) -> Window:
        window = Window(self._window.copy(), self._start, self._size)
        if self._head is None:
            self._head = window.samples.copy()
        self._start += self._hop
        self._filled = max(0, self._size - self._hop)
        self._skip = max(0, self._hop - self._size)
        self._window[: self._filled] = window.samples[self._size - self._filled :]
        return window
