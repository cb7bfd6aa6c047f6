"""Pair scores with labels, best first."""

from collections.abc import Sequence

import numpy as np

from kerasaudio.arguments import whole_number

TOP = 5  # default number of labels


def how_many(top: int | None, classes: int, name: str = "top") -> int:
    """Return a number of labels; default: 5, or all if there are fewer.

    Raises:
        ValueError: It is not a whole number from 1 to the number of classes.
    """
    return whole_number(min(TOP, classes) if top is None else top, name, most=classes)


def ranked(
    scores: np.ndarray, labels: Sequence[str], top: int | None
) -> list[list[tuple[str, float]]]:
    """Return the (label, score) pairs of each clip, best first.

    Args:
        scores: (clips, classes).
        labels: Names of the classes.
        top: Number of pairs; see `how_many`.

    Raises:
        ValueError: `top` is out of range.
    """
    count = how_many(top, len(labels))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return [
        [(labels[i], float(row[i])) for i in best]
        for row, best in zip(scores, order, strict=True)
    ]
