"""A schedule that reduces the learning rate when there is no more progress."""

from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from kerasaudio.arguments import number, whole_number
from kerasaudio.training.plan import Phase, Plan


@dataclass(frozen=True, kw_only=True)
class PlateauSchedule(Plan):
    """Reduce the learning rate on a plateau, and restart from the best weights.

    Each stage has its learning rate and ends after `patience` epochs without progress.
    The next stage starts from the best weights so far, with a lower learning rate and a
    new optimizer; after the last stage, the best weights are kept. The optimizer is SGD
    with Nesterov momentum unless `train` receives another one. An optimizer chosen by
    name gets the learning rates and their decay. Of an optimizer object, each stage
    uses a copy whose own learning rate is multiplied by ``factor**stage``, with stages
    numbered from 0.

    The defaults are those of the published sample-level networks for music and speech.

    Attributes:
        learning_rate: Learning rate of the first stage, above 0; default: 0.01.
        factor: Factor by which the learning rate is multiplied from stage to stage,
            above 0 and at most 1; default: 0.2.
        stages: Number of stages, at least 1; default: 5.
        epochs: Maximum number of epochs of a stage, at least 1; default: 100.
        momentum: Nesterov momentum of SGD, at least 0 and below 1; default: 0.9.
        decay: Decay of the learning rate within a stage, at least 0; default: 1e-6.
            The learning rate at a step is ``rate / (1 + decay * step)``; 0 for no
            decay.
        monitor: Criterion by which an epoch is better than all before; default:
            "window_loss". "window_loss": the cross-entropy of the single windows of the
            validation clips is lower, as in Keras' ``val_loss``. "clip_loss": the
            cross-entropy of whole validation clips, with the outputs averaged over
            their windows, is lower. "score": more validation clips are recognized, or
            equally many with a lower "clip_loss".
        patience: Number of epochs in a row without progress that end a stage, at least
            1; default: 2.
        keep_statistics: Whether batch normalization keeps its statistics; useful for
            networks that are already trained. Default: False.
        batch_size: Number of windows per training step, at least 1; default: 23.
        class_weights: Whether all classes have the same total weight, regardless of
            their numbers of clips; default: False.
        seed: Seed of everything random, 0 to 2**32 - 1; default: 0.

    Raises:
        ValueError: A value is out of range.

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
        """Check the fields."""
        super().__post_init__()
        for name in ("stages", "epochs"):
            self._set(name, whole_number(getattr(self, name), name))
        self._set("learning_rate", number(self.learning_rate, "learning_rate", above=0))
        self._set("factor", number(self.factor, "factor", above=0, most=1))
        self._set("momentum", number(self.momentum, "momentum", 0, below=1))
        self._set("decay", number(self.decay, "decay", 0))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stages, in order."""
        scales = [self.factor**stage for stage in range(self.stages)]
        return tuple(
            Phase(f"stage {number}", self.epochs, self.learning_rate * scale, scale)
            for number, scale in enumerate(scales, 1)
        )

    @property
    def moving_rate(self) -> str | None:
        """Name of the field that changes the learning rate within a stage, or None."""
        return "decay" if self.decay else None

    def field_of(self, phase: Phase) -> str:
        """Return the name of the field that sets the number of epochs of a stage."""
        return "epochs"

    def rate(self, phase: Phase, steps: int) -> Any:
        """Return the learning rate of a stage; with decay, a Keras schedule."""
        if not self.decay:
            return phase.learning_rate
        return keras.optimizers.schedules.InverseTimeDecay(
            phase.learning_rate, decay_steps=1, decay_rate=self.decay
        )

    def optimizer(self, rate: Any) -> keras.optimizers.Optimizer:
        """Return SGD with Nesterov momentum."""
        return keras.optimizers.SGD(rate, momentum=self.momentum, nesterov=True)
