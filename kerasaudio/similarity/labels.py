"""Clips by label, ready to draw from."""

from collections.abc import Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


class Kinds:
    """Clips sorted by label.

    Attributes:
        numbers: Position of each clip's label in `names`, (clips,).
        names: The different labels, sorted.
        counts: Number of clips of each label in `names`.

    Raises:
        ValueError: There is not one label per clip, or all labels are the same.
    """

    def __init__(self, labels: ArrayLike, clips: Sized) -> None:
        values = check_labels(labels, len(clips), "clips")
        self.names, self.numbers, self.counts = np.unique(
            values, return_inverse=True, return_counts=True
        )
        self._order = np.argsort(self.numbers, kind="stable")
        self._starts = np.cumsum(self.counts) - self.counts
        if len(self.names) < 2:
            raise ValueError(
                "labels must have at least two different values. Received: "
                f"{len(values)} clips, all labeled {self.names[0].item()!r}."
            )

    def need(self, clips: int) -> None:
        """Raise a ValueError unless every label has at least that many clips."""
        rare = self.counts < clips
        if rare.any():
            found = [
                f"{name!r} ({number})"
                for name, number in zip(
                    self.names[rare].tolist(), self.counts[rare], strict=True
                )
            ]
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            raise ValueError(
                f"Every label needs at least {clips} clips. Received fewer of: "
                f"{', '.join(found[:5])}{more}. Add clips, or leave out these labels."
            )

    def pick(self, kind: Any, number: Any) -> np.ndarray:
        """Return the index of the n-th clip of a label, from 0; also for arrays."""
        return self._order[self._starts[kind] + number]


def check_labels(labels: ArrayLike, rows: int, what: str) -> np.ndarray:
    """Return labels as an array (rows,) of integers or strings.

    Raises:
        ValueError: There is not one label per row, or labels are neither integers nor
            strings.
    """
    values = np.asarray(labels)
    if rows == 0:
        raise ValueError(f"There are no {what}. Pass at least two.")
    if values.shape != (rows,):
        raise ValueError(
            f"labels must have one entry for each of the {rows} {what}, ({rows},). "
            f"Received: shape {values.shape}."
        )
    if values.dtype.kind not in "iuUb":
        raise ValueError(
            "labels must be integers or strings. "
            f"Received: dtype {values.dtype.name}, first label {values[0]!r}."
        )
    return values.astype(int) if values.dtype.kind == "b" else values
