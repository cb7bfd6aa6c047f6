"""Vocal tract length perturbation: warp the frequency axis."""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.layers.augment.base import Augmentation, NumberOrRange, check_range
from kerasaudio.layers.base import FeatureLayer, check_choice, require
from kerasaudio.layers.filterbank import hertz_to_mel, mel_to_hertz

SCALES = ("linear", "mel")
_BOUNDARY = 0.6  # times half the sample rate: the paper's 4800 Hz at 16 kHz


@keras.saving.register_keras_serializable("kerasaudio")
class VTLP(Augmentation, FeatureLayer):
    """Stretch the frequency axis of each clip by a random factor, like a new speaker.

    A frequency f moves to factor * f if f is at most F * min(factor, 1) / factor
    (F: `boundary_hz`); above that, a straight line leads to half the sample rate, which
    does not move. Bins are interpolated linearly between their neighbors, so features
    do not become louder or softer where the axis is stretched.

    Input: magnitudes, log-magnitudes or mel bands (batch, frames, bins), floating point
    (no complex numbers). Output: float32, the same shape.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        factor: Factor of the warp, from 0.5 to 2: (least, most) for a uniform
            distribution, or one number; default: (0.9, 1.1).
        boundary_hz: F in Hz, below half the sample rate; default: 0.3 * `sample_rate`.
        scale: ``"linear"`` (default): the bins are those of an STFT, from 0 Hz to half
            the sample rate (`Spectrogram`). ``"mel"``: they are the mel bands of
            `MelSpectrogram` with the following three arguments.
        fmin: Lowest edge of the mel bands in Hz; default: 0.
        fmax: Highest edge of the mel bands in Hz; default: half the sample rate.
        htk: Whether to use the mel scale of HTK; otherwise Slaney's (default).
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or the input is not floating-point
            (batch, frames, bins) with a known number of bins, at least two.

    Source: Jaitly & Hinton 2013, "Vocal tract length perturbation (VTLP) improves
    speech recognition", equation 1. The paper warps the filter bank, this layer warps
    its output.

    Examples:
        >>> spectrum = np.zeros((1, 1, 257), "float32")
        >>> spectrum[0, 0, 40] = 1.0
        >>> warped = kerasaudio.layers.VTLP(16_000, factor=1.5)(spectrum, training=True)
        >>> int(keras.ops.argmax(warped[0, 0]))
        60
    """

    arguments = (
        *Augmentation.arguments,
        "sample_rate",
        "factor",
        "boundary_hz",
        "scale",
        "fmin",
        "fmax",
        "htk",
    )

    def __init__(
        self,
        sample_rate: float,
        factor: NumberOrRange = (0.9, 1.1),
        *,
        boundary_hz: float | None = None,
        scale: str = "linear",
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        sample_rate = number(sample_rate, "sample_rate", above=0)
        fmin = number(fmin, "fmin")
        fmax = None if fmax is None else number(fmax, "fmax")
        if boundary_hz is not None:
            boundary_hz = number(boundary_hz, "boundary_hz")
        nyquist = sample_rate / 2
        self.factor = check_range("factor", factor, low=0.5, high=2.0)
        require(
            boundary_hz is None or 0 < boundary_hz < nyquist,
            "`boundary_hz` must be above 0 and below half the sample rate.",
            boundary_hz=boundary_hz,
            sample_rate=sample_rate,
        )
        check_choice(scale=(scale, SCALES))
        require(
            0 <= fmin < (nyquist if fmax is None else fmax) <= nyquist,
            "`fmin` and `fmax` must satisfy 0 <= fmin < fmax <= sample_rate / 2.",
            fmin=fmin,
            fmax=fmax,
            sample_rate=sample_rate,
        )
        require(
            scale == "mel" or (fmin == 0 and fmax is None),
            '`fmin` and `fmax` require scale="mel".',
            fmin=fmin,
            fmax=fmax,
        )
        self.sample_rate, self.boundary_hz, self.scale = sample_rate, boundary_hz, scale
        self.fmin, self.fmax, self.htk = fmin, fmax, htk
        self._boundary = _BOUNDARY * nyquist if boundary_hz is None else boundary_hz

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` have two bins or more."""
        super().check_input(inputs)
        bins = inputs.shape[2]
        require(
            isinstance(bins, int) and bins > 1,
            "VTLP needs a known number of bins, at least two.",
            shape=tuple(inputs.shape),
        )

    def frequencies(self, bins: int) -> np.ndarray:
        """Return the center of every bin in Hz, float64 (bins,)."""
        nyquist = self.sample_rate / 2
        if self.scale == "linear":
            return np.linspace(0.0, nyquist, bins)
        ends = [self.fmin, nyquist if self.fmax is None else self.fmax]
        low, high = hertz_to_mel(ends, htk=self.htk)
        return mel_to_hertz(np.linspace(low, high, bins + 2), htk=self.htk)[1:-1]

    def augment(self, inputs: Any) -> Any:
        """Warp (batch, frames, bins)."""
        bins = inputs.shape[2]
        # In units of half the sample rate, float32 is exact enough.
        hertz = self.frequencies(bins) / (self.sample_rate / 2)
        center, step = hertz.astype("float32"), np.diff(hertz).astype("float32")
        source = self._unwarp(center, self.draw(inputs, *self.factor, trailing=1))
        source = ops.clip(source, center[0], center[-1])
        above = ops.searchsorted(center, ops.reshape(source, (-1,)), side="right")
        below = ops.clip(ops.reshape(above, ops.shape(source)) - 1, 0, bins - 2)
        share = (source - ops.take(center, below)) / ops.take(step, below)
        share, below = ops.expand_dims(share, 1), ops.expand_dims(below, 1)
        lower = ops.take_along_axis(inputs, below, axis=2)
        upper = ops.take_along_axis(inputs, below + 1, axis=2)
        return lower + share * (upper - lower)

    def _unwarp(self, frequencies: np.ndarray, factor: Any) -> Any:
        """Return the source of each frequency, (batch, bins); 1 stays 1."""
        warped = ops.convert_to_tensor(frequencies)
        knee = self._boundary / (self.sample_rate / 2) * ops.minimum(factor, 1.0)
        slope = (1.0 - knee / factor) / (1.0 - knee)
        return ops.where(warped <= knee, warped / factor, 1.0 - slope * (1.0 - warped))
