"""How a training goes: which layers learn, how fast, for how long."""

from dataclasses import dataclass
from typing import Any, Self

import keras

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.training.plan import Phase, Plan


@dataclass(frozen=True)
class Schedule(Plan):
    """First the head on a frozen body, then the whole network.

    Attributes:
        freeze_epochs: Epochs in which only the head learns, and batch normalization
            keeps its statistics; 0 to skip them.
        unfreeze_epochs: Epochs in which everything learns; 0 to skip them.
        head_learning_rate: Of Adam, while the body is frozen.
        learning_rate: Of Adam, for the whole network.
        keep_statistics: Whether batch normalization stays as it is while the whole
            network learns: what a published network knows of its many clips is worth
            more than what a few batches tell it.
        cosine_decay: Whether a phase's learning rate falls to 0 along half a cosine
            over its epochs, patience or not.
        monitor: What makes an epoch better than all before. "score": more validation
            clips recognized, or as many at a lower "clip_loss". "clip_loss": a lower
            cross-entropy of whole validation clips, the outputs averaged over their
            windows. "window_loss": of their windows, each by itself.
        patience: A phase ends early after so many epochs in a row that are no better.
        batch_size: Windows a step.
        class_weights: Whether all classes count alike, however many clips they have.
        seed: Of all that is random.

    Raises:
        ValueError: A value out of range; no epochs at all.

    Examples:
        >>> schedule = kerasaudio.training.Schedule(freeze_epochs=2, unfreeze_epochs=4)
        >>> [(phase.name, phase.epochs) for phase in schedule.phases]
        [('frozen', 2), ('full', 4)]
        >>> model = kerasaudio.load("LeNetMFCC/fsdd")
        >>> kerasaudio.training.Schedule.for_model(model).unfreeze_epochs
        15
    """

    freeze_epochs: int = 0
    unfreeze_epochs: int = 30
    head_learning_rate: float = 3e-3
    learning_rate: float = 1e-3
    cosine_decay: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        for name in ("freeze_epochs", "unfreeze_epochs"):
            self._set(name, whole_number(getattr(self, name), name, 0))
        for name in ("head_learning_rate", "learning_rate"):
            self._set(name, number(getattr(self, name), name, above=0))
        if not self.freeze_epochs + self.unfreeze_epochs:
            raise ValueError(
                "There is nothing to do: freeze_epochs and unfreeze_epochs are 0."
            )

    @classmethod
    def for_model(cls, model: AudioModel, **settings: Any) -> Self:
        """Choose for a model what was not said.

        Pretrained networks have 5 frozen epochs and 15 others, with batch normalization
        as it is, at a learning rate of 0.0001; those with random weights start with
        everything, at 0.001.

        Args:
            model: To be trained; `spec.weights`, `spec.trained_on` or `spec.metrics`
                tell that it has learned before.
            **settings: Attributes; None for the default.
        """
        chosen: dict[str, Any] = {}
        spec = model.spec
        if spec.weights is not None or spec.trained_on or spec.metrics:
            chosen = {
                "freeze_epochs": 5,
                "unfreeze_epochs": 15,
                "learning_rate": 1e-4,
                "keep_statistics": True,
            }
        said = {name: value for name, value in settings.items() if value is not None}
        return cls(**chosen | said)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The parts that have epochs."""
        both = (
            Phase("frozen", self.freeze_epochs, self.head_learning_rate),
            Phase("full", self.unfreeze_epochs, self.learning_rate),
        )
        return tuple(phase for phase in both if phase.epochs)

    @property
    def moving_rate(self) -> str | None:
        """The setting by which a learning rate changes within a phase, if any does."""
        return "cosine_decay" if self.cosine_decay else None

    def rate(self, phase: Phase, steps: int) -> Any:
        """Give the learning rate of a phase; one that falls is a schedule of Keras."""
        if not self.cosine_decay:
            return phase.learning_rate
        return keras.optimizers.schedules.CosineDecay(
            phase.learning_rate, phase.epochs * steps
        )

    def optimizer(self, rate: Any) -> keras.optimizers.Optimizer:
        """Give Adam."""
        return keras.optimizers.Adam(rate)
