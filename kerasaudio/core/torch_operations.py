"""Layers of training steps on torch, each in torch's own operation.

    batch normalization  Keras: ten passes over the batch, as many for the gradient
    convolution          Keras: copies to another layout and back, a pass for the biases

Values, gradients and moving statistics are the same. Predictions have programs of their
own, `programs.torch_steps`.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from kerasaudio.layers.channels_last import LAYOUT
from kerasaudio.layers.depthwise import DepthwiseConv2D


def _in_float32(layer: Any, inputs: Any) -> bool:
    """Return whether a layer computes in float32, on numbers."""
    import torch

    return (
        inputs.dtype == torch.float32
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and inputs.device.type != "meta"
    )


class _Normalization:
    """Callable with the place of `BatchNormalization.call`."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(
        self, inputs: Any, training: bool | None = None, mask: Any = None
    ) -> Any:
        """Normalize a batch, and note its statistics."""
        layer = self._layer
        if not (training and layer.trainable and mask is None and self._takes(inputs)):
            return type(layer).call(layer, inputs, training=training, mask=mask)
        outputs, mean, variance = _normalized(layer, inputs)
        keep = layer.momentum
        for moving, now in (
            (layer.moving_mean, mean),
            (layer.moving_variance, variance),
        ):
            moving.assign(moving * keep + now * (1.0 - keep))
        return outputs

    def _takes(self, inputs: Any) -> bool:
        """Return whether torch's operation does what this layer does."""
        layer = self._layer
        other = vars(layer).get("_moments")  # of `training.devices.moments`
        return (
            _in_float32(layer, inputs)
            and not (getattr(layer, "renorm", False) or layer.synchronized)
            and (other is None or not getattr(other, "in_force", True))
            and inputs.numel() > inputs.shape[layer.axis]  # torch refuses one value
        )


def _normalized(layer: Any, inputs: Any) -> tuple[Any, Any, Any]:
    """Return the normalized batch, and mean and variance of its channels."""
    import torch

    axis = layer.axis % inputs.ndim
    channels = inputs.shape[axis]
    x = inputs.movedim(axis, 1)
    if x.ndim == 3:  # the layout that Keras gives to Conv1D and pooling
        x = x.contiguous()
    mean, variance = x.new_zeros(channels), x.new_zeros(channels)
    outputs = torch.nn.functional.batch_norm(
        x,
        mean,
        variance,
        layer.gamma.value if layer.scale else None,
        layer.beta.value if layer.center else None,
        training=True,
        momentum=1.0,  # both become those of this batch
        eps=layer.epsilon,
    )
    count = inputs.numel() // channels
    # Keras' variance is that of the batch, torch's an estimate of the true one.
    return outputs.movedim(1, axis), mean, variance * ((count - 1) / count)


class _Convolution:
    """Callable with the place of the `call` of a convolution."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    def __call__(self, inputs: Any) -> Any:
        """Convolve a batch, in the layout in which Keras does."""
        import torch

        layer, padding = self._layer, self._padding(inputs)
        if padding is None or not _in_float32(layer, inputs):
            return type(layer).call(layer, inputs)
        tensor, rank = keras.ops.convert_to_tensor, len(layer.kernel_size)
        kept = torch.contiguous_format if rank == 1 else torch.channels_last
        kernel, groups = self._kernel(tensor(layer.kernel))
        x = inputs.movedim(-1, 1)
        if rank == 1 and x.shape[1] == 1:  # a layout that torch takes for another one
            x = inputs.squeeze(-1).unsqueeze(1)
        outputs = getattr(torch.nn.functional, f"conv{rank}d")(
            x.contiguous(memory_format=kept),
            kernel.contiguous(memory_format=kept),
            tensor(layer.bias) if layer.use_bias else None,
            stride=layer.strides,
            padding=padding,
            dilation=layer.dilation_rate,
            groups=groups,
        ).movedim(1, -1)
        return outputs if layer.activation is None else layer.activation(outputs)

    def _kernel(self, kernel: Any) -> tuple[Any, int]:
        """Return the kernel as torch wants it, and the number of groups."""
        return kernel.permute(-1, -2, *range(kernel.ndim - 2)), self._layer.groups

    def _padding(self, inputs: Any) -> list[int] | None:
        """Return the padding at each edge; None if Keras must convolve."""
        layer = self._layer
        if layer.data_format != LAYOUT or layer.lora_enabled:
            return None
        if layer.padding == "valid":
            return [0] * layer.rank
        spans = [
            (size - 1) * rate
            for size, rate in zip(layer.kernel_size, layer.dilation_rate, strict=True)
        ]
        even = all(span % 2 == 0 for span in spans)
        if layer.padding == "same" and even and set(layer.strides) == {1}:
            return [span // 2 for span in spans]
        return None


class _Depthwise(_Convolution):
    """Callable with the place of `DepthwiseConv2D.call`, of our own layer."""

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:
        """Convolve each channel of a batch with its own filter."""
        return super().__call__(inputs)

    def _kernel(self, kernel: Any) -> tuple[Any, int]:
        return kernel.permute(2, 3, 0, 1), kernel.shape[2]

    def _padding(self, inputs: Any) -> list[int] | None:
        sides = self._layer.sides(inputs.shape[1:3])
        even = all(before == after for before, after in sides)
        return [before for before, _ in sides] if even else None


OPERATIONS: dict[type, Callable[[Any], Any]] = {
    layers.BatchNormalization: _Normalization,
    layers.Conv1D: _Convolution,
    layers.Conv2D: _Convolution,
    DepthwiseConv2D: _Depthwise,
}
