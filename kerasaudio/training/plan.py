"""The base class of all schedules, and the phases that they consist of."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import keras

from kerasaudio.arguments import whole_number

MONITORS = ("score", "clip_loss", "window_loss")


class Phase(NamedTuple):
    """A part of a training with one optimizer.

    Attributes:
        name: Name of the phase. In "frozen" only the head is trained, in all others the
            whole network.
        epochs: Maximum number of epochs.
        learning_rate: Learning rate, unless the user passes an optimizer object.
        scale: Factor for the learning rate of such an optimizer object; default: 1.
    """

    name: str
    epochs: int
    learning_rate: float
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Plan(ABC):
    """Base class of all schedules.

    Attributes:
        monitor: Criterion by which epochs are compared: "score", "clip_loss" or
            "window_loss"; see the schedules. Default: "score".
        patience: Number of epochs in a row without progress that end a phase early, at
            least 1; default: 8.
        keep_statistics: Whether batch normalization keeps its statistics; default:
            False.
        batch_size: Number of windows per training step, at least 1; default: 32.
        class_weights: Whether all classes have the same total weight, regardless of
            their numbers of clips; default: True.
        seed: Seed of everything random, 0 to 2**32 - 1; default: 0.

    Raises:
        ValueError: A value is out of range.
    """

    needs_validation: ClassVar[bool] = False

    monitor: str = "score"
    patience: int = 8
    keep_statistics: bool = False
    batch_size: int = 32
    class_weights: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the fields."""
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
        """The phases that have epochs, in order."""

    def least_epochs(self, steps: int) -> int:
        """Return the number of epochs before which no phase ends.

        Args:
            steps: Number of training steps in an epoch.
        """
        return 0

    def phases_of(self, steps: int) -> tuple[Phase, ...]:
        """Return the phases, with at least `least_epochs` each."""
        least = self.least_epochs(steps)
        return tuple(p._replace(epochs=max(p.epochs, least)) for p in self.phases)

    @property
    @abstractmethod
    def moving_rate(self) -> str | None:
        """Name of the field that changes the learning rate within a phase, or None."""

    @abstractmethod
    def field_of(self, phase: Phase) -> str:
        """Return the name of the field that sets the number of epochs of a phase."""

    @abstractmethod
    def rate(self, phase: Phase, steps: int) -> Any:
        """Return the learning rate of a phase: a number, or a Keras schedule.

        Args:
            phase: Phase of this schedule.
            steps: Number of training steps in an epoch.
        """

    @abstractmethod
    def optimizer(self, rate: Any) -> keras.optimizers.Optimizer:
        """Return the optimizer that is used unless the user chooses one."""

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as values for JSON."""
        return asdict(self)
