"""The default schedule: first the new head is trained, then the whole network."""

from dataclasses import dataclass
from typing import Any, Self

import keras

from kerasaudio.arguments import number, whole_number
from kerasaudio.core import AudioModel
from kerasaudio.training.plan import Phase, Plan


@dataclass(frozen=True)
class Schedule(Plan):
    """Train first the head on a frozen body, then the whole network.

    Attributes:
        freeze_epochs: Maximum number of epochs in which only the head is trained, and
            batch normalization keeps its statistics; 0 to skip them; default: 0.
        unfreeze_epochs: Maximum number of epochs in which all layers are trained; 0 to
            skip them; default: 30.
        min_steps: Least number of training steps in a phase, at least 0; default: 0.
            With few clips an epoch has few steps: then a phase has more epochs than its
            maximum, and `patience` does not end it before.
        head_learning_rate: Learning rate of Adam while the body is frozen, above 0;
            default: 0.003.
        learning_rate: Learning rate of Adam for the whole network, above 0; default:
            0.001.
        keep_statistics: Whether batch normalization keeps its statistics while the
            whole network is trained; default: False. For pretrained networks, their
            statistics of many clips are better than those of a few batches.
        cosine_decay: Whether the learning rate of a phase falls to 0 along half a
            cosine over all its epochs, even if the phase ends early; default: False.
        monitor: Criterion by which an epoch is better than all before; default:
            "score". "score": more validation clips are recognized, or equally many with
            a lower "clip_loss". "clip_loss": the cross-entropy of whole validation
            clips, with the outputs averaged over their windows, is lower.
            "window_loss": the cross-entropy of their single windows is lower.
        patience: Number of epochs in a row without progress that end a phase early, at
            least 1; default: 8.
        batch_size: Number of windows per training step, at least 1; default: 32.
        class_weights: Whether all classes have the same total weight, regardless of
            their numbers of clips; default: True.
        seed: Seed of everything random, 0 to 2**32 - 1; default: 0.

    With both numbers of epochs 0, the head is the linear probe that it starts from, and
    nothing else is trained.

    Raises:
        ValueError: A value is out of range.

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
    min_steps: int = 0
    head_learning_rate: float = 3e-3
    learning_rate: float = 1e-3
    cosine_decay: bool = False

    def __post_init__(self) -> None:
        """Check the fields."""
        super().__post_init__()
        for name in ("freeze_epochs", "unfreeze_epochs", "min_steps"):
            self._set(name, whole_number(getattr(self, name), name, 0))
        for name in ("head_learning_rate", "learning_rate"):
            self._set(name, number(getattr(self, name), name, above=0))

    @classmethod
    def for_model(
        cls,
        model: AudioModel,
        *,
        fitted_head: bool = False,
        few_clips: bool = False,
        **settings: Any,
    ) -> Self:
        """Return a schedule that suits a model.

        Pretrained networks have 5 frozen epochs and 15 of the whole network, in which
        the learning rate is 0.0001 and batch normalization keeps its statistics. Unless
        numbers of epochs are given, a phase has at least 100 steps. If the head starts
        from a probe, few steps are enough: there is no such minimum, there are no
        frozen epochs (unless `unfreeze_epochs` is 0), and the learning rate is 0.00002,
        or 0.0001 in frozen epochs. With few clips there are no epochs: the body stays
        as it is, because so few held-out clips cannot tell if an epoch made it better.

        Networks with random weights have the default values of `Schedule`: all layers
        are trained from the start, with a learning rate of 0.001.

        Args:
            model: Model to train; pretrained if `spec.is_pretrained`.
            fitted_head: Whether the head starts from a probe; see `train`.
            few_clips: Whether there are fewer than 32 clips a class.
            **settings: Attributes to set; None for the value that suits the model.
        """
        said = {name: value for name, value in settings.items() if value is not None}
        chosen: dict[str, Any] = {}
        if model.spec.is_pretrained:
            chosen = {
                "freeze_epochs": 5,
                "unfreeze_epochs": 15,
                "learning_rate": 1e-4,
                "keep_statistics": True,
            }
            if fitted_head:
                # At higher rates, a few clips lead a network astray.
                chosen |= {"learning_rate": 2e-5, "head_learning_rate": 1e-4}
                if said.get("unfreeze_epochs") != 0:
                    chosen["freeze_epochs"] = 0
                if few_clips and not said.keys() & {"freeze_epochs", "unfreeze_epochs"}:
                    chosen["unfreeze_epochs"] = 0
            elif not said.keys() & {"freeze_epochs", "unfreeze_epochs"}:
                chosen["min_steps"] = 100
        return cls(**chosen | said)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases that have epochs, in order."""
        both = (
            Phase("frozen", self.freeze_epochs, self.head_learning_rate),
            Phase("full", self.unfreeze_epochs, self.learning_rate),
        )
        return tuple(phase for phase in both if phase.epochs)

    def least_epochs(self, steps: int) -> int:
        """Return the number of epochs of `steps` steps that have `min_steps`."""
        return -(-self.min_steps // steps)

    @property
    def moving_rate(self) -> str | None:
        """Name of the field that changes the learning rate within a phase, or None."""
        return "cosine_decay" if self.cosine_decay else None

    def field_of(self, phase: Phase) -> str:
        """Return the name of the field that sets the number of epochs of a phase."""
        return "freeze_epochs" if phase.name == "frozen" else "unfreeze_epochs"

    def rate(self, phase: Phase, steps: int) -> Any:
        """Return the learning rate of a phase; with cosine decay, a Keras schedule."""
        if not self.cosine_decay:
            return phase.learning_rate
        return keras.optimizers.schedules.CosineDecay(
            phase.learning_rate, phase.epochs * steps
        )

    def optimizer(self, rate: Any) -> keras.optimizers.Optimizer:
        """Return Adam."""
        return keras.optimizers.Adam(rate)
