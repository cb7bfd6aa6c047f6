"""What was asked for: a number of devices, a precision, and parts of a batch."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import keras

from kerasaudio.arguments import whole_number
from kerasaudio.core.programs.parallel import shares

ALL = "all"
Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


class Placement(Protocol):
    """How a backend trains on its devices."""

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context in which the network and its optimizer are compiled."""

    def placed(self, learner: Any) -> AbstractContextManager[Any]:
        """Return a context in which the variables of a network are on the devices."""

    def begin_epoch(self, seed: int) -> None:
        """Give each device random numbers of its own for an epoch."""

    def train_step(self, learner: Any, data: Any) -> Any:
        """Train on a batch; NotImplemented for the step of Keras."""


@dataclass(frozen=True)
class Parallel:
    """How a training is computed.

    Attributes:
        devices: Names of the devices; one for the usual training.
        precision: Name of a Keras dtype policy; None for that of the model.
        accumulate: Number of batches whose gradients are averaged for an update.

    Raises:
        ValueError: A value is out of range.
    """

    devices: tuple[str, ...] = ("",)
    precision: str | None = None
    accumulate: int = 1

    @classmethod
    def asked(
        cls, devices: int | str | None, precision: str | None, accumulate: int
    ) -> "Parallel":
        """Return what `train` was asked for.

        Args:
            devices: "all", a number of devices, or None for one.
            precision: One of `PRECISIONS`, or None.
            accumulate: Number of batches of an update, at least 1.

        Raises:
            ValueError: A value is out of range, or there are fewer devices.
        """
        if precision is not None and precision not in PRECISIONS:
            raise ValueError(
                f"precision must be one of {PRECISIONS}, or None for that of the "
                f"model. Received: {precision!r}."
            )
        accumulate = whole_number(accumulate, "accumulate")
        if devices is None:
            return cls(("",), precision, accumulate)
        chosen = _chosen(devices)
        if len(chosen) > 1 and accumulate > 1 and _backend() == "tensorflow":
            raise ValueError(
                "accumulate must be 1 on several devices of TensorFlow: Keras' "
                "optimizers cannot accumulate gradients there. Pass devices=1, or use "
                f"jax or torch. Received: accumulate={accumulate} and {len(chosen)} "
                "devices."
            )
        return cls(chosen, precision, accumulate)

    def to_dict(self) -> dict[str, Any]:
        """Return what determines the result, as values for JSON.

        The number of devices does not: a training goes on with another one.
        """
        told: dict[str, Any] = {}
        if self.precision is not None:
            told["precision"] = self.precision
        if self.accumulate > 1:
            told["accumulate"] = self.accumulate
        return told

    @property
    def is_plain(self) -> bool:
        """Whether the network can be trained as it is."""
        several = len(self.devices) > 1 or self.accumulate > 1
        return not several and self.precision is None

    def placement(self) -> Placement:
        """Return how the backend trains on these devices."""
        backend = _backend()
        if len(self.devices) == 1:
            from kerasaudio.training.devices.on_one import OnOne

            return OnOne()
        if backend == "jax":
            from kerasaudio.training.devices.on_jax import OnJax

            return OnJax(self.devices)
        if backend == "tensorflow":
            from kerasaudio.training.devices.on_tensorflow import OnTensorFlow

            return OnTensorFlow(self.devices)
        from kerasaudio.training.devices.on_torch import OnTorch

        return OnTorch(self.devices)


def _backend() -> str:
    return str(keras.backend.backend())


def _chosen(devices: int | str) -> tuple[str, ...]:
    """Return the names of the devices that were asked for.

    Raises:
        ValueError: The value is neither "all" nor a number, or there are fewer devices;
            or the user has distributed the backend already.
    """
    if devices != ALL and isinstance(devices, str | bool):
        raise ValueError(
            'devices must be "all", a number of devices, or None for one. '
            f"Received: {devices!r}."
        )
    if shares() > 1:
        raise ValueError(
            "devices must be None while keras.distribution.set_distribution is in "
            f"force: its devices are used. Received: devices={devices!r}."
        )
    there = available()
    if devices == ALL:
        return there
    number = whole_number(devices, "devices")
    if number > len(there):
        kind = there[0].split(":")[0].upper()
        raise ValueError(
            f"devices={number} was asked for, but {_backend()} has "
            f'{len(there)} ({kind}): {", ".join(there)}. Pass devices="all", or a '
            "smaller number."
        )
    return there[:number]


def available() -> tuple[str, ...]:
    """Return the names of the devices of one kind that the backend can train on.

    They are its GPUs or TPUs, or without any its CPUs, of which there is usually one.
    """
    if _backend() == "torch":
        from kerasaudio.training.devices.on_torch import torch_devices

        return torch_devices()
    if _backend() == "tensorflow":
        from kerasaudio.training.devices.on_tensorflow import tensorflow_devices

        return tensorflow_devices()
    found = keras.distribution.list_devices()
    return tuple(found) or ("cpu:0",)
