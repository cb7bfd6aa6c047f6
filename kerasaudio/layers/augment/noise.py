"""Noise at a random signal-to-noise ratio."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from kerasaudio.layers.augment.bank import SoundBank, Sounds, load_sounds
from kerasaudio.layers.augment.base import (
    Augmentation,
    NumberOrRange,
    check_range,
    decibels_to_gain,
    mean_square,
)
from kerasaudio.layers.base import WaveformLayer

TINY = float(np.finfo("float32").tiny)


@keras.saving.register_keras_serializable("kerasaudio")
class Noise(Augmentation, WaveformLayer):
    """Add noise to each clip at a random signal-to-noise ratio.

    The ratio compares mean squares over the whole clip, and is exact: the noise is
    scaled by its own power over the clip. A silent clip stays silent.
    `AddNoise` is another name of this class.

    Input: waveform (batch, samples), floating point. Output: float32, the same shape.

    Args:
        snr_db: Signal-to-noise ratio in dB: (least, most) for a uniform distribution in
            dB, or one number; default: (10, 40).
        noises: Waveforms at the clips' sample rate, each (samples,), not silent, at
            most 2**22 samples together. Each clip gets one of them from a random place,
            repeated if it is shorter. They are saved in the layer's config.
            `Noise.from_files` reads them. Default: white (Gaussian) noise.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, a noise is not a waveform, or the input
            is not floating-point (batch, samples).

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> noisy = kerasaudio.layers.Noise(snr_db=20)(waveform, training=True)
        >>> noise = keras.ops.convert_to_numpy(noisy) - waveform
        >>> round(10 * float(np.log10(np.mean(waveform**2) / np.mean(noise**2))), 1)
        20.0
    """

    arguments = (*Augmentation.arguments, "snr_db")

    def __init__(
        self,
        snr_db: NumberOrRange = (10.0, 40.0),
        *,
        noises: Sounds | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.snr_db = check_range("snr_db", snr_db, low=-120, high=120)
        self._bank = None if noises is None else SoundBank(noises, "noises")

    @classmethod
    def from_files(
        cls,
        paths: Sequence[str | PathLike[str]],
        sample_rate: int,
        snr_db: NumberOrRange = (10.0, 40.0),
        **kwargs: Any,
    ) -> Self:
        """Return the layer for noises in files.

        Args:
            paths: Paths of files with noise.
            sample_rate: Sample rate of the clips in Hz; noises are resampled to it.
            snr_db: See the class.
            **kwargs: See the class.

        Raises:
            ValueError: As the class.
            OSError: A file cannot be read or decoded.
        """
        noises = load_sounds(paths, sample_rate, "paths")
        return cls(snr_db, noises=noises, **kwargs)

    def augment(self, inputs: Any) -> Any:
        """Add noise to (batch, samples)."""
        noise = self._white(inputs) if self._bank is None else self._excerpts(inputs)
        snr_db = self.draw(inputs, *self.snr_db, trailing=1)
        power = mean_square(noise)
        audible = power > TINY
        ratio = mean_square(inputs) / ops.where(audible, power, 1.0)
        # The square root has no finite slope at 0.
        safe = ops.where(ratio > 0, ratio, 1.0)
        gain = ops.sqrt(safe) * decibels_to_gain(-snr_db)
        heard = ops.logical_and(audible, ratio > 0)
        return inputs + ops.where(heard, gain, 0.0) * noise

    def _white(self, inputs: Any) -> Any:
        return keras.random.normal(ops.shape(inputs), seed=self.seed_generator)

    def _excerpts(self, inputs: Any) -> Any:
        assert self._bank is not None
        number = self.draw_whole(inputs, 0, len(self._bank) - 1)
        length = ops.take(self._bank.lengths, number)
        offset = self.draw_whole(inputs, 0, length - 1)
        time = ops.arange(ops.shape(inputs)[1], dtype="int32")
        place = ops.mod(offset + time, length)
        return ops.take(self._bank.samples, ops.take(self._bank.starts, number) + place)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        noises = None if self._bank is None else self._bank.config()
        return super().get_config() | {"noises": noises}


AddNoise = Noise
