"""The result of an attribution: how much each part of a sound counts for a score."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from kerasaudio.arguments import number
from kerasaudio.layers import STFT, InverseSTFT
from kerasaudio.text import one_line

Kind = Literal["contribution", "sensitivity"]
_SOFT = 99.0  # percentile of the strength that is heard in full
_SOUND_SECONDS = 0.064  # window of the transform that a mask is applied to


@dataclass(frozen=True, eq=False, repr=False)
class Attribution:
    """How much each part of a sound counts for a score.

    Attributes:
        values: float32 (times,) or (times, frequencies).
        times: Middle of each part in seconds, float64 (times,).
        frequencies: Middle of each part in Hz, float64 (frequencies,); None if the
            second axis of `values` is not frequency (cepstral coefficients), or absent.
        target: What is explained: a label, or a layer and its unit.
        score: The value that is explained: the score before its activation where the
            last layer has one, otherwise the score; the mean of the windows of a clip.
        method: Name of the method.
        kind: ``"contribution"``: values above 0 raise the score, below 0 they lower it;
            ``"sensitivity"``: slopes, of which only the magnitude says something.
        waveform: The sound, float32 (samples,).
        sample_rate: Its sample rate in Hz, that of the model.
        asked: Arguments that named the target: label, or layer and unit.
        details: Numbers of the method, such as the completeness error of
            `integrated_gradients`.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.occlusion(model, "song.wav", label="3")
        >>> found.values.shape, found.target
        ((30,), '3')
        >>> times, mass = found.over_time()
        >>> bool(np.isclose(mass.sum(), 1))
        True
        >>> heard = found.sound()  # what it listened to
        >>> heard.shape == found.waveform.shape
        True
    """

    values: np.ndarray
    times: np.ndarray
    frequencies: np.ndarray | None
    target: str
    score: float
    method: str
    kind: Kind
    waveform: np.ndarray
    sample_rate: int
    asked: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the main facts in one line, with the loudest second of attention."""
        shape = " x ".join(map(str, self.values.shape))
        parts = f"{shape} part{'' if self.values.shape == (1,) else 's'}"
        about = f", strongest at {self.peak_seconds:.2f} s" if self.mass else ""
        more = "".join(f", {name}={value:.3g}" for name, value in self.details.items())
        return (
            f"{type(self).__name__}({one_line(self.target)!r} by {self.method}, "
            f"{parts} in {round(self.seconds, 2):g} s, score {self.score:.3g}{about}"
            f"{more})"
        )

    @property
    def seconds(self) -> float:
        """Length of the sound in seconds."""
        return len(self.waveform) / self.sample_rate

    @property
    def strength(self) -> np.ndarray:
        """What speaks for the target, not negative, of the shape of `values`.

        Contributions above 0, or the magnitudes of sensitivities.
        """
        if self.kind == "sensitivity":
            return np.abs(self.values)
        return np.maximum(self.values, 0)

    @property
    def mass(self) -> float:
        """Sum of `strength`; 0 if nothing speaks for the target."""
        return float(self.strength.sum(dtype="float64"))

    @property
    def peak_seconds(self) -> float:
        """Time of the largest mass, by `over_time`."""
        times, mass = self.over_time()
        return float(times[mass.argmax()])

    def over_time(self, step_seconds: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
        """Return how the mass is spread over time.

        Contributions of a step are added before those below 0 are left out, as single
        samples of a vibration raise and lower the score in turn.

        Args:
            step_seconds: Length of a step. Steps are at least as long as the parts.

        Returns:
            Middles of the steps in seconds, and their shares of the mass, which add up
            to 1, or are 0 if nothing speaks for the target; float64 (steps,) each.

        Raises:
            ValueError: `step_seconds` is not a number above 0.
        """
        step = number(step_seconds, "step_seconds", above=0)
        part = self._part_seconds
        step = max(1, round(step / part)) * part
        count = max(1, round(self.seconds / step))
        at = ((self.times - (self.times[0] - part / 2)) / step + 1e-6).astype(int)
        at = np.clip(at, 0, count - 1)
        signed = self.kind == "contribution"
        values = (self.values if signed else np.abs(self.values)).astype("float64")
        values = values.reshape(len(values), -1).sum(axis=1)
        mass = np.maximum(np.bincount(at, values, count), 0)
        total = mass.sum()
        return (np.arange(count) + 0.5) * step, mass / total if total > 0 else mass

    def mask(self, keep: float | None = None) -> np.ndarray:
        """Return a mask over the parts, from 0 to 1.

        Args:
            keep: Share of the parts to keep, between 0 and 1: the strongest have 1, all
                others 0. None for a soft mask, the strength divided by its 99th
                percentile, at most 1.

        Returns:
            float32, of the shape of `values`; 0 everywhere if nothing speaks for the
            target. Of samples, the strength is averaged over 10 ms first.

        Raises:
            ValueError: `keep` is not between 0 and 1.
        """
        strength = self.strength.astype("float64")
        if strength.ndim == 1:
            width = max(1, round(0.01 / self._part_seconds))
            strength = np.convolve(strength, np.full(width, 1 / width), "same")
        if not strength.any():
            return np.zeros(strength.shape, "float32")
        if keep is not None:
            share = number(keep, "keep", above=0, most=1)
            count = max(1, round(share * strength.size))
            mask = np.zeros(strength.size, "float32")
            mask[np.argsort(-strength, axis=None, kind="stable")[:count]] = 1
            return np.where(strength > 0, mask.reshape(strength.shape), 0)
        full = np.percentile(strength[strength > 0], _SOFT)
        return np.minimum(strength / full, 1).astype("float32")

    def sound(self, keep: float | None = None) -> np.ndarray:
        """Return what the network listened to: the sound behind the mask.

        The mask is applied to the short-time Fourier transform of the sound, which
        `layers.InverseSTFT` turns back into a waveform. If the frequencies are unknown,
        the mask changes over time alone, by its maximum over the second axis.

        Args:
            keep: As for `mask`.

        Returns:
            float32 (samples,), at `sample_rate`.
        """
        return masked(self, self.mask(keep))

    @property
    def _part_seconds(self) -> float:
        """Length of the parts."""
        if len(self.times) < 2:
            return self.seconds
        return float(self.times[1] - self.times[0])


def check_attribution(found: Any) -> None:
    """Raise a ValueError unless something is an attribution."""
    if not isinstance(found, Attribution):
        raise ValueError(
            "found must be the result of a method of kerasaudio.interpret, such as "
            f"occlusion. Received: {type(found).__name__}."
        )


def masked(found: Attribution, mask: np.ndarray) -> np.ndarray:
    """Return the sound of an attribution behind a mask of the shape of its values."""
    return apply_mask(
        found.waveform, found.sample_rate, mask, found.times, found.frequencies
    )


def apply_mask(
    waveform: np.ndarray,
    sample_rate: int,
    mask: np.ndarray,
    times: np.ndarray,
    frequencies: np.ndarray | None,
) -> np.ndarray:
    """Return a waveform behind a mask.

    Args:
        waveform: float32 (samples,).
        sample_rate: In Hz.
        mask: Factors, (times,) or (times, frequencies).
        times: Times of the mask in seconds, ascending.
        frequencies: Frequencies of the mask in Hz, ascending; None if unknown.
    """
    spectrum, inverse = transforms(sample_rate, len(waveform))
    parts = spectrum_of(spectrum, waveform)
    at = np.arange(parts.shape[0]) * spectrum.hop_length / sample_rate
    if mask.ndim == 2 and frequencies is None:
        mask = mask.max(axis=1)
    if mask.ndim == 1:
        factors = np.interp(at, times, mask)[:, None]
    else:
        assert frequencies is not None
        hertz = np.arange(spectrum.bins) * sample_rate / spectrum.n_fft
        over_time = _between(at, times, mask)
        factors = _between(hertz, frequencies, over_time.T).T
    return waveform_of(inverse, parts * factors[..., None])


def transforms(sample_rate: int, samples: int) -> tuple[STFT, InverseSTFT]:
    """Return the transform that sounds are masked in, and its inverse."""
    n_fft = 1 << max(5, round(np.log2(_SOUND_SECONDS * sample_rate)))
    settings: dict[str, Any] = {"n_fft": n_fft, "hop_length": n_fft // 4}
    return STFT(**settings), InverseSTFT(length=samples, **settings)


def spectrum_of(layer: STFT, waveform: np.ndarray) -> np.ndarray:
    """Return the transform of a waveform, float32 (frames, bins, 2)."""
    return _run(layer, waveform)


def waveform_of(layer: InverseSTFT, spectrum: np.ndarray) -> np.ndarray:
    """Return the waveform of a transform, float32 (samples,)."""
    return _run(layer, spectrum.astype("float32"))


def _run(layer: Any, array: np.ndarray) -> np.ndarray:
    from keras import ops

    return np.asarray(ops.convert_to_numpy(layer(ops.convert_to_tensor(array[None]))))[
        0
    ]


def _between(at: np.ndarray, known: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Interpolate rows (known, ...) at other places; the ends go on."""
    if len(known) == 1:
        return np.repeat(rows, len(at), axis=0)
    place = np.interp(at, known, np.arange(len(known)))
    low = np.minimum(place.astype(int), len(known) - 2)
    share = (place - low)[:, None]
    return (1 - share) * rows[low] + share * rows[low + 1]
