"""A network that listens to 1 kHz alone, and a sound with that in a known place."""

import keras
import numpy as np

from kerasaudio import layers
from kerasaudio.core import AudioModel, AudioSpec

RATE = 8_000
HEARD = (0.5, 0.9)  # seconds, at 1 kHz
UNHEARD = (1.3, 1.7)  # at 3 kHz


def listener() -> AudioModel:
    """Build waveform -> log mel -> conv on the bands near 1 kHz -> "tone", "other"."""
    waveform = keras.Input((None,), name="waveform")
    mel = layers.MelSpectrogram(RATE, 256, hop_length=80, n_mels=16, name="mel")
    x = layers.LogCompression(offset=1e-3, name="frontend")(mel(waveform))
    conv = keras.layers.Conv1D(1, 3, padding="same", activation="relu", name="conv")
    x = conv(x)
    x = keras.layers.GlobalAveragePooling1D(name="embedding")(x)
    scores = keras.layers.Dense(2, "softmax", name="predictions")(x)
    spec = AudioSpec.of_any_length(RATE, RATE, 400, labels=("tone", "other"))
    model = AudioModel(waveform, scores, name="listener", spec=spec)
    hertz = (mel.filterbank * np.arange(129)[:, None]).sum(0) / mel.filterbank.sum(0)
    near = np.abs(hertz * RATE / 256 - 1_000) < 200
    kernel = np.where(near, 1 / near.sum() / 3, 0).reshape(1, -1, 1).repeat(3, axis=0)
    conv.set_weights([kernel.astype("float32"), np.float32([5])])
    top = np.float32([[2, -2]]), np.float32([-1, 1])
    model.get_layer("predictions").set_weights(top)
    return model


def two_tones(seconds: float = 2.0) -> np.ndarray:
    """Give a faint noise with two tones, float32 (samples,)."""
    times = np.arange(round(seconds * RATE)) / RATE
    sound = np.random.default_rng(0).normal(0, 1e-3, len(times))
    for hertz, (begin, end) in ((1_000, HEARD), (3_000, UNHEARD)):
        inside = (times >= begin) & (times < end)
        sound += 0.3 * np.sin(2 * np.pi * hertz * times) * inside
    return sound.astype("float32")
