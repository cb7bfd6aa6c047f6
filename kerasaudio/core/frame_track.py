"""Join the frames that a network scores in windows that overlap."""

import numpy as np


class FrameTrack:
    """The frames of a clip, window by window.

    Where two windows overlap, the first half of the frames is that of the earlier
    window, the second that of the later one: there each hears most around its frames.

    Args:
        step: Distance from one frame to the next in samples.
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self._scores: list[np.ndarray] = []
        self._starts: list[np.ndarray] = []

    def add(self, start: int, scores: np.ndarray) -> None:
        """Add the frames of the next window.

        Args:
            start: Position of the window in samples.
            scores: Scores (frames, ...).
        """
        first = 0
        if self._starts and len(self._starts[-1]):
            end = int(self._starts[-1][-1]) + self._step
            shared = min(max(0, (end - start) // self._step), len(scores))
            first = shared // 2
            if last := shared - first:
                self._scores[-1] = self._scores[-1][:-last]
                self._starts[-1] = self._starts[-1][:-last]
        self._scores.append(scores[first:])
        self._starts.append(start + self._step * np.arange(first, len(scores)))

    def joined(self) -> tuple[np.ndarray, np.ndarray]:
        """Return scores (frames, ...) and the starts of the frames in samples."""
        return np.concatenate(self._scores), np.concatenate(self._starts)
