"""Depthwise convolution that is fast where XLA runs on a CPU, too."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("kerasaudio")
class DepthwiseConv2D(layers.DepthwiseConv2D):
    """Depthwise convolution padded as torch pads, `(width - 1) // 2` on every side.

    XLA has no fast depthwise convolution for CPUs: on jax, and on TensorFlow where
    Keras compiles with XLA, Keras' own layer takes 20 to 60 times as long as need be.
    So on jax without an accelerator this one adds up shifted products, and on
    TensorFlow it asks Keras (`supports_jit`) for TensorFlow's own operations.

    Input: (batch, frames, bins, channels). Output: (batch, frames, bins, channels),
    frames and bins divided by the strides, rounded up.

    Args:
        kernel_size: Odd number of frames and bins.
        strides: Step over frames and bins; 1.
        **kwargs: Of `keras.layers.DepthwiseConv2D`, less padding, dilation, multiplier.

    Raises:
        ValueError: `kernel_size` is not odd.
    """

    def __init__(
        self, kernel_size: int | Sequence[int], strides: Any = 1, **kwargs: Any
    ) -> None:
        super().__init__(kernel_size, strides=strides, **kwargs)
        if not all(width % 2 for width in self.kernel_size):
            raise ValueError(f"kernel_size must be odd. Received: {kernel_size!r}.")
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def call(self, inputs: Any) -> Any:
        """Convolve each channel with its own filter."""
        sides = [(width // 2, width // 2) for width in self.kernel_size]
        if _xla_on_cpu():
            outputs = self._shifted_products(ops.pad(inputs, [(0, 0), *sides, (0, 0)]))
        elif all(step == 1 for step in self.strides):
            outputs = ops.depthwise_conv(inputs, self.kernel, padding="same")
        else:
            padded = ops.pad(inputs, [(0, 0), *sides, (0, 0)])
            outputs = ops.depthwise_conv(padded, self.kernel, self.strides)
        if self.bias is not None:
            outputs = outputs + self.bias
        return self.activation(outputs)

    def _shifted_products(self, padded: Any) -> Any:
        (tall, wide), (down, right) = self.kernel_size, self.strides
        below = padded.shape[1] - tall + 1
        beside = padded.shape[2] - wide + 1
        products = [
            padded[:, i : i + below : down, j : j + beside : right]
            * self.kernel[i, j, :, 0]
            for i in range(tall)
            for j in range(wide)
        ]
        return sum(products[1:], products[0])

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Give (batch, frames, bins, channels)."""
        batch, *image, channels = input_shape
        sizes = [
            None if size is None else -(-size // step)
            for size, step in zip(image, self.strides, strict=True)
        ]
        return (batch, *sizes, channels)

    def get_config(self) -> dict[str, Any]:
        """Give the arguments."""
        fixed = ("padding", "dilation_rate", "depth_multiplier", "data_format")
        config = super().get_config()
        return {key: value for key, value in config.items() if key not in fixed}


def _xla_on_cpu() -> bool:
    return keras.backend.backend() == "jax" and all(
        device.startswith("cpu") for device in keras.distribution.list_devices()
    )
