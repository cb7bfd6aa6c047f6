"""The interface of steps, and the table of layers that have one."""

from collections.abc import Callable, Sequence
from typing import Any

import keras


class Step:
    """What a layer computes from float32 tensors.

    Attributes:
        variables: Variables of Keras from which `prepare` computes.
        makes_new: Whether the output is a new tensor; otherwise it may be a view of the
            first input.
        in_strips: Whether it computes many small products one after the other. torch
            divides each among its threads, which takes longer than giving each thread
            other rows of the batch.
    """

    variables: Sequence[Any] = ()
    makes_new: bool = True
    in_strips: bool = False

    def prepare(self) -> Any:
        """Return what `run` needs of the variables, as they are now."""

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        """Return the output.

        Args:
            ready: What `prepare` returned.
            inputs: Tensors in Keras' shapes.
            owned: Whether nobody else needs the first input, so that it may be
                overwritten.
        """
        raise NotImplementedError


# Class of a layer -> function that returns its step; None if it has no step as it is
# configured.
STEPS: dict[type, Callable[[Any], Step | None]] = {}


def step_for(*kinds: type) -> Callable[[Any], Any]:
    """Return a decorator that registers a step for exactly these classes."""

    def register(make: Any) -> Any:
        for kind in kinds:
            STEPS[kind] = make
        return make

    return register


def is_plain(layer: Any) -> bool:
    """Return whether a layer computes in float32 with its own weights as they are."""
    policy = layer.dtype_policy
    return (
        policy.compute_dtype == policy.variable_dtype == "float32"
        and getattr(layer, "data_format", "channels_last") == "channels_last"
        and getattr(layer, "quantization_mode", None) is None
        and not getattr(layer, "lora_enabled", False)
    )


def value(variable: Any) -> Any:
    """Return the torch tensor of a variable, whatever the policy of the model."""
    return variable._value.detach()


def last_axis(layer: Any) -> bool:
    """Return whether a layer's `axis` is the last one."""
    axis = layer.axis
    if isinstance(axis, list | tuple):
        if len(axis) != 1:
            return False
        (axis,) = axis
    return axis in (-1, len(layer.output.shape) - 1)


def is_linear(activation: Any) -> bool:
    """Return whether an activation does nothing."""
    return activation in (None, keras.activations.linear)
