"""The input of FCN, CRNN and musicnn in Won et al. 2020: torchaudio's mel spectrogram,
and the chunks of their evaluation.

    waveform (b, samples) -> HTK mel, power (b, 1 + samples // 256, 96) -> dB
    -> batch normalization over everything, one scale and shift (b, frames, 96, 1)

Source: minzwon/sota-music-tagging-models at 4e1d652, `training/model.py`;
`training/eval.py`, `Predict.get_tensor` and `get_test_score`.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from kerasaudio.core.blocks import TORCH_EPSILON, batch_norm
from kerasaudio.layers import Decibel, MelSpectrogram
from kerasaudio.layers.window import window_function

SAMPLE_RATE = 16_000
HOP = 256
BINS = 96
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 512,
    "hop_length": HOP,
    "pad_mode": "reflect",
    "n_mels": BINS,
    "fmax": 8000.0,
    "htk": True,
    "norm": None,
}

# A clip's result is the mean over 16 chunks, (samples - chunk) // 16 apart; batch_size
# is 16 in `training/eval.py`, and chunks are cut before the spectrogram.
WON_CLIPS = {"windows_per_clip": 16}


def won_frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """Return normalized decibels, (batch, frames, 96, 1)."""
    x = MelSpectrogram(**FRONTEND, name="mel")(waveform)
    x = Decibel(top_db=None, name="frontend")(x)
    x = layers.Reshape((-1, BINS, 1), name="image")(x)
    return batch_norm(x, TORCH_EPSILON, "spec_bn")


def stored_constants() -> dict[str, np.ndarray]:
    """Return the constants of this front-end in torchaudio's state dict, by key."""
    return {
        "spec.mel_scale.fb": MelSpectrogram(**FRONTEND).filterbank,
        "spec.spectrogram.window": window_function(
            "hann", FRONTEND["n_fft"], periodic=True
        ),
    }
