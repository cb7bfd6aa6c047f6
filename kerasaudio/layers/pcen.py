"""Per-channel energy normalization.

features (batch, frames, bins) -> smoothed over frames -> (batch, frames, bins)
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.layers.base import FeatureLayer
from kerasaudio.layers.precision import matmul
from kerasaudio.layers.stft import TINY

BLOCK = 64  # number of frames that one matrix product smooths
LEVELS = 2  # nested levels of blocks, above which one product covers the rest


@keras.saving.register_keras_serializable("kerasaudio")
class PCEN(FeatureLayer):
    """Per-channel energy normalization, equal to `librosa.pcen`.

    (S / (eps + M) ** gain + bias) ** power - bias ** power, where M is S smoothed over
    frames by a first-order filter that starts from 1, as in librosa.

    Input: spectrogram S (batch, frames, bins), not negative. librosa recommends a scale
    of 2 ** 31 for spectrograms of waveforms in [-1, 1].
    Output: float32, the same shape.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        hop_length: Distance from one frame to the next in samples.
        gain: Exponent of the smoothed energy, at least 0.
        bias: Number added before the power, at least 0.
        power: Exponent of the compression, at least 0; 0 means the logarithm
            log(1 + S / (eps + M) ** gain).
        time_constant: Time constant of the smoothing in seconds.
        eps: Small positive number that avoids a division by 0.
        b: Coefficient of the smoothing, 0 < b <= 1; default: computed from
            `time_constant`.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range; the input is not floating point or not
            (batch, frames, bins).

    Source: Wang et al. 2017, arXiv:1607.05666.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> mel = kerasaudio.layers.MelSpectrogram(16_000, 512, 256, power=1.0)
        >>> pcen = kerasaudio.layers.PCEN(16_000, 256)
        >>> tuple(pcen(mel(waveform * 2**31)).shape)
        (1, 188, 128)
    """

    arguments = (
        "sample_rate",
        "hop_length",
        "gain",
        "bias",
        "power",
        "time_constant",
        "eps",
        "b",
    )

    def __init__(
        self,
        sample_rate: float = 22050,
        hop_length: int = 512,
        gain: float = 0.98,
        bias: float = 2.0,
        power: float = 0.5,
        time_constant: float = 0.4,
        eps: float = 1e-6,
        b: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sample_rate = number(sample_rate, "sample_rate", above=0)
        self.hop_length = whole_number(hop_length, "hop_length")
        self.gain = number(gain, "gain", least=0)
        self.bias = number(bias, "bias", least=0)
        self.power = number(power, "power", least=0)
        self.time_constant = number(time_constant, "time_constant", above=0)
        self.eps = number(eps, "eps", above=0)
        self.b = None if b is None else number(b, "b", above=0, most=1)
        frames = self.time_constant * self.sample_rate / self.hop_length
        derived = (math.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
        self._coefficient = derived if self.b is None else self.b

    def call(self, inputs: Any) -> Any:
        """Normalize (batch, frames, bins)."""
        self.check_input(inputs)
        decay = 1 - self._coefficient
        smooth = leaky_sum(self._coefficient * inputs, decay, start=1.0)
        relative = inputs * ops.exp(-self.gain * ops.log(self.eps + smooth))
        if self.power == 0:
            return ops.log1p(relative)
        if self.bias == 0:
            safe = ops.where(relative > TINY, relative, 1.0)
            return ops.where(relative > TINY, ops.power(safe, self.power), 0.0)
        compressed = ops.expm1(self.power * ops.log1p(relative / self.bias))
        return self.bias**self.power * compressed


def leaky_sum(x: Any, decay: float, *, start: Any, levels: int = LEVELS) -> Any:
    """Compute y[t] = x[t] + decay * y[t - 1] along axis 1.

    Each block of frames is summed by one matrix product; the values passed from one
    block to the next follow the same recurrence over blocks.

    Args:
        x: (batch, frames, bins).
        decay: Number from 0 to 1.
        start: y[-1], a number.
        levels: Number of times to divide into blocks.

    Returns:
        (batch, frames, bins).
    """
    frames = ops.shape(x)[1]
    if levels == 0 or (isinstance(frames, int) and frames <= BLOCK):
        age = ops.arange(frames, dtype="float32")
        lag = ops.expand_dims(age, 1) - age
        kernel = ops.where(lag >= 0, ops.power(decay, ops.maximum(lag, 0.0)), 0.0)
        from_start = start * ops.power(decay, age + 1.0)
        return matmul(kernel, x) + ops.expand_dims(from_start, 1)
    bins = ops.shape(x)[2]
    blocks = (frames + BLOCK - 1) // BLOCK
    padded = ops.pad(x, ((0, 0), (0, BLOCK - 1), (0, 0)))[:, : blocks * BLOCK]
    lag = np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK))
    kernel = np.where(lag >= 0, decay ** np.maximum(lag, 0), 0).astype("float32")
    local = matmul(kernel, ops.reshape(padded, (-1, blocks, BLOCK, bins)))
    ends = leaky_sum(local[:, :, -1], decay**BLOCK, start=start, levels=levels - 1)
    first = ops.full_like(ends[:, :1], start)
    handed_on = ops.expand_dims(ops.concatenate([first, ends[:, :-1]], axis=1), 2)
    fading = np.power(decay, 1 + np.arange(BLOCK))[:, None].astype("float32")
    result = local + ops.multiply(handed_on, fading)
    return ops.reshape(result, (-1, blocks * BLOCK, bins))[:, :frames]
