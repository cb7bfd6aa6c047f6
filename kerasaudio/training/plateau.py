"""A learning rate that is divided where training stands still."""

from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from kerasaudio.arguments import number, whole_number
from kerasaudio.training.plan import Phase, Plan


@dataclass(frozen=True, kw_only=True)
class PlateauSchedule(Plan):
    """Reduce the learning rate on a plateau, and restart from the best weights.

    A stage is a learning rate. It ends after `patience` epochs without progress. The
    next one begins from the best weights so far, with a smaller rate and a fresh
    optimizer; after the last one the best weights are kept. The optimizer is SGD with
    Nesterov momentum unless `train` is given another: one with a name takes the
    learning rates and their decay; of an optimizer object each stage gets a copy, whose
    own learning rate is multiplied by ``factor**stage``.

    The default values are those of the sample-level networks for music and speech.

    Attributes:
        learning_rate: Of the first stage, above 0.
        factor: What the learning rate is multiplied by from stage to stage, above 0, up
            to 1.
        stages: Learning rates in all, 1 or more.
        epochs: Of a stage, at most.
        momentum: Of SGD, Nesterov's kind, from 0 and below 1.
        decay: With each step of a stage its learning rate shrinks, inversely with time:
            ``rate / (1 + decay * step)``; 0 for none.
        monitor: What makes an epoch better than all before. "window_loss": a lower
            cross-entropy of the windows of the validation clips, each by itself, as
            Keras' ``val_loss``. "clip_loss": of whole clips, the outputs averaged over
            their windows. "score": more clips recognized, or as many at a lower
            "clip_loss".
        patience: A stage ends after so many epochs in a row that are no better.
        keep_statistics: Whether batch normalization stays as it is; for networks that
            have learned before.
        batch_size: Windows a step.
        class_weights: Whether all classes count alike, however many clips they have.
        seed: Of all that is random.

    Raises:
        ValueError: A value out of range.

    Source: tae-jun/resemul, commit f2c2c80 (Kim et al. 2018, arXiv:1710.10451);
        jongpillee/sampleCNN, commit 555269a (Lee et al. 2017, arXiv:1703.01789).

    Examples:
        >>> schedule = kerasaudio.training.PlateauSchedule(stages=3, epochs=10)
        >>> [(p.name, p.epochs, round(p.learning_rate, 6)) for p in schedule.phases]
        [('stage 1', 10, 0.01), ('stage 2', 10, 0.002), ('stage 3', 10, 0.0004)]
    """

    needs_validation: ClassVar[bool] = True

    learning_rate: float = 0.01
    factor: float = 0.2
    stages: int = 5
    epochs: int = 100
    momentum: float = 0.9
    decay: float = 1e-6
    monitor: str = "window_loss"
    patience: int = 2
    batch_size: int = 23
    class_weights: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        super().__post_init__()
        for name in ("stages", "epochs"):
            self._set(name, whole_number(getattr(self, name), name))
        self._set("learning_rate", number(self.learning_rate, "learning_rate", above=0))
        self._set("factor", number(self.factor, "factor", above=0, most=1))
        self._set("momentum", number(self.momentum, "momentum", 0, below=1))
        self._set("decay", number(self.decay, "decay", 0))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stages."""
        scales = [self.factor**stage for stage in range(self.stages)]
        return tuple(
            Phase(f"stage {number}", self.epochs, self.learning_rate * scale, scale)
            for number, scale in enumerate(scales, 1)
        )

    @property
    def moving_rate(self) -> str | None:
        """The setting by which a learning rate changes within a stage, if any does."""
        return "decay" if self.decay else None

    def rate(self, phase: Phase, steps: int) -> Any:
        """Give the learning rate of a stage; one that decays is a schedule of Keras."""
        if not self.decay:
            return phase.learning_rate
        return keras.optimizers.schedules.InverseTimeDecay(
            phase.learning_rate, decay_steps=1, decay_rate=self.decay
        )

    def optimizer(self, rate: Any) -> keras.optimizers.Optimizer:
        """Give SGD."""
        return keras.optimizers.SGD(rate, momentum=self.momentum, nesterov=True)
