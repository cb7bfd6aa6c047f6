"""Turn blocks at any rate into a network's windows, with memory for two windows."""

from collections import deque
from collections.abc import Iterator
from typing import Literal

import numpy as np

from kerasaudio.audio.resample import resample_stream
from kerasaudio.audio.window_rule import Cutter, Window
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.windowed import MIN_SECONDS

HOP_SECONDS = 0.25


def stream_spec(
    spec: AudioSpec,
    hop_seconds: float | Literal["auto"] | None = "auto",
    window_seconds: float | None = None,
    *,
    usual: float = HOP_SECONDS,
) -> AudioSpec:
    """Return the spec of a network with the windows of a stream.

    Args:
        spec: Spec of the network.
        hop_seconds: See `Stream`.
        window_seconds: See `Stream`.
        usual: What "auto" is in seconds, for networks without a state.

    Raises:
        ValueError: A time is not positive, or the network does not accept the length.
    """
    if hop_seconds != "auto":
        hop = hop_seconds
    elif spec.step_samples is None:
        hop = usual
    else:
        hop = None if window_seconds else spec.step_samples / spec.sample_rate
    return spec.with_windows(window_seconds, hop).over_time()


class WindowFeed:
    """Resample and cut blocks, bit for bit as the whole sound would be.

    The windows are those of `windowed.waveform_windows`; but a sound of less than 50 ms
    has no windows here, while that function raises.

    Args:
        spec: Spec of the network, with its windows and hop.
        sample_rate: Sample rate of the blocks in Hz.
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
        """Number of samples resampled so far."""
        return self._cutter.samples

    def _arrivals(self) -> Iterator[np.ndarray]:
        # The resampler takes one block after each push; `finish` makes it take the end.
        while self._blocks:
            yield self._blocks.popleft()

    def push(self, block: np.ndarray) -> Iterator[Window]:
        """Return the windows that a block, mono float32, completes."""
        self._blocks.append(block)
        return self._cutter.push(next(self._resampled))

    def finish(self) -> Iterator[Window]:
        """Yield the windows of the remaining sound."""
        for rest in self._resampled:
            yield from self._cutter.push(rest)
        if self.samples >= self._least:
            yield from self._cutter.finish()
