"""The scores of a sound over time, and events in it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kerasaudio.core.ranked import how_many
from kerasaudio.text import counted, one_line

_SHOWN = 3  # classes in the repr


class SoundEvent(NamedTuple):
    """A sound in a clip.

    Attributes:
        label: Class of the sound.
        start: Start in seconds.
        end: End in seconds.
        score: Highest probability of its frames, or windows.
    """

    label: str
    start: float
    end: float
    score: float


@dataclass(frozen=True, eq=False, repr=False)
class ScoreTimeline:
    """The scores of a sound over time, from `AudioModel.timeline`.

    Attributes:
        scores: Scores of the classes, float32 (times, classes).
        starts: Start of the sound that each row was computed from, in seconds, float64
            (times,).
        ends: End of that sound, at most the end of the clip.
        labels: Names of the classes.

    Examples:
        >>> line = kerasaudio.LeNetMFCC(weights="fsdd").timeline("song.wav")
        >>> line.scores.shape, line.starts.tolist(), line.ends.tolist()
        ((3, 10), [0.0, 1.0, 2.0], [1.0, 2.0, 3.0])
        >>> [event.label for event in line.top(2)]
        ['2', '3']
    """

    scores: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    labels: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of times."""
        return len(self.starts)

    def __repr__(self) -> str:
        """Return the numbers of times and classes, and the best classes in one line."""
        best = "; ".join(
            f"{one_line(event.label)} {event.score:.2f} at {event.start:g} s"
            for event in self.top(min(_SHOWN, len(self.labels)))
        )
        return (
            f"{type(self).__name__}({counted(len(self), 'time')}, "
            f"{len(self.labels)} classes, {self.starts[0]:g} to {self.ends[-1]:g} s, "
            f"highest: {best})"
        )

    @property
    def cells(self) -> np.ndarray:
        """The time that each row stands for, in seconds, float64 (times, 2).

        See `kerasaudio.events.find_events`.
        """
        return time_cells(self.starts, self.ends)

    def top(self, k: int | None = None) -> list[SoundEvent]:
        """Return the classes with the highest scores, each where it is highest.

        Args:
            k: Number of classes; default: 5, or all if there are fewer.

        Returns:
            Label, start and end of the row with its highest score, and this score, for
            each class; best first.

        Raises:
            ValueError: `k` is not a whole number from 1 to the number of classes.
        """
        k = how_many(k, len(self.labels), "k")
        rows = self.scores.argmax(axis=0)
        peaks = self.scores.max(axis=0)
        return [
            SoundEvent(
                self.labels[column],
                float(self.starts[rows[column]]),
                float(self.ends[rows[column]]),
                float(peaks[column]),
            )
            for column in np.argsort(-peaks, kind="stable")[:k]
        ]


def time_cells(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Divide time among windows: two that overlap share what both contain in halves.

    Inside a clip, each of many windows so gets the hop in its middle.

    Args:
        starts: Starts of the windows, ascending, (windows,).
        ends: Ends of the windows, ascending, (windows,).

    Returns:
        Start and end of each window's time, float64 (windows, 2).
    """
    overlap = starts[1:] < ends[:-1]
    middles = (starts[1:] + ends[:-1]) / 2
    cells = np.stack([starts, ends], axis=1).astype("float64")
    cells[1:, 0] = np.where(overlap, middles, starts[1:])
    cells[:-1, 1] = np.where(overlap, middles, ends[:-1])
    return cells
