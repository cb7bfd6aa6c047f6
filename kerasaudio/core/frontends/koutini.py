"""The front-end of PaSST, and of EfficientAT, which PaSST taught.

    waveform (b, samples) -> pre-emphasis (b, samples - 1)
    -> HTK mel, power, windows of 25 ms every 10 ms (b, frames, 128)
    -> log(x + 1e-5) -> (x + 4.5) / 5: frontend (b, frames, 128)

Upstream moves both ends of the mel scale a little at each step of a training; here they
stay where they are in inference.

Source: kkoutini/PaSST at 2a5c818, `models/preprocess.py` (`AugmentMelSTFT`);
fschmid56/EfficientAT at a425fdc.
"""

from typing import Any

import keras

from kerasaudio.layers import LogCompression, MelSpectrogram, Preemphasis, Standardize

SAMPLE_RATE = 32_000
HOP = 320
BINS = 128
PREEMPHASIS = 0.97
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 1024,
    "hop_length": HOP,
    "win_length": 800,
    "periodic": False,
    "pad_mode": "reflect",
    "n_mels": BINS,
    "fmax": 15_000.0,
    "htk": True,
    "norm": None,
    "triangles": "mel",
}


def koutini_frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """Return the normalized log mel spectrogram, (batch, frames, 128)."""
    x = Preemphasis(PREEMPHASIS, mode="valid", name="preemphasis")(waveform)
    x = MelSpectrogram(**FRONTEND, name="mel")(x)
    x = LogCompression(offset=1e-5, name="log")(x)
    return Standardize(mean=-4.5, std=5.0, name="frontend")(x)
