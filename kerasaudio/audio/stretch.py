"""Time-stretch and pitch-shift offline: slower than a layer, but far better.

They need the extra `augment` (python-stretch; no system program).
"""

from typing import Any

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.audio.check import check_rate, check_size, check_waveform
from kerasaudio.extras import install

RATE_LIMITS = (0.25, 4.0)
SEMITONE_LIMITS = (-24.0, 24.0)


def time_stretch(
    waveform: np.ndarray, sample_rate: int, rate: float, *, seed: int = 0
) -> np.ndarray:
    """Make a waveform faster or slower without changing its pitch.

    Args:
        waveform: Float samples in [-1, 1], shape (samples,).
        sample_rate: Sample rate of `waveform` in Hz.
        rate: Factor of the speed, from 0.25 to 4; 2 halves the length, as in librosa.
        seed: Seed for the phases of the transients; the same seed gives the same
            samples.

    Returns:
        A float32 array (round(samples / rate),), at least one sample. The library
        smears the first and last 0.06 s.

    Raises:
        ValueError: The waveform is not mono float, the sample rate is invalid, or
            `rate` is out of range.
        ImportError: The extra `augment` is not installed.

    Source: Signalsmith Stretch, through its binding python-stretch.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)
        >>> kerasaudio.time_stretch(waveform, 16_000, rate=1.5).shape  # 2 s of 3
        (32000,)
    """
    rate = float(number(rate, "rate", *RATE_LIMITS))
    samples = check_waveform(waveform)
    length = max(round(len(samples) / rate), 1)
    check_size(length, "The stretched waveform", "Stretch it in parts.")
    stretcher = _stretcher(sample_rate, seed)
    stretcher.setTimeFactor(rate)
    return _process(stretcher, samples, length)


def pitch_shift(
    waveform: np.ndarray, sample_rate: int, semitones: float, *, seed: int = 0
) -> np.ndarray:
    """Raise or lower the pitch of a waveform without changing its length.

    Args:
        waveform: Float samples in [-1, 1], shape (samples,).
        sample_rate: Sample rate of `waveform` in Hz.
        semitones: Shift in semitones, from -24 to 24; 12 is one octave up. For a sine
            the error is at most 10 cents.
        seed: See `time_stretch`.

    Returns:
        A float32 array (samples,).

    Raises:
        ValueError: The waveform is not mono float, the sample rate is invalid, or
            `semitones` is out of range.
        ImportError: The extra `augment` is not installed.

    Source: Signalsmith Stretch, through its binding python-stretch.

    Examples:
        >>> tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)
        >>> higher = kerasaudio.pitch_shift(tone, 16_000, semitones=12)
        >>> higher.shape
        (16000,)
        >>> round(int(np.abs(np.fft.rfft(higher)).argmax()), -1)  # Hz
        400
    """
    semitones = float(number(semitones, "semitones", *SEMITONE_LIMITS))
    samples = check_waveform(waveform)
    stretcher = _stretcher(sample_rate, seed)
    stretcher.setTransposeSemitones(semitones)
    return _process(stretcher, samples, len(samples))


def _stretcher(sample_rate: int, seed: int) -> Any:
    sample_rate = check_rate(sample_rate)
    try:
        from python_stretch.Signalsmith import Stretch
    except ImportError as error:
        raise ImportError(
            f"time_stretch and pitch_shift need python-stretch: {install('augment')}."
        ) from error
    stretcher = Stretch(whole_number(seed, "seed", 0, 2**31 - 1))
    stretcher.preset(1, sample_rate)
    return stretcher


def _process(stretcher: Any, samples: np.ndarray, length: int) -> np.ndarray:
    out = stretcher.process(samples[None])[0][:length]
    # The library rounds lengths down.
    return np.pad(out, (0, length - len(out))).astype(np.float32, copy=False)
