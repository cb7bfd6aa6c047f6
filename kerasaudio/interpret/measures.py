"""Numbers that describe a sound: peaks, brightness, bursts."""

from typing import Any, NamedTuple

import numpy as np

from kerasaudio.arguments import number
from kerasaudio.audio import check_waveform
from kerasaudio.audio.check import check_rate

_FRAME_SECONDS = 0.01
_BURST_DB = -20.0


class Description(NamedTuple):
    """Numbers of a sound.

    Attributes:
        crest_factor: See `crest_factor`.
        spectral_centroid: In Hz, see `spectral_centroid`.
        bursts: Number of bursts, see `burst_seconds`.
        burst_seconds: Mean duration of a burst; NaN without one.
    """

    crest_factor: float
    spectral_centroid: float
    bursts: int
    burst_seconds: float


def describe(waveform: Any, sample_rate: int) -> Description:
    """Return crest factor, spectral centroid, and number and duration of bursts.

    Args:
        waveform: Mono waveform (samples,) of floats.
        sample_rate: In Hz.

    Raises:
        ValueError: The waveform or its rate is unusable.

    Examples:
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)
        >>> about = kerasaudio.interpret.describe(tone, 8_000)
        >>> round(about.spectral_centroid), about.bursts
        (440, 1)
    """
    durations = burst_seconds(waveform, sample_rate)
    return Description(
        crest_factor(waveform),
        spectral_centroid(waveform, sample_rate),
        len(durations),
        float(durations.mean()) if len(durations) else float("nan"),
    )


def crest_factor(waveform: Any) -> float:
    """Return the peak divided by the root mean square.

    A square wave has 1, a sine 1.41, noise 3 to 5, clicks more; silence has NaN.

    Args:
        waveform: Mono waveform (samples,) of floats.

    Raises:
        ValueError: The waveform is unusable.

    Examples:
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)
        >>> round(kerasaudio.interpret.crest_factor(tone), 3)
        1.414
    """
    samples = check_waveform(waveform).astype("float64")
    level = np.sqrt((samples**2).mean())
    return float(np.abs(samples).max() / level) if level > 0 else float("nan")


def spectral_centroid(waveform: Any, sample_rate: int) -> float:
    """Return the mean frequency in Hz, weighted by the power of the whole sound.

    librosa weights by magnitude and gives a number per frame. Silence has NaN.

    Args:
        waveform: Mono waveform (samples,) of floats.
        sample_rate: In Hz.

    Raises:
        ValueError: The waveform or its rate is unusable.

    Examples:
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)
        >>> round(kerasaudio.interpret.spectral_centroid(tone, 8_000))
        440
    """
    samples = check_waveform(waveform).astype("float64")
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / check_rate(sample_rate))
    total = power.sum()
    return float((hertz * power).sum() / total) if total > 0 else float("nan")


def burst_seconds(
    waveform: Any, sample_rate: int, threshold_db: float = _BURST_DB
) -> np.ndarray:
    """Return the durations of the bursts in a sound, in seconds.

    A burst is a run of frames of 10 ms whose level is less than 20 dB below that of the
    loudest frame. A steady sound is one burst; silence has none.

    Args:
        waveform: Mono waveform (samples,) of floats.
        sample_rate: In Hz.
        threshold_db: Level of the quietest frame of a burst, relative to the loudest
            frame, in dB, below 0; default: -20.

    Returns:
        float64 (bursts,), in their order.

    Raises:
        ValueError: The waveform, its rate or the threshold is unusable.

    Examples:
        >>> clicks = np.zeros(8_000)
        >>> clicks[1_600:2_400] = clicks[4_000:4_800] = 0.5
        >>> kerasaudio.interpret.burst_seconds(clicks, 8_000)
        array([0.1, 0.1])
    """
    samples = check_waveform(waveform).astype("float64")
    rate = check_rate(sample_rate)
    below = number(threshold_db, "threshold_db", below=0)
    frame = max(1, round(_FRAME_SECONDS * rate))
    padded = np.pad(samples, (0, -len(samples) % frame))
    power = (padded.reshape(-1, frame) ** 2).mean(axis=1)
    if power.max() == 0:
        return np.zeros(0)
    loud = power > power.max() * 10 ** (below / 10)
    edges = np.flatnonzero(np.diff(np.pad(loud.astype(int), 1)))
    ends = np.minimum(edges[1::2] * frame, len(samples))
    durations: np.ndarray = (ends - edges[::2] * frame) / rate
    return durations
