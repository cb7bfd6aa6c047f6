"""How a network is compiled for a phase of its training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerasaudio.training.schedule import Phase


@dataclass(frozen=True)
class Compiling:
    """Optimizer, loss and metrics, where they are not the usual ones.

    Attributes:
        optimizer: A name, which takes the schedule's learning rates; or an optimizer,
            of which each phase gets a copy. None for Adam.
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

    def optimizer_for(
        self, phase: Phase, steps: int | None
    ) -> keras.optimizers.Optimizer:
        """Give a new optimizer.

        Args:
            phase: Its learning rate, for all but an optimizer with its own.
            steps: Over which that falls to 0 along half a cosine; None if it stays.
        """
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            return type(self.optimizer).from_config(self.optimizer.get_config())
        rate: Any = phase.learning_rate
        if steps is not None:
            rate = keras.optimizers.schedules.CosineDecay(rate, steps)
        return type(keras.optimizers.get(self.optimizer or "adam"))(learning_rate=rate)

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
