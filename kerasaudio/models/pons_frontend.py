"""The spectrogram that musicnn 0.1.0 feeds to its networks (librosa's defaults).

    waveform (b, samples) -> Slaney mel, power (b, samples // 256, 96)
    -> log10(10000 x + 1) -> (b, frames, 96, 1)

librosa gives one frame more, half of it padding; upstream's patches of 187 frames, the
first of a clip, end before it, and so does ours. The later windows of a long clip begin
like clips of their own, with half a frame of silence where upstream's patches have the
samples before; single scores of such a window then differ, on a synthetic signal by up
to .07.

Source: jordipons/musicnn 0.1.0, `extractor.py`, `configuration.py`.
"""

from typing import Any

import keras
from keras import layers

from kerasaudio.layers import LogCompression, MelSpectrogram
from kerasaudio.models.spec import AudioSpec

SAMPLE_RATE = 16_000
BINS = 96
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 512,
    "hop_length": 256,
    "n_mels": BINS,
}


def pons_frontend(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """Give the compressed mel spectrogram, (batch, frames, 96, 1)."""
    x = MelSpectrogram(**FRONTEND, name="mel")(waveform)
    x = layers.Cropping1D((0, 1), name="patch", dtype="float32")(x)
    x = LogCompression(gain=10_000.0, offset=1.0, base=10, name="frontend")(x)
    return layers.Reshape((-1, BINS, 1), name="image")(x)


def pons_spec(clip_samples: int) -> AudioSpec:
    """Describe the input of musicnn 0.1.0's networks."""
    return AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, FRONTEND)
