"""Runs of scores above a threshold, gathered piece by piece and turned into events."""

from collections.abc import Sequence

import numpy as np

from kerasaudio.core.score_timeline import SoundEvent

ROUNDING = 1e-6  # seconds, as differences of times are inexact


class Runs:
    """Gathers where scores reach their threshold.

    Args:
        classes: Number of classes.
    """

    def __init__(self, classes: int) -> None:
        # First row, row after the last, highest score.
        self._runs: list[list[tuple[int, int, float]]] = [[] for _ in range(classes)]
        self._rows = 0

    def add(
        self,
        scores: np.ndarray,
        levels: np.ndarray,
        starts: np.ndarray,
        ends: np.ndarray,
    ) -> None:
        """Add the next scores.

        Args:
            scores: (rows, classes).
            levels: Threshold, or one for each class.
            starts: Starts of the rows' time, (rows,).
            ends: Ends of it; rows that do not touch are in different runs.
        """
        flags = (scores >= levels).T
        apart = starts[1:] > ends[:-1] + ROUNDING
        before, after = np.zeros_like(flags), np.zeros_like(flags)
        before[:, 1:] = flags[:, :-1] & ~apart
        after[:, :-1] = flags[:, 1:] & ~apart
        columns, firsts = np.nonzero(flags & ~before)
        _, lasts = np.nonzero(flags & ~after)
        spans = zip(columns.tolist(), firsts.tolist(), lasts.tolist(), strict=True)
        for column, first, last in spans:
            best = float(scores[first : last + 1, column].max())
            run = (self._rows + first, self._rows + last + 1, best)
            self._runs[column].append(run)
        self._rows += len(scores)

    def events(
        self,
        cells: np.ndarray,
        labels: Sequence[str],
        min_seconds: float,
        gap_seconds: float,
    ) -> list[SoundEvent]:
        """Return the events.

        Args:
            cells: Start and end of the time of each row, (rows, 2).
            labels: Names of the classes.
            min_seconds: Shortest event.
            gap_seconds: Longest pause inside an event.
        """
        found = []
        for label, runs in zip(labels, self._runs, strict=True):
            joined: list[SoundEvent] = []
            for first, last, score in runs:
                start, end = float(cells[first, 0]), float(cells[last - 1, 1])
                if joined and start - joined[-1].end <= gap_seconds + ROUNDING:
                    start = joined[-1].start
                    score = max(joined.pop().score, score)
                joined.append(SoundEvent(label, start, end, score))
            found += [e for e in joined if e.end - e.start >= min_seconds - ROUNDING]
        return sorted(found, key=lambda event: (event.start, event.end, event.label))
