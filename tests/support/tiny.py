"""A network of a few weights that behaves like a real one, in milliseconds."""

import keras
import numpy as np

from kerasaudio import layers
from kerasaudio.core import AudioModel, AudioSpec

RATE = 8_000


def tiny_model(
    clip_samples: int | None = 4_000, seed: int = 0, width: int = 6
) -> AudioModel:
    """Build waveform -> spectrogram -> level1, level2 -> embedding -> predictions."""
    waveform = keras.Input((clip_samples,), name="waveform")
    x = layers.Spectrogram(n_fft=128, hop_length=64, name="frontend")(waveform)
    for level in (1, 2):
        x = keras.layers.Dense(width + level, activation="relu", name=f"level{level}")(
            x
        )
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dense(width, name="embedding")(x)
    scores = keras.layers.Dense(3, "softmax", name="predictions")(x)
    spec = AudioSpec(
        sample_rate=RATE,
        clip_samples=clip_samples,
        window_samples=clip_samples or 4_000,
        architecture="Tiny",
        min_samples=clip_samples or 400,
        window_padding="repeat",
        labels=("a", "b", "c"),
    )
    model = AudioModel(waveform, scores, name="tiny", spec=spec)
    rng = np.random.default_rng(seed)  # alike on every backend
    for weight in model.weights:
        scale = 1 / np.sqrt(weight.shape[0])
        weight.assign(rng.normal(0, scale, weight.shape).astype("float32"))
    return model


def tiny_factory(weights: str, include_top: bool = True) -> AudioModel:
    """Stand in for a factory of networks that recipes start from."""
    assert weights in ("tiny", "audioset")
    model = tiny_model()
    if include_top:
        return model
    return AudioModel(
        model.input,
        model.get_layer("embedding").output,
        name="body",
        spec=model.spec.replace(labels=None),
    )


def check_only_training_uses(model: AudioModel, taken: list[str]) -> list[str]:
    """Check that training steps learn and alone add to a list; give what one adds."""
    waves = np.random.default_rng(0).normal(0, 0.1, (4, 4_000)).astype("float32")
    targets = np.zeros((4, len(model.spec.labels)), "float32")
    model.compile("sgd", "binary_crossentropy")
    first = float(model.train_on_batch(waves, targets))
    used = list(taken)
    model.predict(waves, verbose=0)
    model.evaluate(waves, targets, verbose=0)
    assert taken == used
    for _ in range(5):
        last = float(model.train_on_batch(waves, targets))
    assert last < first
    assert all("call" not in vars(layer) for layer in model.layers)
    return used
