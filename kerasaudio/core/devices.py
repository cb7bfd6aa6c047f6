"""The devices of the backend, by Keras' names."""

import contextlib
import re
from typing import Any

import keras


def device(name: str) -> contextlib.AbstractContextManager[Any]:
    """Return a context in which models are built and run on one device.

    It is `keras.device`, with a clear error if the device is not there: otherwise
    TensorFlow uses another one silently, and torch and jax raise errors that differ. On
    torch, a model runs only on the device on which it was built.

    Args:
        name: Such as "cpu", "gpu" (the first one) or "gpu:1".

    Raises:
        ValueError: The backend does not see the device; the message names those that it
            sees.

    Example:
        >>> with kerasaudio.device("cpu"):
        ...     vector = kerasaudio.load("LeNetMFCC/fsdd").embed("song.wav")
    """
    if not isinstance(name, str) or not re.fullmatch(r"(cpu|gpu|tpu)(:\d+)?", name):
        raise ValueError(
            f'A device is called "cpu", "gpu" or "gpu:1". Received: {name!r}.'
        )
    full = name if ":" in name else f"{name}:0"
    there = devices()
    if full not in there:
        raise ValueError(
            f"There is no device {name!r}: {keras.backend.backend()} sees "
            f"{', '.join(there)}. Is the version of {keras.backend.backend()} for such "
            "devices installed, and does CUDA_VISIBLE_DEVICES hide none?"
        )
    # torch takes "cpu:0" and "cpu", where its weights are, for different devices.
    torch_cpu = full == "cpu:0" and keras.backend.backend() == "torch"
    found = keras.device("cpu" if torch_cpu else full)
    context: contextlib.AbstractContextManager[Any] = found
    return context


def devices() -> list[str]:
    """Return the names of the devices that the backend sees, such as "gpu:0"."""
    if keras.backend.backend() == "torch":  # without keras.distribution
        import torch

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return ["cpu:0", *(f"gpu:{number}" for number in range(count))]
    found = [
        *keras.distribution.list_devices(),
        "cpu:0",
    ]  # jax names no CPU beside GPUs
    return list(dict.fromkeys(found))
