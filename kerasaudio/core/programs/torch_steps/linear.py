"""Convolutions and dense layers, with what follows them: normalization, activation.

In inference, batch normalization scales and shifts channels, which the kernel and the
bias do as well. oneDNN applies the activation before it writes the output.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from keras import layers
from torch.nn import functional

from kerasaudio.core.programs.folded import scale_and_shift
from kerasaudio.core.programs.torch_steps import winograd
from kerasaudio.core.programs.torch_steps.activations import apply, name_in_onednn
from kerasaudio.core.programs.torch_steps.step import Step, value
from kerasaudio.core.programs.winograd import pays
from kerasaudio.layers.depthwise import DepthwiseConv2D

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D)
DEPTHWISE = (layers.DepthwiseConv2D, DepthwiseConv2D)
LINEAR = (*CONVOLUTIONS, *DEPTHWISE, layers.Dense)


class _Linear(Step):
    """A linear layer, then normalization and activation.

    Args:
        layer: The layer.
        normalization: A batch normalization behind a layer without activation, or None.
        activation: What is applied at the end.
    """

    def __init__(self, layer: Any, normalization: Any, activation: Any) -> None:
        self._layer, self._normalization = layer, normalization
        self._activation = activation
        self.variables = [
            *layer.weights,
            *([] if normalization is None else normalization.weights),
        ]

    def _weights(self) -> tuple[Any, Any]:
        """Return the kernel in Keras' shape and the bias or None."""
        kernel, bias = value(self._layer.kernel), self._layer.bias
        bias = None if bias is None else value(bias)
        if self._normalization is not None:
            scale, shift = scale_and_shift(self._normalization, value)
            bias = shift if bias is None else bias * scale + shift
            if type(self._layer) in DEPTHWISE:
                scale = scale.reshape(kernel.shape[-2:])
            kernel = kernel * scale
        return kernel, bias


class Dense(_Linear):
    """A dense layer."""

    def prepare(self) -> Any:
        """Return the kernel, (units, features), and the bias."""
        kernel, bias = self._weights()
        return kernel.T, bias

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        """Return (batch, ..., units)."""
        return apply(self._activation, functional.linear(inputs[0], *ready), True)


class Convolution(_Linear):
    """A convolution over one or two axes; one is the second of two, the first has 1."""

    def __init__(self, layer: Any, normalization: Any, activation: Any) -> None:
        super().__init__(layer, normalization, activation)
        self._is_1d = layer.rank == 1
        fill = (1,) if self._is_1d else ()
        self._size = (*fill, *layer.kernel_size)
        self._strides = self._steps = [*fill, *layer.strides]
        self._dilation = [*fill, *layer.dilation_rate]
        self._last = name_in_onednn(activation)

    def prepare(self) -> "_Kernel":
        """Return the kernel as torch needs it."""
        return _Kernel(self._torch_weights)

    def _torch_weights(self) -> tuple[Any, Any, int]:
        """Return the kernel (channels, inputs, height, width), the bias, the groups."""
        kernel, bias = self._weights()
        if self._is_1d:
            kernel = kernel.unsqueeze(0)
        groups = getattr(self._layer, "groups", 1)
        if type(self._layer) in DEPTHWISE:
            groups = kernel.shape[2]
            kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
        kernel = kernel.permute(3, 2, 0, 1)
        return kernel.contiguous(memory_format=torch.channels_last), bias, groups

    def run(self, ready: "_Kernel", inputs: Sequence[Any], owned: bool) -> Any:
        """Return (batch, ..., channels)."""
        x = inputs[0].unsqueeze(1) if self._is_1d else inputs[0]
        sides = self._sides(x.shape[1:3])
        if self._in_tiles(x, sides):
            return apply(self._activation, ready.in_tiles(inputs[0], sides), True)
        (top, bottom), (left, right) = sides
        padding = [top, left]
        if (top, left) != (bottom, right):
            x = functional.pad(x, (0, 0, left, right, top, bottom))
            padding = [0, 0]
        x = x.contiguous().permute(0, 3, 1, 2)
        how = (padding, self._strides, self._dilation)
        last = self._last if _has_onednn(x.device) else None
        y = ready.convolve(x, how) if last is None else ready.fused(x, how, last)
        y = y.permute(0, 2, 3, 1)
        y = y.squeeze(1) if self._is_1d else y
        return apply(self._activation, y, True) if last is None else y

    def _in_tiles(self, x: Any, sides: Sequence[tuple[int, int]]) -> bool:
        """Return whether Winograd's form is faster."""
        if type(self._layer) is not layers.Conv2D or self._layer.groups > 1:
            return False
        image = winograd.outputs(x.shape[1:3], sides)
        plain = self._strides == self._dilation == [1, 1]
        return plain and pays(self._layer.kernel.shape, image) and _has_onednn(x.device)

    def _sides(self, image: Sequence[int]) -> list[tuple[int, int]]:
        """Return the padding before and after, for both axes."""
        if type(self._layer) is DepthwiseConv2D:
            return list(self._layer.sides(image))
        mode = self._layer.padding
        if mode == "valid":
            return [(0, 0), (0, 0)]
        sides = []
        for size, width, step, dilation in zip(
            image, self._size, self._steps, self._dilation, strict=True
        ):
            span = (width - 1) * dilation
            if mode == "causal":
                sides.append((span, 0))
                continue
            total = max((-(-size // step) - 1) * step + span + 1 - size, 0)
            sides.append((total // 2, total - total // 2))
        return sides


class _Kernel:
    """A kernel in the form in which it is used, made at the first use.

    Args:
        make: Function that returns the kernel (channels, inputs, height, width), the
            bias and the number of groups.
    """

    def __init__(self, make: Callable[[], tuple[Any, Any, int]]) -> None:
        self._make = make
        self._plain: Any = None
        self._packed: Any = None
        self._tiled: winograd.Winograd | None = None

    def in_tiles(self, x: Any, sides: Sequence[tuple[int, int]]) -> Any:
        """Convolve (batch, height, width, inputs) by Winograd's form.

        Args:
            x: The input.
            sides: Padding before and after, for both axes.
        """
        if self._tiled is None:
            kernel, bias, _ = self._make()
            image = winograd.outputs(x.shape[1:3], sides)
            self._tiled = winograd.Winograd(kernel, bias, image)
        return self._tiled.convolve(x, sides)

    def convolve(self, x: Any, how: Any) -> Any:
        """Convolve (batch, inputs, height, width), channels last in memory.

        Args:
            x: The input.
            how: Padding, strides and dilation.
        """
        if self._plain is None:
            self._plain = self._make()
        kernel, bias, groups = self._plain
        padding, strides, dilation = how
        return functional.conv2d(x, kernel, bias, strides, padding, dilation, groups)

    def fused(self, x: Any, how: Any, activation: str) -> Any:
        """Convolve by oneDNN, and apply an activation, which it calls so."""
        if self._packed is None:
            kernel, bias, groups = self._make()
            pack: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
            packed = pack(kernel.to_mkldnn(), *how, groups, list(x.shape))
            self._packed = packed, bias, groups
        kernel, bias, groups = self._packed
        form = "none" if activation == "gelu" else ""
        run = torch.ops.mkldnn._convolution_pointwise
        return run(x, kernel, bias, *how, groups, activation, [], form)


def _has_onednn(device: Any) -> bool:
    """Return whether oneDNN can convolve there, and apply an activation."""
    return bool(
        device.type == "cpu"
        and torch.backends.mkldnn.enabled
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_convolution_pointwise")
    )


def linear_step(layer: Any, normalization: Any, activation: Any) -> Step:
    """Return the step of a layer of `LINEAR`; see `_Linear`."""
    kind = Dense if type(layer) is layers.Dense else Convolution
    return kind(layer, normalization, activation)


class Normalization(Step):
    """Batch normalization that is not part of a linear layer: scale and shift."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self.variables = layer.weights

    def prepare(self) -> Any:
        """Return scale and shift, (channels,)."""
        return scale_and_shift(self._layer, value)

    def run(self, ready: Any, inputs: Sequence[Any], owned: bool) -> Any:
        """Scale and shift."""
        (x,), (scale, shift) = inputs, ready
        return torch.addcmul(shift, x, scale, out=x if owned else None)
