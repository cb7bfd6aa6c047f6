"""What every schedule tells `train`, and the phases that it consists of."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import keras

from kerasaudio.arguments import whole_number

MONITORS = ("score", "clip_loss", "window_loss")


class Phase(NamedTuple):
    """A part of a training with one optimizer.

    Attributes:
        name: "frozen", only the head learns; everything does in all others.
        epochs: At most.
        learning_rate: Of an optimizer that the schedule chooses, or that has a name.
        scale: What the learning rate of a user's own optimizer is multiplied by.
    """

    name: str
    epochs: int
    learning_rate: float
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Plan(ABC):
    """What all schedules have in common.

    Attributes:
        monitor: What makes an epoch better; see the schedules.
        patience: A phase ends early after so many epochs that are no better.
        keep_statistics: Whether batch normalization stays as it is.
        batch_size: Windows a step.
        class_weights: Whether all classes count alike, however many clips they have.
        seed: Of all that is random.

    Raises:
        ValueError: A value out of range.
    """

    needs_validation: ClassVar[bool] = False

    monitor: str = "score"
    patience: int = 8
    keep_statistics: bool = False
    batch_size: int = 32
    class_weights: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values."""
        if self.monitor not in MONITORS:
            raise ValueError(
                f"monitor must be one of {MONITORS}. Received: {self.monitor!r}."
            )
        for name, least in {"patience": 1, "batch_size": 1, "seed": 0}.items():
            most = 2**32 - 1 if name == "seed" else None
            self._set(name, whole_number(getattr(self, name), name, least, most))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    @property
    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """The parts that have epochs."""

    @property
    @abstractmethod
    def moving_rate(self) -> str | None:
        """The setting by which a learning rate changes within a phase, if any does."""

    @abstractmethod
    def rate(self, phase: Phase, steps: int) -> Any:
        """Give the learning rate of a phase, for an optimizer; `steps` an epoch."""

    @abstractmethod
    def optimizer(self, rate: Any) -> keras.optimizers.Optimizer:
        """Give the optimizer where the user names none."""

    def to_dict(self) -> dict[str, Any]:
        """Give the attributes, ready for JSON."""
        return asdict(self)
