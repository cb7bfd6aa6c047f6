"""Rules for the end of a clip after each of Keras' layers; see `time_axis`."""

from collections.abc import Sequence
from math import prod
from typing import Any

from keras import layers, ops

from kerasaudio.layers.time_axis import Timed, demand, hide, mean, rule, steps


@rule(
    layers.Activation,
    layers.Dense,
    layers.Dropout,
    layers.ELU,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.LeakyReLU,
    layers.ReLU,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
)
def step_by_step(layer: Any, inputs: Sequence[Timed]) -> Timed:
    """Apply a layer in which each step depends only on itself."""
    (x,) = inputs
    demand(len(x.value.shape) > 2 and _keras_own_activation(layer), layer)
    return Timed(layer(x.value), x.count)


def _keras_own_activation(layer: Any) -> bool:
    # A user's own function may use more than the last axis.
    function = getattr(layer, "activation", None)
    if isinstance(function, layers.Layer):
        return False
    return function is None or str(function.__module__).startswith("keras.")


@rule(layers.BatchNormalization, layers.LayerNormalization)
def _normalize(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    rank = len(x.value.shape)
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    demand(1 not in [axis % rank for axis in axes], layer)
    return Timed(layer(x.value), x.count)


@rule(layers.GroupNormalization)
def _normalize_groups(layer: Any, inputs: Sequence[Timed]) -> Timed:
    # Each group of channels over all steps of the clip.
    (x,) = inputs
    shape = x.value.shape
    demand(len(shape) == 3 and layer.axis in (-1, 2), layer)
    time = ops.shape(x.value)[1]
    grouped = ops.reshape(
        ops.cast(x.value, "float32"),
        (-1, time, layer.groups, shape[2] // layer.groups),
    )
    centered = grouped - mean(grouped, x.count, (1, 3), keepdims=True)
    variance = mean(centered * centered, x.count, (1, 3), keepdims=True)
    scaled = centered * ops.rsqrt(variance + layer.epsilon)
    value = ops.reshape(scaled, (-1, time, shape[2]))
    value = value * layer.gamma if layer.scale else value
    value = value + layer.beta if layer.center else value
    return Timed(ops.cast(value, layer.compute_dtype), x.count)


@rule(
    layers.Add,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Subtract,
)
def _merge(layer: Any, inputs: Sequence[Timed]) -> Timed:
    ranks = {len(x.value.shape) for x in inputs}
    fits = all(x.count is not None or x.value.shape[1] == 1 for x in inputs)
    demand(fits and len(ranks) == 1, layer)
    return Timed(layer([x.value for x in inputs]), _first_count(inputs))


@rule(layers.Concatenate)
def _concatenate(layer: Any, inputs: Sequence[Timed]) -> Timed:
    rank = len(inputs[0].value.shape)
    timed = all(x.count is not None for x in inputs)
    demand(timed and layer.axis % rank > 1, layer)
    return Timed(layer([x.value for x in inputs]), _first_count(inputs))


def _first_count(inputs: Sequence[Timed]) -> Any:
    # Layers that merge tensors require equal lengths.
    return next(x.count for x in inputs if x.count is not None)


@rule(layers.Reshape)
def _reshape(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    time, *rest = layer.target_shape
    here, then = prod(x.value.shape[2:]), prod(rest)
    demand(time == -1 and then > 0 and here % then == 0, layer)
    return Timed(layer(x.value), x.count * (here // then))


@rule(layers.Permute)
def _permute(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    demand(layer.dims[0] == 1, layer)
    return Timed(layer(x.value), x.count)


@rule(layers.ZeroPadding1D, layers.ZeroPadding2D)
def _pad(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    demand(layer.data_format == "channels_last", layer)
    sides = layer.padding
    before, behind = sides[0] if isinstance(sides[0], tuple) else sides
    return Timed(layer(hide(x.value, x.count)), x.count + before + behind)


@rule(
    layers.Conv1D,
    layers.Conv2D,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
)
def _convolve(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    demand(layer.data_format == "channels_last", layer)
    demand(_keras_own_activation(layer), layer)
    span = (layer.kernel_size[0] - 1) * layer.dilation_rate[0] + 1
    stride = layer.strides[0]
    if layer.padding == "valid":
        return Timed(layer(x.value), steps(x.count, span, stride))
    # With "same" padding, the first position of a stride depends on the length.
    demand(layer.padding == "causal" or stride == 1 or span == 1, layer)
    value = hide(x.value, x.count) if span > 1 else x.value
    return Timed(layer(value), steps(x.count, 1, stride))


@rule(
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
)
def _pool(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    size, stride = _along_time(layer.pool_size), _along_time(layer.strides)
    whole = layer.padding == "valid" or size == 1
    demand(layer.data_format == "channels_last" and whole, layer)
    return Timed(layer(x.value), steps(x.count, size, stride))


def _along_time(sizes: Any) -> int:
    return int(sizes if isinstance(sizes, int) else sizes[0])


@rule(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D)
def _average(layer: Any, inputs: Sequence[Timed]) -> Timed:
    x = _channels_last(layer, inputs)
    axes = range(1, len(x.value.shape) - 1)
    value = ops.cast(x.value, layer.compute_dtype)
    return Timed(mean(value, x.count, axes, layer.keepdims))


@rule(layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D)
def _maximum(layer: Any, inputs: Sequence[Timed]) -> Timed:
    x = _channels_last(layer, inputs)
    return Timed(layer(hide(x.value, x.count, float("-inf"))))


def _channels_last(layer: Any, inputs: Sequence[Timed]) -> Timed:
    demand(layer.data_format == "channels_last", layer)
    (x,) = inputs
    return x


@rule(layers.Bidirectional)
def _recur_both_ways(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    ahead, back = layer.forward_layer, layer.backward_layer
    for way in (layer, ahead, back):
        _check_recurrent(way)
    demand(back.go_backwards and not ahead.go_backwards, layer)
    demand(layer.merge_mode is not None, layer)
    value = layer(x.value, mask=_inside(x))
    return Timed(value, x.count if layer.return_sequences else None)


@rule(layers.GRU, layers.LSTM, layers.SimpleRNN)
def _recur(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    _check_recurrent(layer)
    if not layer.return_sequences:
        return Timed(layer(x.value, mask=_inside(x)))
    demand(not layer.go_backwards, layer)
    return Timed(layer(x.value), x.count)  # a step does not depend on later ones


@rule(layers.MultiHeadAttention)
def _attend(layer: Any, inputs: Sequence[Timed]) -> Timed:
    demand(all(x.count is not None and len(x.value.shape) == 3 for x in inputs), layer)
    query, *others = inputs
    value, key = others[0], others[-1]
    inside = ops.expand_dims(_inside(value), 1)
    attended = layer(query.value, value.value, key.value, attention_mask=inside)
    return Timed(attended, query.count)


def _check_recurrent(layer: Any) -> None:
    demand(not layer.stateful and not layer.return_state, layer)


def _inside(x: Timed) -> Any:
    batch, time = ops.shape(x.value)[:2]
    inside = ops.arange(time, dtype="int32") < x.count
    return ops.broadcast_to(inside, (batch, time))
