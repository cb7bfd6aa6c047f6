"""What the epochs of a training gave."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kerasaudio.core import AudioModel


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave.

    Attributes:
        number: From 1, over both phases.
        phase: "frozen" or "full".
        loss: On the training windows, mean of the epoch.
        score: Share of the validation clips that are recognized; see `Head.validate`;
            NaN without such clips.
        validation_loss: Cross-entropy a validation clip, or NaN.
        seconds: It took.
        is_best: Whether it was the best so far.

    Examples:
        `train` tells of each epoch as it ends.

        >>> def tell(epoch):
        ...     print(epoch.number, epoch.phase, epoch.loss > 0, epoch.is_best)
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> schedule = kerasaudio.training.Schedule(unfreeze_epochs=1)
        >>> trained = kerasaudio.training.train(
        ...     model, clips, None, "told.keras", schedule=schedule, report=tell
        ... )
        1 full True True
    """

    number: int
    phase: str
    loss: float
    score: float
    validation_loss: float
    seconds: float
    is_best: bool

    @property
    def rank(self) -> tuple[float, float]:
        """Order of epochs: by score, then by loss; unvalidated, the last is first."""
        if math.isnan(self.score):
            return float(self.number), 0.0
        return self.score, -self.validation_loss


def better(epoch: Epoch, before: Sequence[Epoch]) -> Epoch:
    """Give an epoch that knows whether it was the best so far."""
    best = max((past.rank for past in before), default=None)
    return replace(epoch, is_best=best is None or epoch.rank > best)


@dataclass(frozen=True, repr=False)
class Trained:
    """A finished training.

    Attributes:
        model: With the weights of the best epoch, or without validation of the last.
        path: Where it is saved.
        epochs: All of them.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> schedule = kerasaudio.training.Schedule(unfreeze_epochs=1)
        >>> trained = kerasaudio.training.train(
        ...     model, clips, None, "trained.keras", schedule=schedule
        ... )
        >>> trained
        Trained('trained.keras', epochs=1, best=1)
        >>> trained.model.spec.labels
        ('hiss', 'hum')
    """

    model: AudioModel
    path: Path
    epochs: tuple[Epoch, ...]

    @property
    def best(self) -> Epoch:
        """The epoch whose weights were kept."""
        return max(self.epochs, key=lambda epoch: epoch.rank)

    def __repr__(self) -> str:
        """Give the file and the best epoch in a line."""
        best = self.best
        told = [f"epochs={len(self.epochs)}", f"best={best.number}"]
        if not math.isnan(best.score):
            told.append(f"score={best.score:.4g}")
        return f"Trained({str(self.path)!r}, {', '.join(told)})"
