"""What a search finds, and checks of what is told of each vector."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Neighbor:
    """One vector that was found.

    Attributes:
        position: Position in the order of adding, from 0.
        distance: Distance from the query: 1 - cosine (0 to 2), or Euclidean.
        id: The id passed to `add`, or the position if none was passed.
        path: File that the vector came from; None if it was not passed.
        label: Label of the vector; None if it was not passed.
        start: Start of its sound in the file, in seconds; None if unknown. Only
            `DiskIndex` knows times.
        end: End of its sound in the file, in seconds; None if unknown.

    Examples:
        >>> index = kerasaudio.similarity.Index()
        >>> index.add([[1, 0], [0, 1]], ids=["a", "b"], labels=["cat", "dog"])
        >>> nearest = index.nearest([0.1, 2], k=1)[0]
        >>> nearest.id, nearest.label, round(nearest.distance, 4)
        ('b', 'dog', 0.0012)
    """

    position: int
    distance: float
    id: int | str
    path: str | None
    label: int | str | None
    start: float | None = None
    end: float | None = None


def marks_of(values: Sequence[Any], rows: int, name: str) -> list[Any]:
    """Return one integer or string per row, as plain Python objects, or raise."""
    marks = list(_rows(values, rows, name))
    for number, mark in enumerate(marks):
        if isinstance(mark, np.generic):
            marks[number] = mark = mark.item()
        if not isinstance(mark, int | str) or isinstance(mark, bool):
            raise ValueError(
                f"{name} must be integers or strings. Received: {mark!r} for row "
                f"{number}."
            )
    return marks


def paths_of(values: Sequence[Any], rows: int) -> list[str | None]:
    """Return one path per row as a string, or raise a ValueError."""
    files: list[str | None] = []
    for value in _rows(values, rows, "paths"):
        path = fspath(value) if isinstance(value, str | PathLike) else None
        if not isinstance(path, str):
            raise ValueError(f"paths must be strings or Paths. Received: {value!r}.")
        files.append(path)
    return files


def times_of(values: Sequence[float] | None, rows: int, name: str) -> np.ndarray:
    """Return one time per row in seconds, float64, NaN for None, or raise."""
    if values is None:
        return np.full(rows, np.nan)
    times = np.asarray(_rows(values, rows, name))
    if times.dtype.kind not in "fiu" or not np.isfinite(times).all():
        raise ValueError(f"{name} must be finite numbers. Received: {values!r}.")
    return times.astype("float64")


def _rows(values: Sequence[Any], rows: int, name: str) -> Sequence[Any]:
    found = repr(values) if isinstance(values, str | bytes) else len(values)
    if found != rows:
        raise ValueError(
            f"{name} must have one entry for each of the {rows} vectors. "
            f"Received: {found}."
        )
    return values
