"""The last layer of a network: what it gives decides how it is trained."""

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.heads import activation_name
from kerasaudio.datasets.batching.targets import targets_for
from kerasaudio.datasets.protocol import Clips
from kerasaudio.transfer.heads import freeze_body, freeze_normalization

_SMALLEST = 1e-7  # probability, as in Keras' losses


class Head:
    """The layer that scores classes, and the loss that fits it.

    Args:
        model: With a top.
        clips: That it is trained on.
        mixed: Whether targets are shares of classes, as mixup makes them.

    Attributes:
        exclusive: Whether its probabilities sum to one (softmax).
        one_hot: Whether targets are (clips, classes).

    Raises:
        ValueError: No top, logits instead of probabilities, softmax for clips with
            several classes.
    """

    def __init__(self, model: AudioModel, clips: Clips, mixed: bool = False) -> None:
        if model.spec.labels is None:
            raise ValueError(
                f"{model.name} has no top to train. Build it with labels="
                "clips.class_names."
            )
        activation = activation_name(model)
        if activation not in ("softmax", "sigmoid"):
            raise ValueError(
                f"{model.name} ends in {activation!r}, and training needs "
                'probabilities: build it with classifier_activation="auto".'
            )
        self.exclusive = activation == "softmax"
        if self.exclusive and clips.multi_label:
            raise ValueError(
                f"Clips of {clips.name} can have several classes, and {model.name} "
                'ends in softmax. Build it with classifier_activation="sigmoid".'
            )
        self.one_hot = mixed or not self.exclusive
        self._single = not clips.multi_label
        self._spec = model.spec

    @property
    def loss(self) -> str:
        """Name of the Keras loss."""
        if not self.exclusive:
            return "binary_crossentropy"
        sparse = "" if self.one_hot else "sparse_"
        return f"{sparse}categorical_crossentropy"

    def freeze(self, model: AudioModel, frozen: bool, keep_statistics: bool) -> None:
        """Let only the head learn, or everything, with or without normalization."""
        freeze_body(model, frozen)
        if keep_statistics:
            freeze_normalization(model)

    def targets(self, clips: Clips) -> np.ndarray:
        """Give what each clip is, as the model counts classes: (clips, classes)."""
        return targets_for(clips, self._spec, one_hot=True)[0]

    def score(self, targets: np.ndarray, outputs: np.ndarray) -> float:
        """Give the share of clips that are recognized.

        Args:
            targets: From `targets`.
            outputs: Probabilities averaged over the windows, (clips, classes).

        Returns:
            The accuracy, or for clips with several classes the share of right answers
            when as many classes are named as there are (R-precision, over all clips).
        """
        if self._single:
            return float((outputs.argmax(axis=1) == targets.argmax(axis=1)).mean())
        named = int(targets.sum())
        first = np.argsort(-outputs, axis=None, kind="stable")[:named]
        return float(targets.ravel()[first].mean()) if named else 0.0

    def cross_entropy(self, targets: np.ndarray, outputs: np.ndarray) -> float:
        """Give the cross-entropy a row, of clips or of windows; see `score`."""
        safe = np.clip(np.asarray(outputs, "float64"), _SMALLEST, 1 - _SMALLEST)
        if self.exclusive:
            return float(-(targets * np.log(safe)).sum(axis=1).mean())
        losses = np.where(targets > 0, np.log(safe), np.log(1 - safe))
        return float(-losses.mean())
