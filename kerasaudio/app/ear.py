"""The sound of one visitor as windows of the network, the newest first of all."""

from typing import NamedTuple

import numpy as np

from kerasaudio.core.spec import AudioSpec
from kerasaudio.streaming.feed import WindowFeed


class Moment(NamedTuple):
    """A window of a visitor's sound.

    Attributes:
        samples: float32 (samples,), as the network takes it.
        start: Its start in seconds after the first sample; below 0 while sound has not
            filled a window.
        end: Its end.
    """

    samples: np.ndarray
    start: float
    end: float


class Ear:
    """Turns packets into windows, a hop apart.

    Silence lies before the first sample, so that the first window is full after one
    hop, and not after a window.

    Args:
        spec: Spec with the windows of a stream.
        sample_rate: Rate of the packets in Hz.
    """

    def __init__(self, spec: AudioSpec, sample_rate: int) -> None:
        self._rate = spec.sample_rate
        self._feed = WindowFeed(spec, sample_rate)
        rule = spec.rule
        silence = max(0, rule.window - rule.hop)
        lead = round(silence * sample_rate / self._rate)
        self._lead = lead / sample_rate
        if lead:
            for _ in self._feed.push(np.zeros(lead, np.float32)):
                pass

    def hear(self, sound: np.ndarray) -> list[Moment]:
        """Return the windows that a packet, float32 (samples,), completes."""
        return [
            Moment(
                window.samples,
                window.start / self._rate - self._lead,
                (window.start + window.length) / self._rate - self._lead,
            )
            for window in self._feed.push(sound)
        ]
