"""The last layer of a network, which determines loss, targets and score."""

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.heads import activation_name
from kerasaudio.datasets.batching.targets import has_unknown, targets_for
from kerasaudio.datasets.protocol import Clips
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.training.masked import UNKNOWN, MaskedBinaryCrossentropy
from kerasaudio.transfer.heads import freeze_body, freeze_normalization

_SMALLEST = 1e-7  # probability, as in Keras' losses


class Head:
    """The layer that scores the classes, with the loss and the targets that fit it.

    Args:
        model: Model with a top.
        clips: Clips that it is trained on, or a stream of them.
        mixed: Whether the targets are mixtures of classes, as with mixup.

    Attributes:
        exclusive: Whether the probabilities of a clip sum to one (softmax).
        one_hot: Whether targets have the shape (clips, classes).
        has_unknown: Whether some labels of the clips are unknown.
        classes: Number of classes of the model.

    Raises:
        ValueError: The model has no top, or returns logits instead of probabilities; or
            it ends in softmax, but clips can have several classes.
    """

    def __init__(
        self, model: AudioModel, clips: Clips | Stream, mixed: bool = False
    ) -> None:
        if model.spec.labels is None:
            raise ValueError(
                f"{model.name} has no top to train. Build it with labels="
                "clips.class_names."
            )
        activation = activation_name(model)
        if activation not in ("softmax", "sigmoid"):
            raise ValueError(
                f"{model.name} ends in {activation!r}, but training needs "
                'probabilities. Build it with classifier_activation="auto".'
            )
        self.exclusive = activation == "softmax"
        if self.exclusive and clips.multi_label:
            raise ValueError(
                f"Clips of {clips.name} can have several classes, but {model.name} "
                'ends in softmax. Build it with classifier_activation="sigmoid".'
            )
        if isinstance(clips, Stream):
            mixed, self.has_unknown = mixed or clips.soft, False
        else:
            self.has_unknown = has_unknown(clips)
        self.one_hot = mixed or not self.exclusive
        self.classes = len(model.spec.labels)
        self._single = not clips.multi_label
        self._spec = model.spec

    @property
    def loss(self) -> str | keras.losses.Loss:
        """Name of the Keras loss, or the loss that leaves unknown labels out."""
        if self.has_unknown:
            return MaskedBinaryCrossentropy()
        if not self.exclusive:
            return "binary_crossentropy"
        sparse = "" if self.one_hot else "sparse_"
        return f"{sparse}categorical_crossentropy"

    def freeze(self, model: AudioModel, frozen: bool, keep_statistics: bool) -> None:
        """Make only the head trainable, or all layers.

        Args:
            model: Model to change.
            frozen: Whether only the head is trainable.
            keep_statistics: Whether batch normalization keeps its statistics.
        """
        freeze_body(model, frozen)
        if keep_statistics:
            freeze_normalization(model)

    def targets(self, clips: Clips) -> np.ndarray:
        """Return one-hot or multi-hot targets in the order of the model's classes.

        Returns:
            Targets, (clips, classes); NaN where a label is unknown.
        """
        return targets_for(clips, self._spec, one_hot=True, unknown=UNKNOWN)[0]

    def score(self, targets: np.ndarray, outputs: np.ndarray) -> float:
        """Return the fraction of clips that are recognized.

        Args:
            targets: Targets from `targets`, (clips, classes).
            outputs: Probabilities averaged over the windows, (clips, classes).

        Returns:
            The accuracy, 0 to 1. For clips with several classes, the R-precision over
            all clips: the fraction of correct answers among the n highest
            probabilities, where n is the total number of classes of the clips. Labels
            that are unknown do not count.
        """
        if self._single:
            return float((outputs.argmax(axis=1) == targets.argmax(axis=1)).mean())
        known = ~np.isnan(targets)
        wanted, scores = targets[known], outputs[known]
        named = int(wanted.sum())
        first = np.argsort(-scores, kind="stable")[:named]
        return float(wanted[first].mean()) if named else 0.0

    def cross_entropy(self, targets: np.ndarray, outputs: np.ndarray) -> float:
        """Return the mean cross-entropy of rows: of clips or of windows.

        Labels that are unknown do not count.

        Args:
            targets: Targets, (rows, classes).
            outputs: Probabilities, (rows, classes).
        """
        safe = np.clip(np.asarray(outputs, "float64"), _SMALLEST, 1 - _SMALLEST)
        if self.exclusive:
            return float(-(targets * np.log(safe)).sum(axis=1).mean())
        losses = np.where(targets > 0, np.log(safe), np.log(1 - safe))
        return float(-losses[~np.isnan(targets)].mean())
