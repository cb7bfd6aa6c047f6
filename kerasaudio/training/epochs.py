"""Results of a training: one `Epoch` per epoch, and the `Trained` model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from kerasaudio.core import AudioModel


@dataclass(frozen=True)
class Epoch:
    """Results of one epoch.

    Attributes:
        number: Number of the epoch, from 1, counted over all phases; 0 for the state
            before the first step, if the head starts from a probe.
        phase: Name of the phase: "frozen" or "full"; "stage 1", "stage 2" and so on
            with a `PlateauSchedule`; "probe" for epoch 0.
        learning_rate: Learning rate at the start of the phase; 0 for epoch 0.
        loss: Mean loss on the training windows over the epoch; for epoch 0, the
            cross-entropy of the probe on the training clips.
        score: Fraction of the validation clips that are recognized, 0 to 1; see
            `Head.score`. NaN without validation clips.
        validation_loss: Mean cross-entropy per validation clip; per window of these
            clips if the schedule's `monitor` is "window_loss". NaN without validation
            clips.
        seconds: Duration of the epoch in seconds.
        is_best: Whether the epoch was the best so far.
        waiting: Share of the time of its training steps, 0 to 1, in which they waited
            for data. On jax, which computes steps while Python goes on, at most this
            share. 0 for epoch 0.

    Examples:
        `train` calls `report` after each epoch.

        >>> def show(epoch):
        ...     print(epoch.number, epoch.phase, epoch.loss > 0, epoch.is_best)
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> schedule = kerasaudio.training.Schedule(unfreeze_epochs=1)
        >>> trained = kerasaudio.training.train(
        ...     model, clips, None, "shown.keras", schedule=schedule, report=show
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
    waiting: float = math.nan


def better(epoch: Epoch, before: Sequence[Epoch], monitor: str) -> Epoch:
    """Return the epoch with `is_best` set: whether it is better than those before."""
    if not before:
        return replace(epoch, is_best=True)
    ahead = _rank(epoch, monitor) > _rank(best_of(before), monitor)
    return replace(epoch, is_best=ahead)


def finished(epochs: Sequence[Epoch]) -> int:
    """Return the number of finished epochs; epoch 0 does not count."""
    return epochs[-1].number if epochs else 0


def best_of(epochs: Sequence[Epoch]) -> Epoch:
    """Return the best epoch: the last one with `is_best`."""
    return [epoch for epoch in epochs if epoch.is_best][-1]


def _rank(epoch: Epoch, monitor: str) -> tuple[float, float]:
    """Return a sort key: score, then loss; without validation, the latest is best."""
    if math.isnan(epoch.score):
        return float(epoch.number), 0.0
    return (epoch.score if monitor == "score" else 0.0), -epoch.validation_loss


def table(epochs: Sequence[Epoch]) -> list[list[Any]]:
    """Return a table: a row of field names, then one row per epoch."""
    names = [field.name for field in fields(Epoch)]
    return [names, *([getattr(e, name) for name in names] for e in epochs)]


@dataclass(frozen=True, repr=False)
class Trained:
    """Result of a finished training.

    Attributes:
        model: Model with the weights of the best epoch; without validation, with those
            of the last epoch; with `refit`, with those of the training on all clips.
        path: Path of the saved model.
        epochs: Results of all epochs; those of the training on all clips do not count.
        notes: Sentences about the training: why the head did not start from a probe,
            how many versions of clips were made, what all clips taught, and that the
            score was still improving in the last epoch.
        report: Report of `kerasaudio.evaluate` on the validation clips, by the network
            of the best epoch, which has not learned from them. None without any.

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
    notes: tuple[str, ...] = ()
    report: Any = None

    @property
    def waiting(self) -> float:
        """Share of the time of all training steps in which they waited for data."""
        timed = [e for e in self.epochs if e.number and not math.isnan(e.waiting)]
        whole = sum(epoch.seconds for epoch in timed)
        parts = sum(epoch.waiting * epoch.seconds for epoch in timed)
        return parts / whole if whole else 0.0

    @property
    def best(self) -> Epoch:
        """The epoch that was chosen."""
        return best_of(self.epochs)

    def __repr__(self) -> str:
        """Return the path, the number of epochs and the best epoch in one line."""
        best = self.best
        told = [f"epochs={finished(self.epochs)}", f"best={best.number}"]
        if not math.isnan(best.score):
            told.append(f"score={best.score:.4g}")
        return f"Trained({str(self.path)!r}, {', '.join(told)})"
