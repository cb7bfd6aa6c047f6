"""A network of a few weights that knows two sounds, without any training."""

import keras
import numpy as np

from kerasaudio import layers
from kerasaudio.core import AudioModel, AudioSpec

RATE = 8_000
WINDOW = 4_000


def hum_or_hiss(labels=("hum", "hiss")):
    """Build waveform -> shape of the spectrum -> two scores."""
    waveform = keras.Input((WINDOW,), name="waveform")
    power = layers.Spectrogram(n_fft=128, hop_length=64, name="frontend")(waveform)
    power = keras.layers.GlobalAveragePooling1D()(power)
    shape = keras.layers.UnitNormalization(name="embedding")(power)
    scores = keras.layers.Dense(2, "softmax", name="predictions")(shape)
    spec = AudioSpec(
        sample_rate=RATE,
        clip_samples=WINDOW,
        window_samples=WINDOW,
        architecture="HumOrHiss",
        min_samples=WINDOW,
        window_padding="repeat",
        labels=labels,
    )
    model = AudioModel(waveform, scores, name="hum_or_hiss", spec=spec)
    is_low = np.arange(65) * RATE / 128 < 1_000
    kernel = np.stack([is_low, ~is_low], axis=1).astype("float32")
    model.get_layer("predictions").set_weights([8 * kernel, np.zeros(2, "float32")])
    return model


def sound(kind, seconds, rate):
    """Make a hum of 220 Hz, or white noise, float32."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.1, len(time))
    tone = 0.3 * np.sin(2 * np.pi * 220 * time)
    return (tone if kind == "hum" else noise).astype("float32")
