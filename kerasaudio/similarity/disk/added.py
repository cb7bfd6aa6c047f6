"""Vectors that were added to an index and are not yet on disk, as searches see them."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from kerasaudio.similarity.disk.rows import Found

_LEAST = 64  # rows for which there is room


class Added(NamedTuple):
    """The first `rows` rows of arrays that have room for more.

    A longer one shares the arrays of a shorter one, whose rows never change: a search
    keeps what it began with while more are added.
    """

    vectors: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    paths: list[str | None]
    rows: int

    @classmethod
    def nothing(cls, width: int) -> Self:
        """Return one without rows."""
        times = np.empty(0), np.empty(0)
        return cls(np.empty((0, width), np.float32), *times, [], 0)

    def longer(
        self,
        vectors: np.ndarray,
        paths: Sequence[str | None],
        starts: np.ndarray,
        ends: np.ndarray,
    ) -> Self:
        """Return one with more rows. Only the longest of those that share may grow."""
        rows = self.rows + len(vectors)
        grown = self
        if rows > len(self.vectors):
            room = max(_LEAST, 2 * rows)
            grown = self._replace(
                vectors=_longer(self.vectors, self.rows, room),
                starts=_longer(self.starts, self.rows, room),
                ends=_longer(self.ends, self.rows, room),
            )
        new = slice(self.rows, rows)
        grown.vectors[new], grown.starts[new], grown.ends[new] = vectors, starts, ends
        grown.paths.extend(paths)
        return grown._replace(rows=rows)

    def without_first(self, rows: int) -> Self:
        """Return a copy without the first rows."""
        keep = slice(rows, self.rows)
        return type(self)(
            self.vectors[keep].copy(),
            self.starts[keep].copy(),
            self.ends[keep].copy(),
            self.paths[keep],
            self.rows - rows,
        )

    def found(self, number: int) -> Found:
        """Return path and times of a row."""
        times = (float(self.starts[number]), float(self.ends[number]))
        return Found(
            self.paths[number], *(None if np.isnan(time) else time for time in times)
        )


def _longer(array: np.ndarray, rows: int, room: int) -> np.ndarray:
    longer = np.empty((room, *array.shape[1:]), array.dtype)
    longer[:rows] = array[:rows]
    return longer
