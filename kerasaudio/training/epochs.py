"""What the epochs of a training gave."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from kerasaudio.core import AudioModel


@dataclass(frozen=True)
class Epoch:
    """What an epoch gave.

    Attributes:
        number: From 1, over all phases.
        phase: "frozen" or "full"; of a `PlateauSchedule` "stage 1" and so on.
        learning_rate: With which its phase began.
        loss: On the training windows, mean of the epoch.
        score: Share of the validation clips that are recognized; see `Head.score`;
            NaN without such clips.
        validation_loss: Cross-entropy a validation clip, or a window of one where the
            schedule's `monitor` is "window_loss"; or NaN.
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
    learning_rate: float
    loss: float
    score: float
    validation_loss: float
    seconds: float
    is_best: bool


def better(epoch: Epoch, before: Sequence[Epoch], monitor: str) -> Epoch:
    """Give an epoch that knows whether it was the best so far."""
    if not before:
        return replace(epoch, is_best=True)
    ahead = _rank(epoch, monitor) > _rank(best_of(before), monitor)
    return replace(epoch, is_best=ahead)


def best_of(epochs: Sequence[Epoch]) -> Epoch:
    """Give the best of all epochs; each knows whether it was the best so far."""
    return [epoch for epoch in epochs if epoch.is_best][-1]


def _rank(epoch: Epoch, monitor: str) -> tuple[float, float]:
    """Order epochs: by score, then by loss; unvalidated, the last is first."""
    if math.isnan(epoch.score):
        return float(epoch.number), 0.0
    return (epoch.score if monitor == "score" else 0.0), -epoch.validation_loss


def table(epochs: Sequence[Epoch]) -> list[list[Any]]:
    """Give a row an epoch, below the names of what it gave."""
    names = [field.name for field in fields(Epoch)]
    return [names, *([getattr(e, name) for name in names] for e in epochs)]


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
        return best_of(self.epochs)

    def __repr__(self) -> str:
        """Give the file and the best epoch in a line."""
        best = self.best
        told = [f"epochs={len(self.epochs)}", f"best={best.number}"]
        if not math.isnan(best.score):
            told.append(f"score={best.score:.4g}")
        return f"Trained({str(self.path)!r}, {', '.join(told)})"
