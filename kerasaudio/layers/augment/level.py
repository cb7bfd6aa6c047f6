"""Random gain."""

from typing import Any

import keras

from kerasaudio.layers.augment.base import (
    Augmentation,
    NumberOrRange,
    check_range,
    decibels_to_gain,
)
from kerasaudio.layers.base import WaveformLayer


@keras.saving.register_keras_serializable("kerasaudio")
class Volume(Augmentation, WaveformLayer):
    """Make each clip louder or softer by a random number of decibels.

    Nothing is clipped: a loud clip may exceed full scale.
    `Gain` is another name of this class.

    Input: waveform (batch, samples), floating point. Output: float32, the same shape.

    Args:
        gain_db: Gain in dB: (least, most) for a uniform distribution in dB, or one
            number for a fixed gain; default: (-12, 6).
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or the input is not floating-point
            (batch, samples).

    Examples:
        >>> waveform = np.full((1, 16_000), 0.5, "float32")
        >>> quieter = kerasaudio.layers.Volume(-20)(waveform, training=True)
        >>> round(float(quieter[0, 0]), 3)
        0.05
    """

    arguments = (*Augmentation.arguments, "gain_db")

    def __init__(self, gain_db: NumberOrRange = (-12.0, 6.0), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gain_db = check_range("gain_db", gain_db, low=-120, high=120)

    def augment(self, inputs: Any) -> Any:
        """Scale (batch, samples)."""
        return inputs * decibels_to_gain(self.draw(inputs, *self.gain_db, trailing=1))


Gain = Volume
