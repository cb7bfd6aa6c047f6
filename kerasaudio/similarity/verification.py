"""How well distances separate same from different: ROC, equal error rate, neighbors."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.similarity.distances import check_metric, check_vectors, distances
from kerasaudio.similarity.labels import check_labels

_BLOCK = 1024  # queries per block


class RocCurve(NamedTuple):
    """Error rates of "same" decisions, from refusing all pairs to accepting all.

    Attributes:
        false_positive_rate: Fraction of different pairs that are accepted, ascending.
        true_positive_rate: Fraction of same pairs that are accepted, ascending.
        thresholds: Lowest score of accepted pairs, descending from inf.
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    thresholds: np.ndarray


def pair_scores(
    vectors: ArrayLike, labels: ArrayLike, metric: str = "cosine"
) -> tuple[np.ndarray, np.ndarray]:
    """Compare every vector with every other one.

    Memory grows with the square of the number of vectors: 40 MB for 3,000.

    Args:
        vectors: Vectors, (rows, features).
        labels: Label of each row, integers or strings.
        metric: "cosine" or "euclidean".

    Returns:
        Scores, float32 (pairs,), the negative distances, so that higher means more
        similar; and whether both labels are the same, bool (pairs,).

    Raises:
        ValueError: Vectors, labels or metric are invalid.

    Examples:
        >>> vectors, labels = [[1, 0], [0.8, 0.6], [0, 1]], ["cat", "cat", "dog"]
        >>> scores, same = kerasaudio.similarity.pair_scores(vectors, labels)
        >>> print(scores.round(4), same)
        [-0.2 -1.  -0.4] [ True False False]
    """
    rows, marks = _check(vectors, labels, metric, "vectors")
    scores, same = [], []
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        later = np.arange(len(rows)) > np.arange(len(rows))[block, None]
        scores.append(-distances(rows[block], rows, metric)[later].astype("float32"))
        same.append((marks[block, None] == marks)[later])
    return np.concatenate(scores), np.concatenate(same)


def roc_curve(scores: ArrayLike, same: ArrayLike) -> RocCurve:
    """Return the receiver operating characteristic, one point per distinct score.

    Args:
        scores: Score of each pair, higher for more similar, (pairs,).
        same: Whether each pair is the same, bool or 0 and 1, (pairs,).

    Returns:
        Rates and thresholds, one point more than there are distinct scores.

    Raises:
        ValueError: Shapes differ, scores are not finite, or pairs are all same or all
            different.

    Examples:
        >>> scores, same = [0.9, 0.8, 0.3, 0.1], [True, False, True, False]
        >>> curve = kerasaudio.similarity.roc_curve(scores, same)
        >>> curve.true_positive_rate.tolist()
        [0.0, 0.5, 0.5, 1.0, 1.0]
        >>> curve.false_positive_rate.tolist()
        [0.0, 0.0, 0.5, 0.5, 1.0]
    """
    score, truth = np.asarray(scores), np.asarray(same)
    if score.ndim != 1 or score.shape != truth.shape:
        raise ValueError(
            "scores and same must both have the shape (pairs,). "
            f"Received: {score.shape} and {truth.shape}."
        )
    if score.dtype.kind not in "fiu" or not np.isfinite(score).all():
        raise ValueError(f"scores must be finite numbers. Received: {score.dtype}.")
    if not np.isin(truth, (0, 1)).all():
        raise ValueError("same must hold only True and False, or 1 and 0.")
    truth = truth.astype(bool)
    if truth.all() or not truth.any():
        raise ValueError(
            "same must have True and False values. Received: "
            f"{int(truth.sum())} same and {int((~truth).sum())} different pairs."
        )
    order = np.argsort(-score.astype("float64"), kind="stable")
    score, truth = score[order], truth[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    accepted = np.cumsum(truth)[last]
    false = last + 1 - accepted
    return RocCurve(
        np.append(0.0, false / false[-1]),
        np.append(0.0, accepted / accepted[-1]),
        np.append(np.inf, score[last]),
    )


def equal_error_rate(scores: ArrayLike, same: ArrayLike) -> float:
    """Return the rate at which false acceptances equal false rejections.

    Between two thresholds the ROC curve is interpolated linearly.

    Args:
        scores: Score of each pair, higher for more similar, (pairs,).
        same: Whether each pair is the same, bool or 0 and 1, (pairs,).

    Returns:
        Error rate from 0 (perfect) over 0.5 (chance) to 1.

    Raises:
        ValueError: As for `roc_curve`.

    Examples:
        >>> scores, same = [0.9, 0.8, 0.3, 0.1], [True, False, True, False]
        >>> kerasaudio.similarity.equal_error_rate(scores, same)
        0.5
    """
    passed, accepted, _ = roc_curve(scores, same)
    gap = 1 - accepted - passed  # falls from 1 to -1
    after = int(np.argmax(gap <= 0))
    before = after - 1
    part = gap[before] / (gap[before] - gap[after])
    return float(passed[before] + part * (passed[after] - passed[before]))


def nearest_neighbor_accuracy(
    vectors: ArrayLike,
    labels: ArrayLike,
    metric: str = "cosine",
    *,
    gallery: ArrayLike | None = None,
    gallery_labels: ArrayLike | None = None,
) -> float:
    """Return the fraction of vectors whose nearest neighbor has the same label.

    Args:
        vectors: Vectors, (rows, features).
        labels: Label of each row, integers or strings.
        metric: "cosine" or "euclidean".
        gallery: Vectors to search for neighbors, (others, features); None for the other
            rows of `vectors`.
        gallery_labels: Label of each row of `gallery`.

    Raises:
        ValueError: Vectors, labels or metric are invalid; there is one row and no
            gallery, or a gallery without labels.

    Examples:
        >>> vectors, labels = [[1, 0], [0.8, 0.6], [0, 1]], ["cat", "cat", "dog"]
        >>> accuracy = kerasaudio.similarity.nearest_neighbor_accuracy(vectors, labels)
        >>> round(accuracy, 3)
        0.667
    """
    rows, marks = _check(vectors, labels, metric, "vectors")
    if (gallery is None) != (gallery_labels is None):
        raise ValueError("Pass both gallery and gallery_labels, or neither.")
    others, names = rows, marks
    if gallery is not None and gallery_labels is not None:
        others, names = _check(
            gallery, gallery_labels, metric, "gallery", rows.shape[1]
        )
    elif len(rows) < 2:
        raise ValueError(
            "A single vector has no neighbor. Pass at least two, or a gallery."
        )
    hits = 0
    for start in range(0, len(rows), _BLOCK):
        block = distances(rows[start : start + _BLOCK], others, metric)
        if gallery is None:
            own = np.arange(len(block))
            block[own, start + own] = np.inf
        nearest = block.argmin(axis=1)
        hits += int((names[nearest] == marks[start : start + _BLOCK]).sum())
    return hits / len(rows)


def _check(
    vectors: ArrayLike,
    labels: ArrayLike,
    metric: str,
    name: str,
    width: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    rows = check_vectors(vectors, check_metric(metric), width=width, name=name)
    return rows, check_labels(labels, len(rows), name)
