"""Mean F1 of the tags of each clip."""

from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import number, plain
from kerasaudio.layers.base import check_choice
from kerasaudio.metrics.per_clip import PerClipMetric


@keras.saving.register_keras_serializable("kerasaudio")
class InstanceF1(PerClipMetric):
    """F1 of the tags of each clip, averaged over clips.

    2 * right / (predicted + true); a class is predicted if its average score is at
    least `threshold`. Equals ``sklearn.metrics.f1_score(average="samples")`` to 1e-6.
    NaN before the first clip.

    Args:
        classes: Number of classes; see `PerClipMetric` for all arguments.
        max_clips: Most clips in an epoch.
        threshold: Lowest score of a predicted class.
        zero_division: F1 of a clip with neither a true nor a predicted tag, 0 or 1.
        windows_per_clip: Rows per clip if no `clip_ids` are passed.
        name: Name of the metric.
        **kwargs: `when_full`, `dtype`; see `PerClipMetric`.

    Raises:
        ValueError: See `PerClipMetric`.

    Examples:
        >>> y_true = np.array([[1, 1, 0], [0, 0, 1]])
        >>> y_pred = np.array([[0.9, 0.2, 0.1], [0.3, 0.1, 0.8]])
        >>> f1 = kerasaudio.metrics.InstanceF1(classes=3, max_clips=2)
        >>> round(float(f1(y_true, y_pred)), 3)
        0.833
    """

    def __init__(
        self,
        classes: int,
        max_clips: int,
        *,
        threshold: float = 0.5,
        zero_division: float = 0.0,
        name: str = "instance_f1",
        **kwargs: Any,
    ) -> None:
        super().__init__(classes, max_clips, name=name, **kwargs)
        check_choice(zero_division=(zero_division, (0, 1)))
        self.threshold = number(threshold, "threshold")
        self.zero_division = plain(zero_division)

    def score(self, scores: Any, targets: Any, used: Any) -> Any:
        """Compute the average F1."""
        predicted = ops.cast(scores >= self.threshold, "int32")
        right = ops.cast(ops.sum(predicted * targets, axis=1), "float32")
        tags = ops.cast(ops.sum(predicted + targets, axis=1), "float32")
        f1 = ops.where(
            tags > 0, 2.0 * right / ops.maximum(tags, 1.0), float(self.zero_division)
        )
        clips = ops.sum(ops.cast(used, "float32"))
        total = ops.sum(ops.where(used, f1, 0.0))
        return ops.where(clips > 0, total / ops.maximum(clips, 1.0), float("nan"))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "threshold": self.threshold,
            "zero_division": self.zero_division,
        }
