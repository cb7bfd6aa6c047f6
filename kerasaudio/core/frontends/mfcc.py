"""The cepstral front-end of the small speech networks: 25 ms every 10 ms.

waveform (b, samples) -> MFCC: frontend (b, 1 + samples // hop, n_mfcc) -> normalized
"""

from typing import Any

import keras

from kerasaudio.audio.check import check_rate
from kerasaudio.core.blocks import KERAS_EPSILON, feature_norm
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import MFCC

N_MELS = 64


def mfcc_settings(sample_rate: int, n_mfcc: int) -> dict[str, Any]:
    """Return the arguments of `MFCC` for a sample rate.

    Raises:
        ValueError: The sample rate is invalid.
    """
    rate = check_rate(sample_rate)
    window = rate // 40
    return {
        "sample_rate": rate,
        "n_mfcc": n_mfcc,
        "n_mels": N_MELS,
        "n_fft": max(512, 1 << (window - 1).bit_length()),
        "win_length": window,
        "hop_length": rate // 100,
    }


def mfcc_frontend(
    waveform: keras.KerasTensor, settings: dict[str, Any]
) -> keras.KerasTensor:
    """Return normalized coefficients, (batch, frames, n_mfcc)."""
    x = MFCC(**settings, name="frontend")(waveform)
    return feature_norm(x, KERAS_EPSILON, "frontend_bn")


def mfcc_spec(
    settings: dict[str, Any], clip_samples: int | None, min_frames: int
) -> AudioSpec:
    """Return the spec of a network on MFCCs; without `clip_samples`, windows are 1 s.

    Args:
        settings: Return value of `mfcc_settings`.
        clip_samples: Exact length of the input in samples; None for any length.
        min_frames: Smallest number of frames that the network takes.

    Raises:
        ValueError: `clip_samples` is too short for `min_frames`.
    """
    rate = settings["sample_rate"]
    shortest = max(settings["win_length"], (min_frames - 1) * settings["hop_length"])
    if clip_samples is not None and clip_samples < shortest:
        raise ValueError(
            f"clip_samples must be at least {shortest}. Received: {clip_samples!r}."
        )
    return AudioSpec.of_any_length(
        rate, rate, shortest, clip_samples, frontend=settings
    )
