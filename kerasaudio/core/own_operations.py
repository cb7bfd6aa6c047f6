"""Layers of training steps that compute in another way than Keras, with its numbers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from kerasaudio.layers.depthwise import xla_on_cpu

_METHOD = "call"


@contextmanager
def own_operations(model: keras.Model, training: bool | None) -> Iterator[None]:
    """Let layers of a model use `torch_operations` or `jax_operations` meanwhile.

    It does nothing on TensorFlow, without `training`, in `torch.compile`, which joins
    such passes itself, and on jax with accelerators or several devices.

    Args:
        model: Model whose layers are built.
        training: Whether a training step runs.
    """
    operations = _operations() if training else {}
    found = [
        layer
        for layer in (model._flatten_layers() if operations else ())
        if type(layer) in operations and _METHOD not in vars(layer)
    ]
    for layer in found:  # past the tracking of Keras and torch
        layer.__dict__[_METHOD] = operations[type(layer)](layer)
    try:
        yield
    finally:
        for layer in found:
            layer.__dict__.pop(_METHOD, None)


def _operations() -> Mapping[type, Callable[[Any], Any]]:
    """Return the operations of the backend, by the type of the layer."""
    backend = keras.backend.backend()
    if backend == "jax" and xla_on_cpu() and len(keras.distribution.list_devices()) < 2:
        from kerasaudio.core import jax_operations

        return jax_operations.OPERATIONS
    if backend == "torch":
        import torch

        from kerasaudio.core import torch_operations

        if not torch.compiler.is_compiling():
            return torch_operations.OPERATIONS
    return {}
