"""Depthwise convolution that is also fast when XLA runs on a CPU."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from kerasaudio.layers.channels_last import LAYOUT
from kerasaudio.layers.shifted_products import shifted_products, trainable_products
from kerasaudio.layers.time_axis import Timed, demand, hide, rule, steps


@keras.saving.register_keras_serializable("kerasaudio")
class DepthwiseConv2D(layers.DepthwiseConv2D):
    """Depthwise convolution with the padding of torch or of TensorFlow.

    XLA has no fast depthwise convolution for CPUs: on jax, and on TensorFlow when Keras
    compiles with XLA, Keras' own layer is 20 to 60 times slower than necessary.
    Therefore this layer sums shifted products on jax without an accelerator (in
    training steps, with a gradient that has no forward mode, `jax.jvp`), and on
    TensorFlow it makes Keras use TensorFlow's own operations (`supports_jit`).

    Input: (batch, frames, bins, channels). Output: (batch, frames, bins, channels),
    frames and bins divided by the strides, rounded up.

    Args:
        kernel_size: Odd number of frames and bins.
        strides: Step over frames and bins; default: 1.
        pad_like: ``"torch"`` (default) pads `(width - 1) // 2` on every side;
            ``"tensorflow"`` pads as much as the last step needs, an odd one at the end.
            They differ if a stride divides the size. ``"tensorflow"`` requires a known
            size.
        **kwargs: Other arguments of `keras.layers.DepthwiseConv2D`, except padding,
            dilation and multiplier.

    Raises:
        ValueError: `kernel_size` is not odd, or `pad_like` is unknown.
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: Any = 1,
        *,
        pad_like: str = "torch",
        **kwargs: Any,
    ) -> None:
        super().__init__(kernel_size, strides=strides, data_format=LAYOUT, **kwargs)
        if pad_like not in ("torch", "tensorflow"):
            raise ValueError(
                f'pad_like must be "torch" or "tensorflow". Received: {pad_like!r}.'
            )
        self.pad_like = pad_like
        if not all(width % 2 for width in self.kernel_size):
            raise ValueError(f"kernel_size must be odd. Received: {kernel_size!r}.")
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Convolve each channel with its own filter."""
        sides = self.sides(inputs.shape[1:3])
        if xla_on_cpu():
            padded = ops.pad(inputs, [(0, 0), *sides, (0, 0)])
            trains = training and keras.backend.backend() == "jax"
            products = trainable_products if trains else shifted_products
            outputs = products(padded, self.kernel[..., 0], self.strides)
        elif all(step == 1 for step in self.strides):
            outputs = ops.depthwise_conv(
                inputs, self.kernel, padding="same", data_format=LAYOUT
            )
        else:
            padded = ops.pad(inputs, [(0, 0), *sides, (0, 0)])
            outputs = ops.depthwise_conv(
                padded, self.kernel, self.strides, data_format=LAYOUT
            )
        if self.bias is not None:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def sides(self, image: Sequence[int | None]) -> list[tuple[int, int]]:
        """Return the padding before and after frames, and before and after bins."""
        if self.pad_like == "torch" or all(step == 1 for step in self.strides):
            return [(width // 2, width // 2) for width in self.kernel_size]
        sides = []
        for size, width, step in zip(
            image, self.kernel_size, self.strides, strict=True
        ):
            if size is None:
                raise ValueError(
                    f"{self.name} pads like TensorFlow, which requires a known size. "
                    f"Received: {image}."
                )
            total = max((-(-size // step) - 1) * step + width - size, 0)
            sides.append((total // 2, total - total // 2))
        return sides

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, frames, bins, channels)."""
        batch, *image, channels = input_shape
        self.sides(image)  # raises if the padding cannot be computed
        sizes = [
            None if size is None else -(-size // step)
            for size, step in zip(image, self.strides, strict=True)
        ]
        return (batch, *sizes, channels)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        fixed = ("padding", "dilation_rate", "depth_multiplier", "data_format")
        config = super().get_config()
        config = {key: value for key, value in config.items() if key not in fixed}
        return config | {"pad_like": self.pad_like}


@rule(DepthwiseConv2D)
def _convolve(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    step = layer.strides[0]
    demand(layer.pad_like == "torch" or step == 1, layer)
    demand(layer.activation is keras.activations.linear, layer)
    return Timed(layer(hide(x.value, x.count)), steps(x.count, 1, step))


def xla_on_cpu() -> bool:
    """Return whether XLA compiles for a CPU, where its own convolution is slow."""
    return keras.backend.backend() == "jax" and all(
        device.startswith("cpu") for device in keras.distribution.list_devices()
    )
