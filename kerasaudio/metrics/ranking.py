"""Areas under curves, which measure how well clips of a class rank before others."""

from typing import Any

import keras
from keras import ops

from kerasaudio.metrics.per_clip import PerClipMetric

_LOWEST = -3.0e38  # lowest score; -infinity is for rows without a clip


class MacroMetric(PerClipMetric):
    """A value for each class, averaged over the classes that have one."""

    def score(self, scores: Any, targets: Any, used: Any) -> Any:
        """Average over classes; NaN if no class has a value."""
        values = self.class_values(scores, targets, used)
        known = ops.logical_not(ops.isnan(values))
        count = ops.sum(ops.cast(known, "float32"))
        total = ops.sum(ops.where(known, values, 0.0))
        return ops.where(count > 0, total / ops.maximum(count, 1.0), float("nan"))

    def per_class(self) -> Any:
        """Return the value of each class, (classes,); NaN for classes without one."""
        return self._if_whole(self.class_values(*self._clips()))

    def class_values(self, scores: Any, targets: Any, used: Any) -> Any:
        """Compute the value of each class, (classes,); NaN for classes without one."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("kerasaudio")
class ROCAUC(MacroMetric):
    """Area under the receiver operating characteristic, macro average over classes.

    The fraction of pairs (clip with the class, clip without) that are ranked correctly;
    ties count half. Equals ``sklearn.metrics.roc_auc_score(average="macro")`` to 1e-6,
    except that classes with only positives or only negatives are left out of the
    average (scikit-learn returns NaN); if no class is left, the result is NaN.
    `per_class` returns the value of each class.

    Args:
        classes: Number of classes; see `PerClipMetric` for all arguments.
        max_clips: Most clips in an epoch.
        windows_per_clip: Rows per clip if no `clip_ids` are passed.
        name: Name of the metric.
        **kwargs: `when_full`, `dtype`; see `PerClipMetric`.

    Raises:
        ValueError: See `PerClipMetric`.

    Examples:
        >>> y_true = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
        >>> y_pred = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.8], [0.2, 0.7]])
        >>> area = kerasaudio.metrics.ROCAUC(classes=2, max_clips=4)
        >>> round(float(area(y_true, y_pred)), 3)
        0.875
        >>> [round(float(value), 2) for value in area.per_class()]
        [0.75, 1.0]
    """

    def __init__(
        self, classes: int, max_clips: int, *, name: str = "roc_auc", **kwargs: Any
    ) -> None:
        super().__init__(classes, max_clips, name=name, **kwargs)

    def class_values(self, scores: Any, targets: Any, used: Any) -> Any:
        """Compute the area of each class, (classes,)."""
        hit, hits, before, upto = _ranked(scores, targets, used)
        positives = ops.sum(hit, axis=0)
        clips = ops.sum(ops.cast(used, "float32"))
        negatives = clips - positives
        # Negatives with a higher score count 1, those with the same score 1/2.
        false_before = before[0] - before[1]
        false_upto = upto - hits
        above = (false_before + false_upto) / (2.0 * ops.maximum(negatives, 1.0))
        area = ops.sum(hit * (1.0 - above), axis=0) / ops.maximum(positives, 1.0)
        ranked = ops.logical_and(positives > 0, negatives > 0)
        return ops.where(ranked, area, float("nan"))


@keras.saving.register_keras_serializable("kerasaudio")
class PRAUC(MacroMetric):
    """Area under precision over recall (average precision), macro over classes.

    The sum of precision times increase of recall over all thresholds, without
    interpolation. Equals ``sklearn.metrics.average_precision_score(average="macro")``
    to 1e-6, except that classes without positives are left out of the average
    (scikit-learn counts them as 0); if no class is left, the result is NaN. `per_class`
    returns the value of each class.

    Args:
        classes: Number of classes; see `PerClipMetric` for all arguments.
        max_clips: Most clips in an epoch.
        windows_per_clip: Rows per clip if no `clip_ids` are passed.
        name: Name of the metric.
        **kwargs: `when_full`, `dtype`; see `PerClipMetric`.

    Raises:
        ValueError: See `PerClipMetric`.

    Examples:
        >>> y_true = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
        >>> y_pred = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.8], [0.2, 0.7]])
        >>> area = kerasaudio.metrics.PRAUC(classes=2, max_clips=4)
        >>> round(float(area(y_true, y_pred)), 3)
        0.917
    """

    def __init__(
        self, classes: int, max_clips: int, *, name: str = "pr_auc", **kwargs: Any
    ) -> None:
        super().__init__(classes, max_clips, name=name, **kwargs)

    def class_values(self, scores: Any, targets: Any, used: Any) -> Any:
        """Compute the average precision of each class, (classes,)."""
        hit, hits, _, upto = _ranked(scores, targets, used)
        positives = ops.sum(hit, axis=0)
        precision = ops.sum(hit * hits / upto, axis=0) / ops.maximum(positives, 1.0)
        return ops.where(positives > 0, precision, float("nan"))


@keras.saving.register_keras_serializable("kerasaudio")
class MeanAveragePrecision(PRAUC):
    """Mean average precision, the mAP of AudioSet: the same value as `PRAUC`.

    Args:
        classes: Number of classes; see `PerClipMetric` for all arguments.
        max_clips: Most clips in an epoch.
        windows_per_clip: Rows per clip if no `clip_ids` are passed.
        name: Name of the metric.
        **kwargs: `when_full`, `dtype`; see `PerClipMetric`.

    Raises:
        ValueError: See `PerClipMetric`.

    Examples:
        >>> y_true = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
        >>> y_pred = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.8], [0.2, 0.7]])
        >>> precision = kerasaudio.metrics.MeanAveragePrecision(classes=2, max_clips=4)
        >>> round(float(precision(y_true, y_pred)), 3)
        0.917
    """

    def __init__(
        self, classes: int, max_clips: int, *, name: str = "map", **kwargs: Any
    ) -> None:
        super().__init__(classes, max_clips, name=name, **kwargs)


@keras.saving.register_keras_serializable("kerasaudio")
class DPrime(ROCAUC):
    """Separation d' of the scores with and without a class: sqrt(2) z(ROC-AUC).

    z is the quantile function of the normal distribution; the area is the macro average
    of `ROCAUC`, as in AudioSet's publications. 0 is chance; d' is infinite for an area
    of 1. `per_class` returns d' of each class.

    Args:
        classes: Number of classes; see `PerClipMetric` for all arguments.
        max_clips: Most clips in an epoch.
        windows_per_clip: Rows per clip if no `clip_ids` are passed.
        name: Name of the metric.
        **kwargs: `when_full`, `dtype`; see `PerClipMetric`.

    Raises:
        ValueError: See `PerClipMetric`.

    Source: Hershey et al. 2017, "CNN architectures for large-scale audio
    classification", arXiv:1609.09430, section 3.

    Examples:
        >>> y_true = np.array([[1, 0], [1, 0], [0, 1], [0, 1]])
        >>> y_pred = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.8], [0.2, 0.7]])
        >>> d_prime = kerasaudio.metrics.DPrime(classes=2, max_clips=4)
        >>> round(float(d_prime(y_true, y_pred)), 2)
        1.63
    """

    def __init__(
        self, classes: int, max_clips: int, *, name: str = "d_prime", **kwargs: Any
    ) -> None:
        super().__init__(classes, max_clips, name=name, **kwargs)

    def score(self, scores: Any, targets: Any, used: Any) -> Any:
        """Compute d' of the average area."""
        return _d_prime(super().score(scores, targets, used))

    def per_class(self) -> Any:
        """Return d' of each class, (classes,); NaN for classes without one."""
        return _d_prime(super().per_class())


def _d_prime(area: Any) -> Any:
    return 2.0 * ops.erfinv(2.0 * area - 1.0)


def _ranked(
    scores: Any, targets: Any, used: Any
) -> tuple[Any, Any, tuple[Any, Any], Any]:
    """Sort each class by descending score; equal scores share counts of their group.

    Returns:
        For every position, float32 (max_clips, classes): 1 for a clip with the class;
        number of clips with the class up to the end of the group; (number of clips,
        number of clips with the class) before the group; number of clips up to its end.
    """
    scores = ops.maximum(scores, _LOWEST)
    scores = ops.where(ops.expand_dims(used, 1), scores, float("-inf"))
    order = ops.argsort(-scores, axis=0)
    scores = ops.take_along_axis(scores, order, axis=0)
    hit = ops.take_along_axis(targets, order, axis=0)
    hits = ops.cumsum(hit, axis=0)
    first, last = _group_ends(scores)

    def count(numbers: Any) -> Any:
        return ops.cast(numbers, "float32")

    hits_upto = ops.take_along_axis(hits, last, axis=0)
    hits_before = ops.take_along_axis(hits - hit, first, axis=0)
    before = count(first), count(hits_before)
    return count(hit), count(hits_upto), before, count(last + 1)


def _group_ends(scores: Any) -> tuple[Any, Any]:
    """Return the first and last position of each score's group of equals, int32.

    Args:
        scores: Scores (max_clips, classes), sorted along the first axis.
    """
    clips, classes = scores.shape
    place = ops.broadcast_to(
        ops.expand_dims(ops.arange(clips, dtype="int32"), 1), (clips, classes)
    )
    new = ops.cast(scores[1:] != scores[:-1], "int32")
    group = ops.pad(ops.cumsum(new, axis=0), ((1, 0), (0, 0)))
    group = ops.reshape(group + clips * ops.arange(classes, dtype="int32"), (-1,))
    flat, groups = ops.reshape(place, (-1,)), clips * classes
    first = ops.segment_min(flat, group, num_segments=groups)
    last = ops.segment_max(flat, group, num_segments=groups)
    shape = (clips, classes)
    return (
        ops.reshape(ops.take(first, group), shape),
        ops.reshape(ops.take(last, group), shape),
    )
