"""A metric that keeps the scores and targets of every clip.

windows (batch, classes) -> sums (max_clips, classes) -> averages -> one number
"""

from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import require

FLOATS = ("float16", "bfloat16", "float32", "float64")


class PerClipMetric(keras.metrics.Metric):
    """The base of the metrics here: they average each clip's windows, then rank clips.

    Areas under curves are not sums over batches, so scores and targets are kept: 5
    bytes for each of `max_clips` * `classes`, in variables of fixed size, which every
    backend can compile. A clip's scores are averages over its windows. In `fit` and
    `evaluate`, Keras computes the result after every batch, which sorts all kept
    scores: 1 s per batch for 20,000 clips of 50 classes. For large sets pass
    ``when_full=True`` with the exact number of clips, or call the metric on the output
    of `predict`.

    Arguments of `update_state`:

    - y_true: 0 and 1, (batch, classes); or with at least two classes, class numbers,
      (batch,) or (batch, 1). Windows of one clip should agree; a class counts as
      present if it is in one of them.
    - y_pred: scores, higher for more likely, floating point (batch, classes). They are
      kept as float32.
    - clip_ids: optional, the clip that each row belongs to, integers (batch,) from 0 to
      `max_clips` - 1, in any order and over any number of batches.

    Without `clip_ids`, rows must be sorted by clip, with `windows_per_clip` rows per
    clip; batches may end anywhere.

    Args:
        classes: Number of scores in a row.
        max_clips: Most clips between two calls of `reset_state`; `fit` resets at each
            epoch. The result is NaN if there are more clips, if a clip id is out of
            range, or if a score is NaN.
        windows_per_clip: Rows per clip if no `clip_ids` are passed.
        when_full: Whether the result is NaN, without computing, until there are
            `max_clips` clips, so that an epoch sorts only once, after its last batch.
        name: Name of the metric.
        **kwargs: `dtype` of `keras.metrics.Metric`, which must be float32.

    Raises:
        ValueError: An argument is out of range; in `update_state`, shapes or types are
            wrong, or there are sample weights, which are not supported.
    """

    def __init__(
        self,
        classes: int,
        max_clips: int,
        *,
        windows_per_clip: int = 1,
        when_full: bool = False,
        name: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **{"dtype": "float32", **kwargs})
        require(
            self.dtype == "float32",
            f"{type(self).__name__} computes in float32.",
            dtype=self.dtype,
        )
        self.classes = classes = whole_number(classes, "classes")
        self.max_clips = max_clips = whole_number(max_clips, "max_clips")
        self.windows_per_clip = whole_number(windows_per_clip, "windows_per_clip")
        self.when_full = bool(when_full)
        table = (max_clips, classes)
        self._sums = self._zeros(table, "float32", "sums")
        self._targets = self._zeros(table, "uint8", "targets")
        self._windows = self._zeros((max_clips,), "float32", "windows")
        self._seen = self._zeros((), "int32", "seen")
        self._lost = self._zeros((), "int32", "lost")

    def _zeros(self, shape: tuple[int, ...], dtype: str, name: str) -> Any:
        return self.add_variable(shape, "zeros", dtype=dtype, name=name)

    def update_state(
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
        clip_ids: Any = None,
    ) -> None:
        """Add a batch of windows; the class describes the arguments."""
        require(
            sample_weight is None,
            f"{type(self).__name__} does not support sample weights. Pass it to "
            "compile as `metrics`, not as `weighted_metrics`.",
            sample_weight=type(sample_weight).__name__,
        )
        scores = self._check_scores(y_pred)
        targets = self._check_targets(y_true, scores)
        rows = ops.shape(scores)[0]
        if clip_ids is None:
            row = self._seen + ops.arange(rows, dtype="int32")
            clip = row // self.windows_per_clip
        else:
            clip = self._check_ids(clip_ids, scores)
        known = ops.logical_and(clip >= 0, clip < self.max_clips)
        # One extra place, for rows of unknown clips.
        clip = ops.where(known, clip, self.max_clips)
        ones = ops.ones_like(scores[:, 0])
        present = self._gather(ops.segment_max, targets, clip) > 0.5
        self._sums.assign_add(self._gather(ops.segment_sum, scores, clip))
        self._windows.assign_add(self._gather(ops.segment_sum, ones, clip))
        self._targets.assign(ops.maximum(self._targets, ops.cast(present, "uint8")))
        self._lost.assign_add(ops.sum(ops.cast(ops.logical_not(known), "int32")))
        self._seen.assign_add(ops.cast(rows, "int32"))

    def _gather(self, how: Any, rows: Any, clip: Any) -> Any:
        return how(rows, clip, num_segments=self.max_clips + 1)[: self.max_clips]

    def result(self) -> Any:
        """Return the metric of all clips so far, a float32 scalar."""
        if not self.when_full:
            return self._result()
        full = ops.all(self._windows > 0)
        return ops.cond(full, self._result, lambda: ops.full((), float("nan")))

    def _result(self) -> Any:
        return self._if_whole(self.score(*self._clips()))

    def _if_whole(self, values: Any) -> Any:
        """Return the values, or NaN if they do not cover every clip."""
        broken = ops.logical_or(self._lost > 0, ops.any(ops.isnan(self._sums)))
        return ops.where(broken, float("nan"), values)

    def _clips(self) -> tuple[Any, Any, Any]:
        windows = ops.expand_dims(ops.maximum(self._windows, 1.0), 1)
        scores = ops.convert_to_tensor(self._sums) / windows
        return scores, ops.cast(self._targets, "int32"), self._windows > 0

    def score(self, scores: Any, targets: Any, used: Any) -> Any:
        """Compute the metric.

        Args:
            scores: Average scores, (max_clips, classes).
            targets: 0 and 1, int32 of the same shape.
            used: Which rows have a clip, (max_clips,); the other rows are 0.
        """
        raise NotImplementedError

    def _check_scores(self, y_pred: Any) -> Any:
        scores = ops.convert_to_tensor(y_pred)
        shape = tuple(scores.shape)
        dtype = keras.backend.standardize_dtype(scores.dtype)
        require(
            len(shape) == 2 and shape[1] == self.classes and dtype in FLOATS,
            f"{type(self).__name__} needs floating-point scores "
            f"(batch, {self.classes}).",
            shape_of_y_pred=shape,
            dtype_of_y_pred=dtype,
        )
        return ops.cast(scores, "float32")

    def _check_targets(self, y_true: Any, scores: Any) -> Any:
        targets = ops.convert_to_tensor(y_true)
        shape, rows = tuple(targets.shape), scores.shape[0]
        numbers = self.classes > 1 and (len(shape) == 1 or shape[1:] == (1,))
        require(
            (numbers or (len(shape) == 2 and shape[1] == self.classes))
            and (None in (shape[0], rows) or shape[0] == rows),
            f"{type(self).__name__} needs a target for every score, (batch, "
            f"{self.classes}), or class numbers (batch,).",
            shape_of_y_true=shape,
            shape_of_y_pred=tuple(scores.shape),
        )
        if numbers:
            targets = ops.cast(ops.reshape(targets, (-1,)), "int32")
            return ops.one_hot(targets, self.classes, dtype="float32")
        return ops.cast(targets, "float32")

    def _check_ids(self, clip_ids: Any, scores: Any) -> Any:
        ids = ops.convert_to_tensor(clip_ids)
        shape, rows = tuple(ids.shape), scores.shape[0]
        dtype = keras.backend.standardize_dtype(ids.dtype)
        require(
            len(shape) == 1
            and (None in (shape[0], rows) or shape[0] == rows)
            and "int" in dtype,
            "`clip_ids` must be integers, one for each row of the scores.",
            shape=shape,
            dtype=dtype,
            shape_of_y_pred=tuple(scores.shape),
        )
        return ops.cast(ids, "int32")

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "classes": self.classes,
            "max_clips": self.max_clips,
            "windows_per_clip": self.windows_per_clip,
            "when_full": self.when_full,
        }
