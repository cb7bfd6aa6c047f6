"""Second-order filters: telephones, walls, tone controls."""

import math
from itertools import product as combinations
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.layers.augment.base import (
    Augmentation,
    NumberOrRange,
    Range,
    check_range,
    decibels_to_gain,
)
from kerasaudio.layers.augment.spectrum import padded_spectrum, product
from kerasaudio.layers.base import WaveformLayer, check_choice, require

KINDS = ("lowpass", "highpass", "peaking")
BUTTERWORTH = math.sqrt(0.5)
_MOST_Q = 100.0
_DECAY = 1e-6  # level of the response at which it may be cut off
_LONGEST = 2**20  # samples


@keras.saving.register_keras_serializable("kerasaudio")
class Filter(Augmentation, WaveformLayer):
    """Filter each clip with a biquad at a random frequency.

    The filter is applied in the frequency domain. It equals the recursive filter that
    starts at rest, except that its response is cut off below 1e-6.
    `Equalizer` is another name of this class.

    Input: waveform (batch, samples), floating point. Output: float32, the same shape.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        kind: ``"lowpass"``, ``"highpass"`` (12 dB per octave beyond the frequency) or
            ``"peaking"`` (default; an equalizer band around the frequency).
        frequency_hz: Cut-off or center frequency in Hz, above 0 and below half the
            sample rate: (least, most) for a uniform distribution on a logarithmic
            scale, or one number.
        q: Quality: 0.707 (default) is a Butterworth filter, more gives a resonance, or
            a narrower band. (least, most) for a uniform distribution on a logarithmic
            scale, or one number.
        gain_db: Height of the peak in dB, only for ``"peaking"``: (least, most) for a
            uniform distribution, or one number; default: (-12, 12).
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or the input is not floating-point
            (batch, samples).

    Source: Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter
    coefficients".

    Examples:
        >>> tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)[None]
        >>> band = kerasaudio.layers.Filter(16_000, "peaking", 1_000, gain_db=-6)
        >>> quieter = band(0.5 * tone.astype("float32"), training=True)
        >>> round(float(keras.ops.max(quieter[0, 8_000:])), 2)
        0.25
    """

    arguments = (
        *Augmentation.arguments,
        "sample_rate",
        "kind",
        "frequency_hz",
        "q",
        "gain_db",
    )

    def __init__(
        self,
        sample_rate: float,
        kind: str = "peaking",
        frequency_hz: NumberOrRange = (200.0, 3500.0),
        *,
        q: NumberOrRange = BUTTERWORTH,
        gain_db: NumberOrRange | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        sample_rate = number(sample_rate, "sample_rate", above=0)
        check_choice(kind=(kind, KINDS))
        self.sample_rate, self.kind = sample_rate, kind
        self.frequency_hz = check_range("frequency_hz", frequency_hz)
        require(
            self.frequency_hz[0] > 0 and self.frequency_hz[1] < sample_rate / 2,
            "`frequency_hz` must be above 0 and below half the sample rate.",
            frequency_hz=frequency_hz,
            sample_rate=sample_rate,
        )
        self.q = check_range("q", q, low=1 / _MOST_Q, high=_MOST_Q)
        require(
            gain_db is None or kind == "peaking",
            '`gain_db` requires kind="peaking".',
            gain_db=gain_db,
            kind=kind,
        )
        self.gain_db: Range | None = None
        if kind == "peaking":
            wanted = (-12.0, 12.0) if gain_db is None else gain_db
            self.gain_db = check_range("gain_db", wanted, low=-60, high=60)
        self._tail = self._response_samples()

    def augment(self, inputs: Any) -> Any:
        """Filter (batch, samples)."""
        q = ops.exp(self.draw(inputs, *np.log(self.q).tolist(), trailing=1))
        log_frequency = self.draw(
            inputs, *np.log(self.frequency_hz).tolist(), trailing=1
        )
        real, imag, length = padded_spectrum(inputs, self._tail)
        half = ops.exp(log_frequency) * (math.pi / self.sample_rate)
        bins = ops.arange(length // 2 + 1, dtype="float32")
        angle = ops.expand_dims(bins * (math.pi / ops.cast(length, "float32")), 0)
        # The bilinear transform's s = jv / u, as a fraction, since u is 0 at the end.
        u, v = ops.cos(angle) * ops.sin(half), ops.sin(angle) * ops.cos(half)
        even, odd = u * u - v * v, u * v / q
        if self.kind == "lowpass":
            above, below = (u * u, 0.0), (even, odd)
        elif self.kind == "highpass":
            above, below = (-v * v, 0.0), (even, odd)
        else:
            assert self.gain_db is not None
            amplitude = decibels_to_gain(self.draw(inputs, *self.gain_db, trailing=1))
            root = ops.sqrt(amplitude)
            above, below = (even, odd * root), (even, odd / root)
        size = below[0] * below[0] + below[1] * below[1]
        response = product(above, (below[0] / size, -below[1] / size))
        return ops.irfft(product((real, imag), response))[:, : ops.shape(inputs)[1]]

    def _response_samples(self) -> int:
        """Return the number of samples after which the slowest filter has decayed."""
        gains = [0.0] if self.gain_db is None else [*self.gain_db, 0.0]
        radius = 0.0
        for hertz, q, gain in combinations(self.frequency_hz, self.q, gains):
            angle = 2 * math.pi * hertz / self.sample_rate
            alpha = math.sin(angle) / (2 * q * 10 ** (gain / 40))
            poles = np.roots([1 + alpha, -2 * math.cos(angle), 1 - alpha])
            radius = max(radius, float(np.abs(poles).max()))
        samples = math.log(_DECAY) / math.log(radius) if radius < 1 else math.inf
        require(
            samples <= _LONGEST,
            "The filter rings for too long; raise `frequency_hz`, or bring `q` "
            "closer to 1.",
            frequency_hz=self.frequency_hz,
            q=self.q,
            gain_db=self.gain_db,
        )
        return math.ceil(samples)


Equalizer = Filter
