"""Convolution with impulse responses: rooms, microphones, telephones."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

import keras
from keras import ops

from kerasaudio.layers.augment.bank import SoundBank, Sounds, load_sounds
from kerasaudio.layers.augment.base import (
    Augmentation,
    NumberOrRange,
    check_range,
    mean_square,
)
from kerasaudio.layers.augment.noise import TINY
from kerasaudio.layers.augment.spectrum import padded_spectrum, product
from kerasaudio.layers.base import WaveformLayer


@keras.saving.register_keras_serializable("kerasaudio")
class Convolution(Augmentation, WaveformLayer):
    """Convolve each clip with an impulse response chosen at random.

    (1 - wet) * clip + wet * (clip convolved with the response, cut to the clip's
    length). A delay in the response also delays the output, so remove the silence at
    the beginning of responses.
    `ImpulseResponse` is another name of this class.

    Input: waveform (batch, samples), floating point. Output: float32, the same shape.

    Args:
        responses: Impulse responses at the clips' sample rate: waveforms (samples,), or
            an array (responses, samples); at most 2**22 samples together. They are
            saved in the layer's config. `Convolution.from_files` reads them.
        wet: Share of the convolved clip: (least, most) for a uniform distribution, or
            one number, from 0 to 1; default: 1.
        keep_level: Whether to scale the convolved clip to the mean square of the clip
            before mixing; default: False.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, a response is not a waveform, or the
            input is not floating-point (batch, samples).

    Examples:
        >>> echo = np.zeros(1_601, "float32")
        >>> echo[[0, 1_600]] = 1.0, 0.5  # the sound, and half of it 0.1 s later
        >>> click = np.eye(1, 16_000, dtype="float32")
        >>> heard = kerasaudio.layers.Convolution([echo])(click, training=True)
        >>> round(float(heard[0, 0]), 2), round(float(heard[0, 1_600]), 2)
        (1.0, 0.5)
    """

    arguments = (*Augmentation.arguments, "wet", "keep_level")

    def __init__(
        self,
        responses: Sounds,
        wet: NumberOrRange = 1.0,
        *,
        keep_level: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wet = check_range("wet", wet, low=0, high=1)
        self.keep_level = keep_level
        self._bank = SoundBank(responses, "responses")
        self._rows = self._bank.matrix()

    @classmethod
    def from_files(
        cls,
        paths: Sequence[str | PathLike[str]],
        sample_rate: int,
        wet: NumberOrRange = 1.0,
        **kwargs: Any,
    ) -> Self:
        """Return the layer for impulse responses in files.

        Args:
            paths: Paths of files with one impulse response each.
            sample_rate: Sample rate of the clips in Hz; responses are resampled to it.
            wet: See the class.
            **kwargs: See the class.

        Raises:
            ValueError: As the class.
            OSError: A file cannot be read or decoded.
        """
        return cls(load_sounds(paths, sample_rate, "paths"), wet, **kwargs)

    def augment(self, inputs: Any) -> Any:
        """Convolve (batch, samples)."""
        number = self.draw_whole(inputs, 0, len(self._bank) - 1)
        wet = self.draw(inputs, *self.wet, trailing=1)
        longest = self._rows.shape[1]
        real, imag, length = padded_spectrum(inputs, longest - 1)
        responses = ops.take(self._rows, number[:, 0], axis=0)
        responses = ops.pad(responses, ((0, 0), (0, length - longest)))
        spectrum = product((real, imag), ops.rfft(responses))
        convolved = ops.irfft(spectrum)[:, : ops.shape(inputs)[1]]
        if self.keep_level:
            power = mean_square(convolved)
            audible = power > TINY
            ratio = mean_square(inputs) / ops.where(audible, power, 1.0)
            audible = ops.logical_and(audible, ratio > 0)
            gain = ops.sqrt(ops.where(audible, ratio, 1.0))
            convolved = gain * convolved
        return inputs + wet * (convolved - inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"responses": self._bank.config()}


ImpulseResponse = Convolution
