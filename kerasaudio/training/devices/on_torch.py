"""Several devices on torch, as torch's DistributedDataParallel trains on them.

Keras' `fit` runs in this process, with its callbacks and the optimizer, on the first
device. Each other device has a process (`torch_worker`). A step: this process sends each
one its rows and the weights, all compute the gradient of their rows, and the sum over
all devices updates the weights here. Batch normalization sums over all devices, too.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
from keras import ops

CPUS = "KERASAUDIO_TORCH_CPUS"


class OnTorch:
    def __init__(self, devices):
        self._devices = tuple(devices)


def torch_devices() -> tuple[str, ...]:
    """Return the names of torch's GPUs, or of its CPUs: one, or as many as are told."""
    import torch

    if torch.cuda.is_available():
        return tuple(f"cuda:{i}" for i in range(torch.cuda.device_count()))
    return tuple(f"cpu:{i}" for i in range(int(os.environ.get(CPUS) or 1)))
