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
        score: Share of the validation clips that are recognised; see `Head.validate`;
            NaN without such clips.
        validation_loss: Cross-entropy a validation clip, or NaN.
        seconds: It took.
        is_best: Whether it was the best so far.
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


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        model: With the weights of the best epoch, or without validation of the last.
        path: Where it is saved.
        epochs: All of them.
    """

    model: AudioModel
    path: Path
    epochs: tuple[Epoch, ...]

    @property
    def best(self) -> Epoch:
        """The epoch whose weights were kept."""
        return max(self.epochs, key=lambda epoch: epoch.rank)
