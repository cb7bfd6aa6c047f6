"""Gradient ascent on waveforms: noise, what is kept of a gradient, a step."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerasaudio.arguments import number

NOISE_RMS = 0.01


@dataclass(frozen=True)
class Priors:
    """What is assumed of natural sounds, so that others recognize what one dreams up.

    Without priors, gradient ascent finds sounds that a network scores highly, and that
    neither people nor other networks recognize.

    Attributes:
        shift_seconds: The sound is rolled at random by up to this time, either way, in
            each iteration, so that what is found does not depend on exact positions; 0
            for no shifts.
        slope_db: Smoothing of the gradient over time: the level of its frequencies, and
            of those of the noise at the beginning, falls by this number of dB per
            octave above the low end of the band; 0 for no smoothing.
        band: Lowest and highest frequency in Hz that change; the highest may be None,
            for half the sample rate.
        rms: Bound of the energy: the highest root mean square of the sound.

    Raises:
        ValueError: A number is out of range.

    Examples:
        >>> kerasaudio.interpret.Priors(band=(200, 4_000)).rms
        0.1
    """

    shift_seconds: float = 0.05
    slope_db: float = 12.0
    band: tuple[float, float | None] = (100.0, None)
    rms: float = 0.1

    def __post_init__(self) -> None:
        """Check the numbers."""
        number(self.shift_seconds, "shift_seconds", 0)
        number(self.slope_db, "slope_db", 0)
        number(self.rms, "rms", above=0, most=1)
        if not isinstance(self.band, tuple | list) or len(self.band) != 2:
            raise ValueError(
                f"band must be two frequencies in Hz. Received: {self.band!r}."
            )
        low, high = self.band
        number(low, "the lowest frequency of band", 0)
        if high is not None:
            number(high, "the highest frequency of band", above=low)
        object.__setattr__(self, "band", (low, high))

    def gain(self, samples: int, sample_rate: float) -> np.ndarray:
        """Return the gain of each frequency of a real FFT, (samples // 2 + 1,).

        Raises:
            ValueError: No frequency of a sound of this length is in the band.
        """
        hertz = np.fft.rfftfreq(samples, 1 / sample_rate)
        low, high = self.band
        inside = hertz >= low
        if high is not None:
            inside &= hertz <= high
        if not inside.any():
            raise ValueError(
                f"A sound of {samples} samples at {sample_rate:g} Hz has no frequency "
                f"within the band of {low:g} to {high or sample_rate / 2:g} Hz."
            )
        least = max(float(low), hertz[1] if len(hertz) > 1 else 1.0)
        octaves = np.log2(np.maximum(hertz, least) / least)
        gain: np.ndarray = np.where(inside, 10 ** (-self.slope_db / 20 * octaves), 0)
        return gain

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values for JSON."""
        return {**asdict(self), "band": list(self.band)}


class Ascent:
    """Steps uphill for waveforms of one length, (batch, samples) float32.

    Args:
        samples: Length of the waveforms.
        sample_rate: In Hz.
        step: With priors, root mean square of the change of one step before the bound;
            without, factor of the gradient.
        priors: What is assumed of sounds; None for plain ascent, in which the waveform
            is only limited to [-1, 1].
        seed: Seed of the noise and of the shifts.

    Raises:
        ValueError: `priors` is something else, or its band is empty.
    """

    def __init__(
        self,
        samples: int,
        sample_rate: int,
        step: float,
        priors: Priors | None,
        seed: int,
    ) -> None:
        if priors is not None and not isinstance(priors, Priors):
            raise ValueError(
                "priors must be kerasaudio.interpret.Priors(...), or None for plain "
                f"ascent. Received: {type(priors).__name__}."
            )
        self._samples, self._step = samples, step
        self._priors, self._seed = priors, seed
        self._gain = None if priors is None else priors.gain(samples, sample_rate)
        shift = 0 if priors is None else round(priors.shift_seconds * sample_rate)
        self._most_shift = min(shift, samples // 2)

    def noise(self, count: int) -> np.ndarray:
        """Return seeded Gaussian noise of -40 dB, with the spectrum of the priors."""
        rng = np.random.default_rng(self._seed)
        noise = self._smooth(rng.standard_normal((count, self._samples)))
        level = rms(noise)
        return (NOISE_RMS * noise / level).astype("float32")

    def shift(self, iteration: int) -> int:
        """Return by how many samples the sound is rolled in an iteration."""
        if not self._most_shift:
            return 0
        # Of its own generator, so that a resumed ascent goes the same way.
        rng = np.random.default_rng((self._seed, iteration))
        return int(rng.integers(-self._most_shift, self._most_shift + 1))

    def roll(self, waveforms: np.ndarray, shift: int, back: bool = False) -> np.ndarray:
        """Return waveforms rolled by a number of samples, or back."""
        return np.roll(waveforms, -shift if back else shift, axis=-1)

    def move(self, waveforms: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the waveforms one step further; those without a slope stay."""
        slope = self._smooth(gradient.astype("float64"))
        if self._priors is None:
            moved = waveforms + self._step * slope
        else:
            size = rms(slope)
            slope = slope / np.where(size > 0, size, 1)
            moved = waveforms + self._step * slope
            level = rms(moved)
            moved *= np.minimum(1, self._priors.rms / np.where(level > 0, level, 1))
        return moved.clip(-1, 1).astype("float32")

    def _smooth(self, waveforms: np.ndarray) -> np.ndarray:
        if self._gain is None:
            return waveforms
        return np.fft.irfft(np.fft.rfft(waveforms) * self._gain, self._samples)


def rms(waveforms: np.ndarray) -> np.ndarray:
    """Return the root mean square of waveforms, (batch, 1)."""
    level: np.ndarray = np.sqrt((waveforms**2).mean(axis=-1, keepdims=True))
    return level
