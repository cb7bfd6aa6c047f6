"""Divide a waveform by its largest sample."""

from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.layers.base import WaveformLayer


@keras.saving.register_keras_serializable("kerasaudio")
class DivideByMaximum(WaveformLayer):
    """Divide each clip by its largest sample; by its sign, not by its magnitude.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, samples). The largest sample is 1, the smallest may be below
    -1.

    Args:
        floor: Clips whose largest sample is closer to zero are divided by this; above
            0. Default: 1 / 32768, one step of 16 bits.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `floor` is not positive.
    """

    arguments = ("floor",)

    def __init__(self, floor: float = 1 / 32768, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.floor = number(floor, "floor", above=0)

    def call(self, inputs: Any) -> Any:
        """Scale (batch, samples)."""
        self.check_input(inputs)
        top = ops.max(inputs, axis=1, keepdims=True)
        return inputs / ops.where(ops.abs(top) < self.floor, self.floor, top)
