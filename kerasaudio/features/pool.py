"""Pool the vectors of a file's windows into one."""

from typing import Literal

import numpy as np

from kerasaudio.audio.window import Window
from kerasaudio.features.rows import Rows

Pool = Literal["mean", "max"] | None
POOLS = ("mean", "max", None)


class Pooled:
    """Pool vectors window by window, without keeping the earlier ones in memory."""

    def __init__(self, pool: Pool, sample_rate: int) -> None:
        """Start a file."""
        self._pool = pool
        self._sample_rate = sample_rate
        self._vectors: list[np.ndarray] = []  # all vectors, or the pooled one so far
        self._spans: list[tuple[int, int]] = []
        self._count = 0.0

    def add(self, vector: np.ndarray, window: Window) -> None:
        """Add the vector of a window; batches may change the order of windows."""
        self._count += window.weight
        if self._pool == "mean":
            vector = vector.astype(np.float64) * window.weight
        start, end = window.start, window.start + window.length
        if self._pool is None or not self._vectors:
            first = np.float32 if self._pool is None else np.float64
            self._vectors.append(vector.astype(first))
            self._spans.append((start, end))
            return
        known = self._spans[0]
        self._spans[0] = (min(known[0], start), max(known[1], end))
        merge = np.add if self._pool == "mean" else np.maximum
        merge(self._vectors[0], vector, out=self._vectors[0])

    def rows(self) -> Rows:
        """Return the pooled vector, or all vectors if pool is None, with times."""
        vectors = np.stack(self._vectors)
        if self._pool == "mean":
            vectors /= self._count
        starts, ends = np.array(self._spans).T / self._sample_rate
        order = np.argsort(starts, kind="stable")
        return Rows(vectors.astype("float32")[order], starts[order], ends[order])
