"""Activations, in place where the input is not needed any more."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from keras import activations, layers
from torch.nn import functional

from kerasaudio.core.programs.torch_steps.step import Step, is_linear, step_for

# Activation of Keras -> (torch's, torch's in place, oneDNN's name).
_KNOWN: dict[Any, tuple[Callable[[Any], Any], Callable[[Any], Any], str]] = {
    activations.relu: (torch.relu, torch.relu_, "relu"),
    activations.sigmoid: (torch.sigmoid, torch.sigmoid_, "sigmoid"),
    activations.tanh: (torch.tanh, torch.tanh_, "tanh"),
    activations.hard_silu: (
        functional.hardswish,
        lambda x: functional.hardswish(x, inplace=True),
        "hardswish",
    ),
    activations.silu: (
        functional.silu,
        lambda x: functional.silu(x, inplace=True),
        "swish",
    ),
    activations.gelu: (functional.gelu, functional.gelu, "gelu"),
}


def name_in_onednn(activation: Any) -> str | None:
    """Return oneDNN's name of an activation, or None if it has none."""
    if is_linear(activation):
        return "none"
    return _KNOWN[activation][2] if activation in _KNOWN else None


def apply(activation: Any, x: Any, owned: bool) -> Any:
    """Apply an activation of Keras, or any function of tensors.

    Args:
        activation: The function.
        x: The tensor.
        owned: Whether the tensor may be overwritten.
    """
    if is_linear(activation):
        return x
    if activation in _KNOWN:
        new, in_place, _ = _KNOWN[activation]
        return in_place(x) if owned else new(x)
    return activation(x)


def activation_of(layer: Any) -> Any:
    """Return the function that a layer applies if it is an activation, else None."""
    if type(layer) is layers.Activation:
        return layer.activation
    plain = type(layer) is layers.ReLU and not (layer.negative_slope or layer.threshold)
    if not plain:
        return None
    return activations.relu if layer.max_value is None else _Clipped(layer.max_value)


class _Clipped:
    """ReLU with a maximum."""

    def __init__(self, maximum: float) -> None:
        self._maximum = float(maximum)

    def __call__(self, x: Any) -> Any:
        return torch.clamp(x, 0, self._maximum)


class _Activation(Step):
    """An activation that is a layer of its own."""

    def __init__(self, activation: Any) -> None:
        self._activation = activation
        self.makes_new = activation in _KNOWN

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        return apply(self._activation, inputs[0], owned)


@step_for(layers.Activation, layers.ReLU)
def _activation(layer: Any) -> Step | None:
    activation = activation_of(layer)
    return None if activation is None else _Activation(activation)
