"""What a search in an index on disk sees: its parts, and what was added to them."""

from typing import NamedTuple

import numpy as np

from kerasaudio.similarity.disk.added import Added
from kerasaudio.similarity.disk.part import NOTHING, Hits, Part, compare, merged
from kerasaudio.similarity.disk.rows import Found
from kerasaudio.similarity.neighbor import Neighbor


class State(NamedTuple):
    """The parts on disk, and the vectors in memory. It never changes: it is replaced.

    Attributes:
        metric: "cosine" or "euclidean".
        parts: The parts, in the order of their positions.
        added: What was added and is not yet saved; it has the last positions.
    """

    metric: str
    parts: tuple[Part, ...]
    added: Added

    @property
    def saved(self) -> int:
        """Number of vectors on disk."""
        return sum(part.rows for part in self.parts)

    @property
    def rows(self) -> int:
        """Number of vectors."""
        return self.saved + self.added.rows

    def nearest(
        self, queries: np.ndarray, k: int, candidates: int, probes: int, exact: bool
    ) -> list[list[Neighbor]]:
        """Find the k nearest of all parts; see `DiskIndex.nearest`."""
        best, first = [NOTHING] * len(queries), 0
        for part in self.parts:
            if exact:
                found = part.nearest_exactly(queries, k)
            else:
                found = part.nearest(queries, k, candidates, probes)
            best = merged(best, found, first, k)
            first += part.rows
        if self.added.rows:
            vectors = self.added.vectors[: self.added.rows]
            best = merged(best, compare(queries, vectors, k, self.metric), first, k)
        return [self._neighbors(hits) for hits in best]

    def _neighbors(self, hits: Hits) -> list[Neighbor]:
        found = []
        for position, away in zip(hits.positions.tolist(), hits.distances, strict=True):
            path, start, end = self._told(position)
            found.append(
                Neighbor(position, float(away), position, path, None, start, end)
            )
        return found

    def _told(self, position: int) -> Found:
        for part in self.parts:
            if position < part.rows:
                return part.file.found(position)
            position -= part.rows
        return self.added.found(position)
