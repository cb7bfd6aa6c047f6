"""A part of an index on disk: vectors that can be searched, in three files of one name.

An index has one part for the data set, and one more for what was added and saved.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasaudio.similarity.disk import codes as codes_file
from kerasaudio.similarity.disk.codes import Codes, Space
from kerasaudio.similarity.disk.rows import PATHS, ROWS, RowFile
from kerasaudio.similarity.distances import distances
from kerasaudio.similarity.search import search_numpy

PROBES = 32
CANDIDATES = 100
_CHECKED = 16  # rows that must find themselves
_SAME = 1e-4  # or an equal vector; relative to the largest
SUFFIXES = (ROWS, PATHS, codes_file.SUFFIX)


class Hits(NamedTuple):
    """Vectors that were found for one query, in any order.

    Attributes:
        positions: Their positions, int64 (found,).
        distances: Their distances from the query, float64 (found,).
    """

    positions: np.ndarray
    distances: np.ndarray

    def with_others(self, others: "Hits", k: int) -> "Hits":
        """Return the k nearest of both, nearest first, earlier ones before later."""
        positions = np.concatenate([self.positions, others.positions])
        away = np.concatenate([self.distances, others.distances])
        order = np.lexsort((positions, away))[:k]
        return Hits(positions[order], away[order])


NOTHING = Hits(np.empty(0, np.int64), np.empty(0))


class Part:
    """Rows and their codes. Threads can share it.

    Args:
        folder: Folder of the files.
        name: Their name, without suffix.
        metric: "cosine" or "euclidean".
        width: Number of features.
        rows: Number of rows.

    Raises:
        ValueError: A file is damaged, or is that of another index.
        OSError: A file is missing or cannot be read.
    """

    def __init__(
        self, folder: Path, name: str, metric: str, width: int, rows: int
    ) -> None:
        self.rows = rows
        self.file = RowFile(folder, name, width, rows)
        path = folder / f"{name}{codes_file.SUFFIX}"
        try:
            self.codes = codes_file.read(path, metric, rows)
            if self.codes.space.centroids.shape[1] != width:
                raise ValueError("its vectors have another width")
        except ValueError as error:
            raise ValueError(f"{str(path)!r} is damaged: {error}") from error

    def nearest(
        self, queries: np.ndarray, k: int, candidates: int, probes: int
    ) -> list[Hits]:
        """Find about the k nearest rows: candidates by code, then compared exactly.

        Args:
            queries: Checked vectors, float32 (queries, features).
            k: Number of rows to find; if there are fewer rows, all are found.
            candidates: Number of rows to compare exactly.
            probes: Number of lists to look at; all, if these have fewer than k rows.
        """
        number, need = min(candidates, self.rows), min(k, self.rows)
        found = self.codes.candidates(queries, number, probes)
        if (found[:, need - 1] < 0).any():
            found = self.codes.candidates(
                queries, number, len(self.codes.space.centroids)
            )
        if (found[:, need - 1] < 0).any():  # distances in float32 are not all finite
            return self.nearest_exactly(queries, k)
        return [
            self._ranked(query, np.sort(rows[rows >= 0]), k)
            for query, rows in zip(queries, found, strict=True)
        ]

    def _ranked(self, query: np.ndarray, rows: np.ndarray, k: int) -> Hits:
        vectors = self.file.vectors(rows)
        away = distances(query[None], vectors, self.codes.space.metric)[0]
        return NOTHING.with_others(Hits(rows, away), k)

    def finds_itself(self) -> bool:
        """Return whether some rows, spread over all, are found by their codes."""
        rows = np.unique(np.linspace(0, self.rows - 1, _CHECKED).astype(int))
        found = self.nearest(self.file.vectors(rows), 1, CANDIDATES, PROBES)
        size = (
            1.0 if self.codes.space.metric == "cosine" else 1 / self.codes.space.scale
        )
        return all(float(hits.distances[0]) < _SAME * size for hits in found)

    def nearest_exactly(self, queries: np.ndarray, k: int) -> list[Hits]:
        """Find the k nearest rows; every row is read and compared."""
        best, first = [NOTHING] * len(queries), 0
        for block in self.file.blocks():
            here = compare(queries, block, k, self.codes.space.metric)
            best = merged(best, here, first, k)
            first += len(block)
        return best


def merged(best: list[Hits], found: list[Hits], first: int, k: int) -> list[Hits]:
    """Return the k nearest of two results, of which one counts from `first`."""
    return [
        hits.with_others(Hits(others.positions + first, others.distances), k)
        for hits, others in zip(best, found, strict=True)
    ]


def compare(
    queries: np.ndarray, vectors: np.ndarray, k: int, metric: str
) -> list[Hits]:
    """Find the k nearest vectors in memory exactly.

    Args:
        queries: Checked vectors, float32 (queries, features).
        vectors: Vectors to search, float32 (rows, features); at least one.
        k: Number of vectors to find; if there are fewer, all are found.
        metric: "cosine" or "euclidean".
    """
    positions, found = search_numpy(
        queries, vectors, min(k, len(vectors)), metric, farthest=False
    )
    return [Hits(*hit) for hit in zip(positions, found, strict=True)]


def write_codes(
    folder: Path,
    name: str,
    space: Space,
    file: RowFile,
    tick: Callable[[int], object] = int,
) -> None:
    """Encode the rows of a part, and write the codes beside them.

    Args:
        folder: Folder of the files.
        name: Their name, without suffix.
        space: What the codes share.
        file: The rows.
        tick: Called with the number of rows that have been encoded since the last call.

    Raises:
        OSError: A file cannot be read or written.
    """
    encoder = Codes(space)
    lists = np.empty(file.rows, np.int64)
    codes = np.empty((file.rows, encoder.code_size), np.uint8)
    at = 0
    for block in file.blocks():
        here = slice(at, at + len(block))
        lists[here], codes[here] = encoder.encode(block)
        at += len(block)
        tick(len(block))
    codes_file.write(folder / f"{name}{codes_file.SUFFIX}", space, lists, codes)
