"""Pooling, sums, attention, and layers that only change shapes."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from keras import layers
from torch.nn import functional

from kerasaudio.core.programs.torch_steps.linear import Normalization
from kerasaudio.core.programs.torch_steps.step import (
    Step,
    last_axis,
    step_for,
    value,
)

_FEW = 9  # values in a window, up to which a maximum of slices is fastest
_NORMALIZATION = layers.BatchNormalization
_LAYER_NORMALIZATION = layers.LayerNormalization


@step_for(_NORMALIZATION)
def _normalization(layer: Any) -> Step | None:
    return Normalization(layer) if last_axis(layer) else None


class _Simple(Step):
    """A step that needs no variables."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer


@step_for(
    layers.Dropout,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
)
class _Nothing(_Simple):
    makes_new = False

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        return inputs[0]


@step_for(layers.Reshape, layers.Flatten)
class _Reshape(_Simple):
    makes_new = False

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        (x,) = inputs
        shape = getattr(self._layer, "target_shape", (-1,))
        if -1 in shape:  # the batch may be empty
            known = -math.prod(shape)
            shape = [math.prod(x.shape[1:]) // known if n == -1 else n for n in shape]
        return x.reshape(x.shape[0], *shape)


@step_for(layers.Permute)
class _Permute(_Simple):
    makes_new = False

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        return inputs[0].permute(0, *self._layer.dims)


@step_for(layers.ZeroPadding1D, layers.ZeroPadding2D)
class _Pad(_Simple):
    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        sides = self._layer.padding
        pairs = [sides] if isinstance(sides[0], int) else list(sides)
        flat = [side for pair in reversed(pairs) for side in pair]
        return functional.pad(inputs[0], (0, 0, *flat))


@step_for(layers.Concatenate)
class _Concatenate(_Simple):
    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        return torch.cat(list(inputs), self._layer.axis)


@step_for(layers.Add, layers.Multiply)
def _merge(layer: Any) -> Step | None:
    return None if layer._reshape_required else _Merge(layer)


class _Merge(Step):
    def __init__(self, layer: Any) -> None:
        is_sum = type(layer) is layers.Add
        self._new, self._into = (
            (torch.add, torch.Tensor.add_) if is_sum else (torch.mul, torch.Tensor.mul_)
        )

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        first, *rest = inputs
        if not rest:
            return first.clone()
        for other in rest:
            fits = torch.broadcast_shapes(first.shape, other.shape) == first.shape
            first = (self._into if owned and fits else self._new)(first, other)
            owned = True
        return first


@step_for(
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
)
def _pool(layer: Any) -> Step | None:
    return Pool(layer, layer.strides) if layer.padding == "valid" else None


class Pool(Step):
    """Maxima or means of windows.

    Args:
        layer: The layer, without padding.
        strides: The strides, which may be others than those of the layer.
    """

    def __init__(self, layer: Any, strides: Sequence[int]) -> None:
        self._is_1d = len(layer.pool_size) == 1
        fill = (1,) if self._is_1d else ()
        self._size = (*fill, *layer.pool_size)
        self._strides = (*fill, *strides)
        self._is_maximum = layer.pool_mode == "max"
        self.makes_new = math.prod(self._size) > 1

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        """Return (batch, ..., channels)."""
        x = inputs[0].unsqueeze(1) if self._is_1d else inputs[0]
        if self._is_maximum and math.prod(self._size) <= _FEW:
            for axis in (2, 1):
                x = _maximum(x, axis, self._size[axis - 1], self._strides[axis - 1])
        else:
            pool = functional.max_pool2d if self._is_maximum else functional.avg_pool2d
            x = pool(x.contiguous().permute(0, 3, 1, 2), self._size, self._strides)
            x = x.permute(0, 2, 3, 1)
        return x.squeeze(1) if self._is_1d else x


def _maximum(x: Any, axis: int, width: int, step: int) -> Any:
    """Return the maxima of windows along an axis."""
    count = (x.shape[axis] - width) // step + 1
    index = [slice(None)] * x.dim()
    slices = []
    for start in range(width):
        index[axis] = slice(start, start + (count - 1) * step + 1, step)
        slices.append(x[tuple(index)])
    if width == 1:
        return slices[0]
    highest = torch.maximum(slices[0], slices[1])
    for other in slices[2:]:
        torch.maximum(highest, other, out=highest)
    return highest


@step_for(
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
)
class _PoolAll(_Simple):
    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        (x,) = inputs
        name = type(self._layer).__name__
        reduce = torch.amax if "Max" in name else torch.mean
        axes = tuple(range(1, x.dim() - 1))
        return reduce(x, axes, keepdim=self._layer.keepdims)


@step_for(_LAYER_NORMALIZATION)
def _layer_normalization(layer: Any) -> Step | None:
    usual = last_axis(layer) and not layer.rms_scaling
    return _LayerNormalization(layer) if usual else None


class _LayerNormalization(Step):
    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self.variables = layer.weights

    def prepare(self) -> Any:
        both = self._layer.gamma, self._layer.beta
        return [None if one is None else value(one) for one in both]

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        (x,) = inputs
        gamma, beta = ready
        return functional.layer_norm(x, x.shape[-1:], gamma, beta, self._layer.epsilon)


@step_for(layers.MultiHeadAttention)
def _attention(layer: Any) -> Step | None:
    usual = (
        not layer._use_gate
        and layer._sliding_window is None
        and layer._attention_axes == (1,)
        and len(layer.output.shape) == 3
    )
    return _Attention(layer) if usual else None


class _Attention(Step):
    """Multi-head attention of tokens (batch, tokens, features), without masks."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self.variables = layer.weights
        self._heads = layer.num_heads

    def prepare(self) -> Any:
        layer = self._layer
        ready = []
        for dense in (layer._query_dense, layer._key_dense, layer._value_dense):
            kernel = value(dense.kernel)
            ready.append((kernel.flatten(1).T, _flat(dense.bias)))
        dense = layer._output_dense
        ready.append((value(dense.kernel).flatten(0, 1).T, _flat(dense.bias)))
        return ready

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        query, tokens, *key = inputs
        sources = (query, key[0] if key else tokens, tokens)
        q, k, v = (
            functional.linear(source, *weights)
            .unflatten(-1, (self._heads, -1))
            .transpose(1, 2)
            for source, weights in zip(sources, ready[:3], strict=True)
        )
        found = functional.scaled_dot_product_attention(
            q, k, v, scale=self._layer._inverse_sqrt_key_dim
        )
        return functional.linear(found.transpose(1, 2).flatten(2), *ready[3])


def _flat(bias: Any) -> Any:
    return None if bias is None else value(bias).flatten()
