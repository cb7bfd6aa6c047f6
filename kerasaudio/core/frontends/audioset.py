"""The front-end of the AudioSet networks VGGish and YAMNet.

waveform (b, samples) -> magnitude spectrogram, 25 ms every 10 ms -> 64 mel bands of 125
to 7500 Hz -> log -> frontend (b, frames, 64) -> patches of 0.96 s (b, n, 96, 64)

Source: tensorflow/models, research/audioset/vggish/mel_features.py, and
research/audioset/yamnet/features.py at 33630ec.
"""

from typing import Any

import keras

from kerasaudio.audio.window_rule import Rest
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import LogCompression, MelSpectrogram, Patches

SAMPLE_RATE = 16_000
HOP = 160
PATCH_FRAMES = 96
PATCH_SAMPLES = (PATCH_FRAMES - 1) * HOP + 400  # the last frame is 400 samples long
MEL: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 512,
    "hop_length": HOP,
    "win_length": 400,
    "window_align": "left",
    "center": False,
    "power": 1.0,
    "n_mels": 64,
    "fmin": 125.0,
    "fmax": 7500.0,
    "htk": True,
    "norm": None,
    "triangles": "mel",
}


def audioset_patches(
    waveform: keras.KerasTensor, hop_samples: int, log_offset: float
) -> keras.KerasTensor:
    """Return the log mel patches of a waveform, (batch, patches, 96, 64).

    Args:
        waveform: (batch, samples), at 16 kHz.
        hop_samples: Distance from one patch's start to the next, in samples.
        log_offset: Number added to the mel spectrogram before the logarithm.
    """
    x = MelSpectrogram(**MEL, name="mel")(waveform)
    x = LogCompression(offset=log_offset, name="frontend")(x)
    return Patches(PATCH_FRAMES, hop_samples // HOP, name="patches")(x)


def audioset_spec(
    clip_samples: int | None, hop_samples: int, log_offset: float, rest: Rest
) -> AudioSpec:
    """Return the spec of a network on patches; long audio is cut at patch borders.

    Args:
        clip_samples: Exact length of the input in samples; None for any length.
        hop_samples: Distance from one patch's start to the next, in samples.
        log_offset: Number added to the mel spectrogram before the logarithm.
        rest: The original's treatment of samples that do not fill a patch.

    Raises:
        ValueError: `clip_samples` is shorter than a patch.
    """
    if clip_samples is not None and clip_samples < PATCH_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {PATCH_SAMPLES}, the length of a patch. "
            f"Received: {clip_samples!r}."
        )
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        PATCH_SAMPLES,
        PATCH_SAMPLES,
        clip_samples,
        hop_samples=hop_samples,
        rest=rest,
        frontend=MEL | {"log_offset": log_offset, "patch_hop_samples": hop_samples},
    )
