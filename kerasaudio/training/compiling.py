"""How a network is compiled for a phase of its training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import plain
from kerasaudio.training.masked import MaskedBinaryCrossentropy
from kerasaudio.training.plan import Phase, Plan
from kerasaudio.transfer.training import compile_built

_SET_RATES = (
    keras.callbacks.LearningRateScheduler,
    keras.callbacks.ReduceLROnPlateau,
)


@dataclass(frozen=True)
class Compiling:
    """Optimizer, loss and metrics that the user chose instead of the defaults.

    Attributes:
        optimizer: Name of a Keras optimizer, which gets the learning rates of the
            schedule; or an optimizer, of which each phase uses a copy. None for the
            optimizer of the schedule.
        loss: Loss, as for `keras.Model.compile`; None for the loss that fits the head.
        metrics: Metrics, as for `keras.Model.compile`; None for no metrics.
        accumulate: Number of steps whose gradients are averaged for an update.

    Raises:
        ValueError: The optimizer is unknown, or cannot accumulate gradients.
    """

    optimizer: str | keras.optimizers.Optimizer | None = None
    loss: Any = None
    metrics: Sequence[Any] | None = None
    accumulate: int = 1

    def __post_init__(self) -> None:
        """Check the optimizer."""
        optimizer = self.optimizer
        if isinstance(optimizer, str):
            keras.optimizers.get(optimizer)
        elif not isinstance(optimizer, keras.optimizers.Optimizer | None):
            raise ValueError(
                "optimizer must be the name of an optimizer, or an instance of "
                "keras.optimizers.Optimizer. "
                f"Received: {type(optimizer).__name__}."
            )
        if self.accumulate > 1 and isinstance(optimizer, keras.optimizers.Optimizer):
            _check_accumulates(optimizer, self.accumulate)

    def check(self, plan: Plan, callbacks: Sequence[keras.callbacks.Callback]) -> None:
        """Raise if both a Keras schedule and something else set the learning rate.

        Raises:
            ValueError: The learning rate is a Keras schedule, but a callback or the
                phases of the plan change it, too. Keras itself would report this only
                after one or more epochs.
        """
        setters = [type(c).__name__ for c in callbacks if isinstance(c, _SET_RATES)]
        own = isinstance(self.optimizer, keras.optimizers.Optimizer)
        if own and any(phase.scale != 1 for phase in plan.phases):
            setters.insert(0, type(plan).__name__)
        if not setters:
            return
        taken = f"{setters[0]} sets the learning rate, but it is already set by "
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
                f"{type(self.optimizer).__name__}. Either {without}, or pass the "
                "optimizer a number as its learning_rate."
            )

    def compile(
        self, model: keras.Model, plan: Plan, phase: Phase, steps: int, loss: Any
    ) -> keras.optimizers.Optimizer:
        """Compile a model for a phase, and return its new, built optimizer.

        Args:
            model: Model in which only the variables of this phase are trainable.
            plan: Schedule, which chooses what the user did not choose.
            phase: Phase of the plan.
            steps: Number of updates in an epoch.
            loss: The loss that fits the head.
        """
        chosen = self._accumulating(self._new_optimizer(plan, phase, steps))
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

    def _accumulating(
        self, optimizer: keras.optimizers.Optimizer
    ) -> keras.optimizers.Optimizer:
        if self.accumulate == 1:
            return optimizer
        config = optimizer.get_config()
        config["gradient_accumulation_steps"] = self.accumulate
        return type(optimizer).from_config(config)

    def _copy(self) -> keras.optimizers.Optimizer:
        assert isinstance(self.optimizer, keras.optimizers.Optimizer)
        return type(self.optimizer).from_config(self.optimizer.get_config())

    @property
    def leaves_unknown_out(self) -> bool:
        """Whether the loss takes NaN for the target of an unknown label."""
        return self.loss is None or isinstance(self.loss, MaskedBinaryCrossentropy)

    def to_dict(self) -> dict[str, Any]:
        """Return the user's choices as values for JSON.

        Metrics are left out, because they do not affect the training.
        """
        told: dict[str, Any] = {}
        if isinstance(self.optimizer, str):
            told["optimizer"] = self.optimizer
        elif self.optimizer is not None:
            config = keras.saving.serialize_keras_object(self.optimizer)
            told["optimizer"] = _nameless(config)
        if self.loss is not None:
            told["loss"] = _loss_facts(self.loss)
        return dict(json.loads(json.dumps(told)))


def _check_accumulates(optimizer: keras.optimizers.Optimizer, steps: int) -> None:
    """Raise a ValueError unless gradients can be accumulated for an optimizer."""
    own = getattr(optimizer, "gradient_accumulation_steps", None)
    if own or len(_parts(optimizer)) > 1 or hasattr(optimizer, "inner_optimizer"):
        name = type(optimizer).__name__
        told = f"{name}(gradient_accumulation_steps={own})" if own else name
        raise ValueError(
            "accumulate must be 1, or the optimizer a plain one that does not "
            f"accumulate gradients itself. Received: accumulate={steps} and {told}."
        )


def learning_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """Return the current learning rate; of several optimizers, that of the first."""
    return _rate(_parts(optimizer)[0])


def _rate(optimizer: keras.optimizers.Optimizer) -> float:
    rate = keras.ops.convert_to_numpy(optimizer.learning_rate)
    return float(plain(np.float32(rate)))


def _parts(optimizer: keras.optimizers.Optimizer) -> Sequence[Any]:
    """Return the optimizers in a MultiOptimizer; any other is its own only part."""
    return getattr(optimizer, "optimizers", [optimizer])


def _takes_rates(optimizer: keras.optimizers.Optimizer) -> bool:
    """Return whether the learning rate of an optimizer can be set."""
    try:
        optimizer.learning_rate = 1.0
    except (AttributeError, TypeError):  # the rate is a schedule or a function
        return False
    return True


def _loss_facts(loss: Any) -> Any:
    """Return a description of a loss that is the same in every process."""
    if isinstance(loss, str):
        return loss
    if isinstance(loss, keras.losses.Loss):
        return keras.saving.serialize_keras_object(loss)
    named = loss if hasattr(loss, "__qualname__") else type(loss)
    return f"{named.__module__}.{named.__qualname__}"


def _nameless(config: Any) -> Any:
    """Return a config without names: Keras numbers them, so they differ by process."""
    if isinstance(config, list):
        return [_nameless(item) for item in config]
    if not isinstance(config, dict):
        return config
    return {key: _nameless(item) for key, item in config.items() if key != "name"}
