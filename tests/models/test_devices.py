"""A model on several devices (`keras.distribution` on jax, four of them here)."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from support import sound_folder

DEVICES = 4

PRELUDE = f"""
import json, os, sys
import keras, numpy as np, jax
import kerasaudio
from support.tiny import tiny_model
folder, devices = sys.argv[1], sys.argv[2]
assert len(jax.devices()) == {DEVICES}
if devices == "all":
    keras.distribution.set_distribution(keras.distribution.DataParallel())
# The last batch of 8 has two clips.
waveforms = np.random.default_rng(0).normal(0, 0.1, (10, 4000)).astype("float32")
os.environ["KERASAUDIO_CACHE"] = folder + "/cache-" + devices
clips = kerasaudio.datasets.from_folder(folder + "/sounds")
assert len(clips) == 18
model = tiny_model()
def numbers(x):
    return np.asarray(x, "float64").round(7).tolist()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("devices")
    sounds = sound_folder.make(made / "sounds")
    for kind, label in zip(sound_folder.KINDS, "abc", strict=True):
        (sounds / kind).rename(sounds / label)
    return made


def on_one_and_all(script, folder):
    pytest.importorskip("jax")
    results = []
    for devices in ("one", "all"):
        environment = os.environ | {
            "KERAS_BACKEND": "jax",
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={DEVICES}",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + script, str(folder), devices],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return results


def test_predictions_of_a_last_smaller_batch(folder):
    one, every = on_one_and_all(
        """
from kerasaudio.evaluation import predict_clips
print(json.dumps([numbers(x) for x in (
    model.predict(waveforms, batch_size=8, verbose=0),
    model.predict(waveforms[:1], verbose=0),
    model.predict_on_batch(waveforms[:3]),
    predict_clips(model, clips, 7),
    model.embed(waveforms.ravel()[:13000], 8000),
    kerasaudio.FeatureExtractor(model)(list(waveforms[:3]), 8000),
)]))
""",
        folder,
    )

    for a, b in zip(one, every, strict=True):
        np.testing.assert_allclose(b, a, atol=1e-5)


def test_the_state_of_a_stream(folder):
    one, every = on_one_and_all(
        """
stream = kerasaudio.Stream(kerasaudio.SileroVAD("16k"))
sound = np.sin(np.arange(8_000) ** 1.3 / 50).astype("float32")
print(json.dumps([numbers(heard.scores) for heard in stream.run([sound], 16_000)]))
""",
        folder,
    )

    np.testing.assert_allclose(every, one, atol=1e-5)
    assert np.ptp(one) > 1e-3


def test_training_and_measuring_on_clips(folder):
    one, every = on_one_and_all(
        """
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    clips, batch_size=7, epochs=2, validation_data=clips, verbose=0
).history
measured = model.evaluate(clips, batch_size=7, verbose=0, return_dict=True)
listed = model.evaluate(clips, batch_size=7, verbose=0)
print(json.dumps([
    [numbers(x) for x in model.get_weights()],
    [history["val_loss"], history["val_accuracy"]],
    [measured["loss"], measured["accuracy"]],
    listed,
]))
""",
        folder,
    )

    for a, b in zip(one[0], every[0], strict=True):
        np.testing.assert_allclose(b, a, atol=1e-4)
    for a, b in zip(one[1:], every[1:], strict=True):
        np.testing.assert_allclose(b, a, atol=1e-4)


def test_a_model_outlives_a_batch_that_cannot_be_divided(folder):
    _, (failed, unchanged) = on_one_and_all(
        """
model.compile("sgd", "sparse_categorical_crossentropy")
before, failed = model.get_weights(), False
try:
    model.fit(waveforms[:3], np.array([0, 1, 2]), verbose=0)
except Exception:
    failed = True
after = model.get_weights()
if devices == "one":
    print(json.dumps([failed, True]))
else:
    model.predict(waveforms, verbose=0)
    same = all((a == b).all() for a, b in zip(before, after, strict=True))
    print(json.dumps([failed, same]))
""",
        folder,
    )

    assert failed
    assert unchanged
