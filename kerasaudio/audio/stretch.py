"""Time-stretch and pitch-shift offline: slower than a layer, but far better.

They need the extra `augment` (python-stretch; no system program).
"""

import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.audio.check import check_rate, check_size, check_waveform
from kerasaudio.audio.signalsmith import stretched
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
    length = stretched_length(len(samples), rate)
    check_size(length, "The stretched waveform", "Stretch it in parts.")
    sample_rate, seed = _checked(sample_rate, seed)
    return stretched(samples, sample_rate, length, rate=rate, seed=seed)


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
    sample_rate, seed = _checked(sample_rate, seed)
    length = len(samples)
    return stretched(samples, sample_rate, length, semitones=semitones, seed=seed)


def stretched_length(samples: int, rate: float) -> int:
    """Return the length of a waveform after `time_stretch`, in samples."""
    return max(round(samples / rate), 1)


def require_stretch() -> None:
    """Raise an ImportError that says what to install, if the extra is missing."""
    try:
        import python_stretch.Signalsmith  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"time_stretch and pitch_shift need python-stretch: {install('augment')}."
        ) from error


def _checked(sample_rate: int, seed: int) -> tuple[int, int]:
    sample_rate = check_rate(sample_rate)
    require_stretch()
    return sample_rate, whole_number(seed, "seed", 0, 2**31 - 1)
