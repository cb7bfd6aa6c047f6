"""A training on a number of devices, in a process of its own.

python -m support.on_devices FOLDER OUT SETTINGS writes OUT, a JSON file with the loss
of each epoch and sums of the weights. SETTINGS are JSON: arguments of `train`, how many
devices there are (there), epochs, batch_size, the epoch to stop after (stop), and more.
"""

import json
import os
import sys
from pathlib import Path


def networks(dropout, normalized):
    """Return a network with batch normalization, of a few weights."""
    import keras
    import numpy as np

    from kerasaudio import layers
    from kerasaudio.core import AudioModel, AudioSpec

    keras.utils.set_random_seed(0)
    waveform = keras.Input((4_000,), name="waveform")
    x = layers.Spectrogram(n_fft=128, hop_length=64, name="frontend")(waveform)
    if normalized:
        x = keras.layers.BatchNormalization(name="first", momentum=0.9)(x)
    x = keras.layers.Dense(8, activation="tanh", name="level")(x)
    if normalized:
        x = keras.layers.BatchNormalization(name="second", momentum=0.9)(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dropout(dropout)(x)
    x = keras.layers.Dense(6, name="embedding")(x)
    scores = keras.layers.Dense(3, "softmax", name="predictions")(x)
    spec = AudioSpec(
        sample_rate=8_000,
        clip_samples=4_000,
        window_samples=4_000,
        architecture="Normalized",
        min_samples=4_000,
        window_padding="repeat",
        labels=("high", "low", "noise"),
    )
    model = AudioModel(waveform, scores, name="normalized", spec=spec)
    rng = np.random.default_rng(0)  # alike on every backend
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            shape = layer.kernel.shape
            drawn = rng.normal(0, 1 / np.sqrt(shape[0]), shape)
            layer.kernel.assign(drawn.astype("float32"))
    return model


class StopError(Exception):
    """Raised where a process might die."""


def main(folder, out, settings):
    """Train, and write what came of it."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    there = settings.pop("there", 1)
    if backend == "tensorflow" and there > 1:
        import tensorflow as tf

        one = tf.config.list_physical_devices("CPU")[0]
        logical = [tf.config.LogicalDeviceConfiguration()] * there
        tf.config.set_logical_device_configuration(one, logical)
    import keras
    import numpy as np

    from kerasaudio.datasets import from_folder
    from kerasaudio.training import Augmentation, Schedule, train

    clips = from_folder(folder, group=r"(.*)-take")
    stop = settings.pop("stop", None)
    schedule = Schedule(
        unfreeze_epochs=settings.pop("epochs", 17),
        freeze_epochs=settings.pop("freeze_epochs", 0),
        batch_size=settings.pop("batch_size", 7),
        patience=99,
    )

    def report(epoch):
        if epoch.number == stop:
            raise StopError

    model = networks(settings.pop("dropout", 0.0), settings.pop("normalized", True))
    mixup = settings.pop("mixup", None)
    try:
        done = train(
            model,
            clips,
            clips,
            Path(out).with_suffix(".keras"),
            schedule=schedule,
            optimizer=keras.optimizers.SGD(settings.pop("rate", 0.01)),
            augmentation=Augmentation(mixup=mixup),
            metrics=settings.pop("metrics", None),
            report=report,
            verbose=0,
            **settings,
        )
    except StopError:
        return
    told = {
        "losses": [epoch.loss for epoch in done.epochs],
        "validation": [epoch.validation_loss for epoch in done.epochs],
        "weights": [
            np.abs(w).astype("float64").sum() for w in done.model.get_weights()
        ],
    }
    Path(out).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
