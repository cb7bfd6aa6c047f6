"""How a network is compiled for a phase of its training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import plain
from kerasaudio.training.plan import Phase, Plan
from kerasaudio.transfer.training import compile_built

_SET_RATES = (
    keras.callbacks.LearningRateScheduler,
    keras.callbacks.ReduceLROnPlateau,
)


@dataclass(frozen=True)
class Compiling:
    """Optimizer, loss and metrics, where they are not the usual ones.

    Attributes:
        optimizer: A name, which takes the schedule's learning rates; or an optimizer,
            of which each phase gets a copy. None for the schedule's.
        loss: Of Keras; None for the one that goes with the head.
        metrics: Of Keras.

    Raises:
        ValueError: An unknown optimizer.
    """

    optimizer: str | keras.optimizers.Optimizer | None = None
    loss: Any = None
    metrics: Sequence[Any] | None = None

    def __post_init__(self) -> None:
        """Check the optimizer."""
        optimizer = self.optimizer
        if isinstance(optimizer, str):
            keras.optimizers.get(optimizer)
        elif not isinstance(optimizer, keras.optimizers.Optimizer | None):
            raise ValueError(
                "optimizer must be the name of one, or a keras.optimizers.Optimizer. "
                f"Received: {type(optimizer).__name__}."
            )

    def check(self, plan: Plan, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        """See that a learning rate is not set by two.

        Raises:
            ValueError: It is a schedule of Keras, and a callback or the plan's phases
                change it, too; Keras would say so after an epoch, or many.
        """
        setters = [type(c).__name__ for c in callbacks if isinstance(c, _SET_RATES)]
        own = isinstance(self.optimizer, keras.optimizers.Optimizer)
        if own and any(phase.scale != 1 for phase in plan.phases):
            setters.insert(0, type(plan).__name__)
        if not setters:
            return
        taken = f"{setters[0]} sets the learning rate, and that is already set by "
        without = f"leave {setters[0]} out"
        if not own and plan.moving_rate is not None:
            value = getattr(plan, plan.moving_rate)
            raise ValueError(
                f"{taken}{type(plan).__name__}({plan.moving_rate}={value!r}). Either "
                f"{without}, or train with {plan.moving_rate}={type(value)()!r}."
            )
        if own and not all(map(_takes_rates, _parts(self._copy()))):
            raise ValueError(
                f"{taken}a schedule inside the optimizer "
                f"{type(self.optimizer).__name__}. Either {without}, or give the "
                "optimizer a number as its learning_rate."
            )

    def compile(
        self, model: keras.Model, plan: Plan, phase: Phase, steps: int, loss: str
    ) -> keras.optimizers.Optimizer:
        """Compile a model for a phase, and give its new optimizer, built.

        Args:
            model: Its trainable variables are those of the phase.
            plan: Chooses what the user does not.
            phase: Of the plan.
            steps: Of an epoch.
            loss: That goes with the head.
        """
        chosen = self._new_optimizer(plan, phase, steps)
        optimizer = compile_built(model, chosen, self.loss or loss, self.metrics)
        if isinstance(self.optimizer, keras.optimizers.Optimizer) and phase.scale != 1:
            for part in _parts(optimizer):
                part.learning_rate = _rate(part) * phase.scale
        return optimizer

    def _new_optimizer(
        self, plan: Plan, phase: Phase, steps: int
    ) -> keras.optimizers.Optimizer:
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            return self._copy()
        rate = plan.rate(phase, steps)
        if self.optimizer is None:
            return plan.optimizer(rate)
        return type(keras.optimizers.get(self.optimizer))(learning_rate=rate)

    def _copy(self) -> keras.optimizers.Optimizer:
        assert isinstance(self.optimizer, keras.optimizers.Optimizer)
        return type(self.optimizer).from_config(self.optimizer.get_config())

    def to_dict(self) -> dict[str, Any]:
        """Give what was said, ready for JSON; metrics teach nothing."""
        told: dict[str, Any] = {}
        if isinstance(self.optimizer, str):
            told["optimizer"] = self.optimizer
        elif self.optimizer is not None:
            config = keras.saving.serialize_keras_object(self.optimizer)
            told["optimizer"] = _nameless(config)
        if self.loss is not None:
            told["loss"] = _loss_facts(self.loss)
        return dict(json.loads(json.dumps(told)))


def learning_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """Give the learning rate as it is now; of several optimizers that of the first."""
    return _rate(_parts(optimizer)[0])


def _rate(optimizer: keras.optimizers.Optimizer) -> float:
    rate = keras.ops.convert_to_numpy(optimizer.learning_rate)
    return float(plain(np.float32(rate)))


def _parts(optimizer: keras.optimizers.Optimizer) -> Sequence[Any]:
    """Give the optimizers inside a MultiOptimizer; any other is its only part."""
    return getattr(optimizer, "optimizers", [optimizer])


def _takes_rates(optimizer: keras.optimizers.Optimizer) -> bool:
    """Try whether a learning rate can be set."""
    try:
        optimizer.learning_rate = 1.0
    except (AttributeError, TypeError):  # a schedule, or a function, has it
        return False
    return True


def _loss_facts(loss: Any) -> Any:
    """Tell losses apart by what lasts longer than a process."""
    if isinstance(loss, str):
        return loss
    if isinstance(loss, keras.losses.Loss):
        return keras.saving.serialize_keras_object(loss)
    named = loss if hasattr(loss, "__qualname__") else type(loss)
    return f"{named.__module__}.{named.__qualname__}"


def _nameless(config: Any) -> Any:
    """Leave out names of objects: Keras counts them up in a process."""
    if isinstance(config, list):
        return [_nameless(item) for item in config]
    if not isinstance(config, dict):
        return config
    return {key: _nameless(item) for key, item in config.items() if key != "name"}
