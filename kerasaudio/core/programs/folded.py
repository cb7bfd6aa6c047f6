"""Move batch normalization into the convolution before it, inside a program.

XLA scales the output of a convolution in a pass of its own, but adds a bias at once;
TensorFlow needs two passes, and adds a bias and applies an activation at once. It costs
a product with every kernel in each call, so only larger batches gain.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast

import keras
from keras import layers, ops

from kerasaudio.core.programs import early_pooling
from kerasaudio.core.programs.graph import Graph
from kerasaudio.layers.depthwise import DepthwiseConv2D

ROWS = 4  # smallest number of rows for which it is done on jax
SMALL = 100_000  # values in a kernel that is always scaled on TensorFlow
_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D)
_DEPTHWISE = (layers.DepthwiseConv2D, DepthwiseConv2D)


def fold(
    model: Any, values: dict[int, Any], without: Collection[str] = ()
) -> dict[int, Any]:
    """Return values of variables with which a model predicts the same.

    Args:
        model: A functional model.
        values: Values of its variables, by the `id` of the variable.
        without: Names of convolutions that stay as they are.
    """
    found = dict(values)
    for convolution, normalization in _pairs(model, _CONVOLUTIONS):
        if convolution.name in without:
            continue
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


def run_folded(
    model: Any,
    inputs: Sequence[Any],
    tiled: Mapping[int, Any] | None = None,
    maxima: early_pooling.Maxima | None = None,
) -> Any:
    """Return the outputs of a functional model in inference, in its structure.

    Kernels that are larger than the output of their convolution stay as they are.

    Args:
        model: The model.
        inputs: The tensors of the model's inputs, flat.
        tiled: What runs in place of convolutions, by the `id` of the layer.
        maxima: What computes maxima in tiles; see `early_pooling.stand_ins`.
    """
    tiled = tiled or {}
    rows = inputs[0].shape[0] or 1
    names = [
        layer.name
        for layer in model.layers
        if id(layer) in tiled
        or (isinstance(layer, _CONVOLUTIONS) and _is_too_large(layer, rows))
    ]
    early = early_pooling.stand_ins(model, names, maxima)
    others = {**early, **tiled}
    values: list[tuple[Any, Any]] = []
    shifts: dict[int, Any] = {}  # normalization -> what is left of it
    for convolution, normalization in _pairs(model, _CONVOLUTIONS + _DEPTHWISE):
        if id(convolution) in early or _is_too_large(convolution, rows):
            continue
        kernel = convolution.kernel
        scale, shift = scale_and_shift(normalization, lambda v: v.value)
        if convolution.bias is not None:
            values.append((convolution.bias, convolution.bias.value * scale + shift))
            shift = None
        if type(convolution) in _DEPTHWISE:
            scale = ops.reshape(scale, kernel.shape[-2:])
        values.append((kernel, kernel.value * scale))
        shifts[id(normalization)] = shift

    def folded(operation: Any) -> Callable[..., Any]:
        if id(operation) in others:
            return others[id(operation)]
        if id(operation) in shifts:
            shift = shifts[id(operation)]
            return lambda x, **_: x if shift is None else _with_bias(x, shift)
        return in_inference(operation)

    with keras.StatelessScope(values):
        return model._run_through_graph(inputs, operation_fn=folded)


def _is_too_large(convolution: Any, rows: int) -> bool:
    """Return whether a product with the kernel costs more than it saves."""
    outputs = rows * math.prod(size or 1 for size in convolution.output.shape[1:])
    return math.prod(convolution.kernel.shape) > max(outputs, SMALL)


def in_inference(operation: Any) -> Callable[..., Any]:
    """Return what an operation does in inference, for a functional model's graph."""
    if not getattr(operation, "_call_has_training_arg", False):
        return cast(Callable[..., Any], operation)
    return lambda *args, **named: operation(*args, **{**named, "training": False})


def _with_bias(x: Any, bias: Any) -> Any:
    """Add a bias in the form in which Keras' convolutions do, which is fused."""
    return ops.add(x, ops.reshape(bias, (1,) * (len(x.shape) - 1) + (-1,)))


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


def _pairs(model: Any, kinds: Sequence[type]) -> Iterator[tuple[Any, Any]]:
    """Yield convolutions and the normalizations that alone use their outputs."""
    graph = Graph(model)
    for node in graph.nodes:
        after = next(graph.followers(node), None)
        if (
            after is not None
            and graph.are_called_once((node, after))
            and type(node.operation) in kinds
            and type(after.operation) is layers.BatchNormalization
            and _can_take(node.operation, after.operation)
        ):
            yield node.operation, after.operation


def _can_take(before: Any, normalization: Any) -> bool:
    return (
        before.activation is keras.activations.linear
        and before.data_format == "channels_last"
        and not getattr(before, "lora_enabled", False)
        and before.quantization_mode is None
        and normalization.center
        and normalization.axis in (-1, len(before.output.shape) - 1)
        and {before.dtype_policy.name, normalization.dtype_policy.name} == {"float32"}
    )
