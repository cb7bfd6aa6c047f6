"""The loss for clips some of whose labels are unknown."""

from typing import Any

import keras
from keras import ops

UNKNOWN = "nan"  # in the arguments of `ClipBatches`: the target of unknown labels


@keras.saving.register_keras_serializable("kerasaudio")
class MaskedBinaryCrossentropy(keras.losses.Loss):
    """Binary cross-entropy that leaves unknown labels out: targets that are NaN.

    The loss of a row is the sum over its known labels, divided by the number of
    classes: so every known label has the same weight, and rows without unknown labels
    have the loss of `keras.losses.BinaryCrossentropy`. `train` takes it for clips with
    unknown labels (`LabeledClips.known`).

    Args:
        name: Name of the loss.
        **kwargs: `reduction` and `dtype` of `keras.losses.Loss`.

    Call arguments: targets (batch, classes), 0 to 1 or NaN, and probabilities, (batch,
    classes).

    Source: the loss of PaSST's training on OpenMIC-2018 (kkoutini/PaSST).

    Examples:
        >>> loss = kerasaudio.training.MaskedBinaryCrossentropy()
        >>> targets = np.array([[1, np.nan], [0, 1]], "float32")
        >>> scores = np.array([[0.5, 0.9], [0.5, 0.5]], "float32")
        >>> round(float(loss(targets, scores)), 4)  # 3 of 4 labels are known
        0.5199
    """

    def __init__(self, name: str = "masked_binary_crossentropy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row, (batch,)."""
        least = keras.config.epsilon()
        scores = ops.clip(y_pred, least, 1 - least)
        known = ops.logical_not(ops.isnan(y_true))
        # NaN must not reach a product: its gradient would be NaN, too.
        targets = ops.where(known, y_true, ops.zeros_like(y_true))
        losses = targets * ops.log(scores) + (1 - targets) * ops.log(1 - scores)
        return -ops.mean(ops.where(known, losses, ops.zeros_like(losses)), axis=-1)
