"""Kaldi filter bank energies of a fixed number of frames, as of AST and its heirs.

    waveform (b, samples) -> energies, 100 frames a second (b, frames, 128)
    -> cut or padded with zeros (b, max_length, 128) -> normalized: frontend

Zero is a loud value here, not silence: these networks were trained so.
"""

from typing import Any

import keras

from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import KaldiFbank, Standardize
from kerasaudio.layers.transformer import FitFrames

SAMPLE_RATE = 16_000
FRAME = 400
HOP = 160
BINS = 128
MEAN, STD = -4.2677393, 4.5689974  # of AudioSet, as AST and AudioMAE have them
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "window": "hann",
    "n_mels": BINS,
}


def padded_fbank(
    waveform: keras.KerasTensor, max_length: int, mean: float = MEAN, std: float = STD
) -> keras.KerasTensor:
    """Return the normalized energies of a waveform, (batch, max_length, 128).

    AST and AudioMAE remove the mean of a clip first. The filter bank removes that of
    each frame, which includes it.

    Args:
        waveform: (batch, samples), at 16 kHz.
        max_length: Number of frames.
        mean: Of the energies of the training data; default: AudioSet's.
        std: Of the same. They are divided by twice as much.
    """
    x = KaldiFbank(**FRONTEND, name="fbank")(waveform)
    # Padded before it is normalized, as upstream.
    x = FitFrames(max_length, name="fit_frames")(x)
    return Standardize(mean, 2 * std, name="frontend")(x)


def padded_fbank_spec(
    max_length: int, mean: float = MEAN, std: float = STD
) -> AudioSpec:
    """Return the spec of a network on these; long audio is cut side by side.

    Args:
        max_length: Number of frames.
        mean: See `padded_fbank`.
        std: See `padded_fbank`.
    """
    longest = FRAME + (max_length - 1) * HOP
    return AudioSpec(
        sample_rate=SAMPLE_RATE,
        clip_samples=None,
        window_samples=longest,
        min_samples=FRAME,
        max_samples=longest,
        window_padding="zeros",
        frontend=FRONTEND | {"mean": mean, "std": 2 * std, "max_length": max_length},
    )
