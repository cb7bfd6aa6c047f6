"""The memory of a feedforward sequential memory network (FSMN)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.channels_last import LAYOUT
from kerasaudio.layers.depthwise import xla_on_cpu
from kerasaudio.layers.time_axis import Timed, hide, rule

_INITIALIZER = keras.initializers.VarianceScaling(mode="fan_avg")


@keras.saving.register_keras_serializable("kerasaudio")
class MemoryBlock(layers.Layer):
    """Add to each step what it remembers of earlier steps and foresees of later ones.

    For each channel, out[t] = x[t] + sum over i of back[i] x[t - i * look_back_stride]
    + sum over j of ahead[j] x[t + (j + 1) * look_ahead_stride], where i counts from 0
    to look_back - 1 and j to look_ahead - 1. Outside the clip, x is 0.

    Input: (batch, steps, channels). Output: the same shape.

    Args:
        look_back: Number of steps in the filter of the past, the step itself included;
            at least 1.
        look_ahead: Number of steps in the filter of the future; 0 for none.
        look_back_stride: Distance between the steps of the past.
        look_ahead_stride: Distance between the steps of the future.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range.

    Source: Zhang et al. 2018, "Deep-FSMN for large vocabulary continuous speech
    recognition", arXiv:1803.05030.
    """

    def __init__(
        self,
        look_back: int,
        look_ahead: int = 0,
        look_back_stride: int = 1,
        look_ahead_stride: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.look_back = whole_number(look_back, "look_back")
        self.look_ahead = whole_number(look_ahead, "look_ahead", least=0)
        self.look_back_stride = whole_number(look_back_stride, "look_back_stride")
        self.look_ahead_stride = whole_number(look_ahead_stride, "look_ahead_stride")
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create a filter per channel and direction, (steps, channels), in time order.

        The last row of `back` is that of the step itself.
        """
        channels = input_shape[-1]
        self.back = self.add_weight(
            (self.look_back, channels), _INITIALIZER, name="back"
        )
        self.ahead = None
        if self.look_ahead:
            self.ahead = self.add_weight(
                (self.look_ahead, channels), _INITIALIZER, name="ahead"
            )

    def call(self, inputs: Any) -> Any:
        """Filter (batch, steps, channels)."""
        step = self.look_back_stride
        before = (self.look_back - 1) * step
        past = ops.pad(inputs, ((0, 0), (before, 0), (0, 0)))
        outputs = inputs + _filter(past, self.back, step)
        if self.ahead is not None:
            step = self.look_ahead_stride
            after = self.look_ahead * step
            future = ops.pad(inputs, ((0, 0), (0, after), (0, 0)))[:, step:]
            outputs = outputs + _filter(future, self.ahead, step)
        return outputs

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        """Return (batch, steps, channels)."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {
            "look_back": self.look_back,
            "look_ahead": self.look_ahead,
            "look_back_stride": self.look_back_stride,
            "look_ahead_stride": self.look_ahead_stride,
        }


def _filter(x: Any, kernel: Any, step: int) -> Any:
    """Filter each channel of (batch, steps, channels), without padding."""
    if not xla_on_cpu():
        return ops.depthwise_conv(
            x, ops.expand_dims(kernel, -1), 1, "valid", LAYOUT, step
        )
    taps = kernel.shape[0]
    steps = x.shape[1] - (taps - 1) * step
    products = [x[:, i * step : i * step + steps] * kernel[i] for i in range(taps)]
    return sum(products[1:], products[0])


@rule(MemoryBlock)
def _remember(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(hide(x.value, x.count)), x.count)
