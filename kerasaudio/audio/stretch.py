"""Time-stretch and pitch-shift, off line: slower than a layer, and far better.

They need the extra `augment` (python-stretch, no system program).
"""

from typing import Any

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.audio.check import check_rate, check_size, check_waveform

RATE_LIMITS = (0.25, 4.0)
SEMITONE_LIMITS = (-24.0, 24.0)


def time_stretch(
    waveform: np.ndarray, sample_rate: int, rate: float, *, seed: int = 0
) -> np.ndarray:
    """Play a waveform faster or slower at the same pitch.

    Args:
        waveform: float samples in [-1, 1], shape (samples,).
        sample_rate: Of `waveform`, in Hz.
        rate: How many times as fast, from 0.25 to 4: 2 halves the length (librosa's
            meaning).
        seed: Of the phases of the transients; the same seed gives the same samples.

    Returns:
        float32 array (round(samples / rate),), at least one sample. The library smears
        the first and last 0.06 s.

    Raises:
        ValueError: Not a mono float waveform, a bad sample rate, a `rate` out of range.
        ImportError: The extra `augment` is not installed.

    Source: Signalsmith Stretch, by its binding python-stretch.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)
        >>> kerasaudio.time_stretch(waveform, 16_000, rate=1.5).shape  # 2 s of 3
        (32000,)
    """
    rate = float(number(rate, "rate", *RATE_LIMITS))
    samples = check_waveform(waveform)
    length = max(round(len(samples) / rate), 1)
    check_size(length, "The stretched sound", "Stretch it in parts.")
    stretcher = _stretcher(sample_rate, seed)
    stretcher.setTimeFactor(rate)
    return _process(stretcher, samples, length)


def pitch_shift(
    waveform: np.ndarray, sample_rate: int, semitones: float, *, seed: int = 0
) -> np.ndarray:
    """Raise or lower the pitch of a waveform at the same length.

    Args:
        waveform: float samples in [-1, 1], shape (samples,).
        sample_rate: Of `waveform`, in Hz.
        semitones: From -24 to 24; 12 is an octave up. A sine is met within 10 cents.
        seed: See `time_stretch`.

    Returns:
        float32 array (samples,).

    Raises:
        ValueError: Not a mono float waveform, a bad sample rate, `semitones` out of
            range.
        ImportError: The extra `augment` is not installed.

    Source: Signalsmith Stretch, by its binding python-stretch.

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
            "time_stretch and pitch_shift need python-stretch: "
            'pip install "kerasaudio[augment]".'
        ) from error
    stretcher = Stretch(whole_number(seed, "seed", 0, 2**31 - 1))
    stretcher.preset(1, sample_rate)
    return stretcher


def _process(stretcher: Any, samples: np.ndarray, length: int) -> np.ndarray:
    out = stretcher.process(samples[None])[0][:length]
    # The library rounds lengths down.
    return np.pad(out, (0, length - len(out))).astype(np.float32, copy=False)
