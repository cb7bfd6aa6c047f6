"""Average scores of windows to scores of clips."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.audio.window_rule import weighted_means


def average_windows(
    scores: ArrayLike, clip_ids: ArrayLike, weights: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Average the scores of each clip's windows.

    Args:
        scores: Scores of the windows, real numbers (windows, classes).
        clip_ids: Clip of each window, integers or strings (windows,), in any order.
        weights: Positive weight of each window, (windows,), such as
            `ClipBatches.window_weights`; None for equal weights.

    Returns:
        Average scores, float64 (clips, classes), and the ids (clips,), in the order in
        which the clips first occur.

    Raises:
        ValueError: Shapes do not fit, there are no windows, scores are not finite, or
            weights are not positive.

    Examples:
        >>> scores = [[0.2, 0.8], [0.4, 0.6], [0.9, 0.1]]
        >>> of_clip = ["a", "a", "b"]
        >>> averages, clips = kerasaudio.metrics.average_windows(scores, of_clip)
        >>> averages.round(2).tolist(), clips.tolist()
        ([[0.3, 0.7], [0.9, 0.1]], ['a', 'b'])
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
    shares = np.ones(len(ids)) if weights is None else np.asarray(weights, "float64")
    if shares.shape != ids.shape or not ((shares > 0) & np.isfinite(shares)).all():
        raise ValueError(
            f"weights must be positive numbers, one for each of the {len(ids)} windows."
            f" Received: {weights!r}."
        )
    means = weighted_means(values, place, shares, len(known))
    order = np.argsort(first)
    return means[order], known[order]


def _check_ids(ids: Any, windows: int) -> None:
    if ids.shape != (windows,) or ids.dtype.kind not in "iuU":
        raise ValueError(
            f"clip_ids must be integers or strings, one for each of the {windows} "
            f"windows. Received: shape {ids.shape}, dtype {ids.dtype.name}."
        )
