"""Move batch normalization into the convolution before it, inside a program.

XLA scales the output of a convolution in a pass of its own, but adds a bias at once. It
costs a product with every kernel in each call, so only larger batches gain.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import layers, ops

ROWS = 4  # smallest number of rows for which it is done


def fold(model: Any, values: dict[int, Any]) -> dict[int, Any]:
    """Return values of variables with which a model predicts the same.

    Args:
        model: A functional model.
        values: Values of its variables, by the `id` of the variable.
    """
    found = dict(values)
    for convolution, normalization in _pairs(model):
        scale, shift = scale_and_shift(normalization, lambda v: values[id(v)])
        if normalization.scale:
            found[id(normalization.gamma)] = ops.ones_like(scale)
        for variable in convolution.trainable_variables + (
            convolution.non_trainable_variables
        ):
            found[id(variable)] = values[id(variable)] * scale
        found[id(normalization.beta)] = shift
        found[id(normalization.moving_mean)] = ops.zeros_like(scale)
        # The sum with epsilon is 1, by which the compiler does not multiply.
        found[id(normalization.moving_variance)] = ops.full_like(
            scale, 1 - normalization.epsilon
        )
    return found


def scale_and_shift(normalization: Any, value: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Return by what batch normalization multiplies channels, and what it adds.

    Args:
        normalization: The layer, in inference.
        value: Function that returns the value of a variable.
    """
    scale = ops.rsqrt(value(normalization.moving_variance) + normalization.epsilon)
    if normalization.scale:
        scale = scale * value(normalization.gamma)
    shift = -value(normalization.moving_mean) * scale
    if normalization.center:
        shift = shift + value(normalization.beta)
    return scale, shift


def _pairs(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield convolutions and the normalizations that alone use their outputs."""
    nodes = [node for group in model._nodes_by_depth.values() for node in group]
    calls = Counter(id(node.operation) for node in nodes)
    uses = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
    uses.update(id(tensor) for tensor in keras.tree.flatten(model.outputs))
    makers = {id(y): node.operation for node in nodes for y in node.output_tensors}
    for node in nodes:
        normalization = node.operation
        if type(normalization) is not layers.BatchNormalization:
            continue
        (source, *others) = node.input_tensors
        before = makers.get(id(source))
        once = uses[id(source)] == calls[id(before)] == calls[id(normalization)] == 1
        if once and not others and _can_take(before, normalization):
            yield before, normalization


def _can_take(before: Any, normalization: Any) -> bool:
    return (
        type(before) in (layers.Conv1D, layers.Conv2D)
        and before.activation is keras.activations.linear
        and before.data_format == "channels_last"
        and not getattr(before, "lora_enabled", False)
        and before.quantization_mode is None
        and normalization.center
        and normalization.axis in (-1, len(before.output.shape) - 1)
        and {before.dtype_policy.name, normalization.dtype_policy.name} == {"float32"}
    )
