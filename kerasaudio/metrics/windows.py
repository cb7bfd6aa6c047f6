"""Scores of windows to scores of clips."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def average_windows(
    scores: ArrayLike, clip_ids: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Average the scores of each clip's windows.

    Args:
        scores: Of the windows, real numbers (windows, classes).
        clip_ids: Which clip each window belongs to, integers or strings (windows,), in
            any order.

    Returns:
        float64 (clips, classes) and the ids (clips,), in the order in which the clips
        are first met.

    Raises:
        ValueError: Shapes that do not fit, no windows, scores that are not finite.
    """
    values, ids = np.asarray(scores), np.asarray(clip_ids)
    if values.ndim != 2 or values.size == 0 or values.dtype.kind not in "iuf":
        raise ValueError(
            "scores must be real numbers (windows, classes). "
            f"Received: shape {values.shape}, dtype {values.dtype.name}."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            "scores must be finite. Received: NaN or infinity in row "
            f"{int(np.argwhere(~np.isfinite(values))[0][0])}."
        )
    _check_ids(ids, len(values))
    known, first, place = np.unique(ids, return_index=True, return_inverse=True)
    sums = np.zeros((len(known), values.shape[1]))
    np.add.at(sums, place, values)
    means = sums / np.bincount(place)[:, None]
    order = np.argsort(first)
    return means[order], known[order]


def _check_ids(ids: Any, windows: int) -> None:
    if ids.shape != (windows,) or ids.dtype.kind not in "iuU":
        raise ValueError(
            f"clip_ids must be integers or strings, one for each of the {windows} "
            f"windows. Received: shape {ids.shape}, dtype {ids.dtype.name}."
        )
