"""Clones, copies and pickles of a model know what the model knows."""

import copy
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.core import AudioModel
from support.tiny import tiny_model

WAVEFORMS = np.random.default_rng(0).normal(0, 0.1, (2, 4_000)).astype("float32")


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def test_a_clone_keeps_the_spec(model):
    clone = keras.models.clone_model(model)

    assert hasattr(clone, "spec")
    assert clone.spec == model.spec
    clone.set_weights(model.get_weights())
    assert clone.tag(WAVEFORMS[0], 8_000, top=3) == model.tag(
        WAVEFORMS[0], 8_000, top=3
    )


def test_a_clone_of_a_compiled_model_on_other_inputs_keeps_the_spec():
    model = tiny_model()
    model.compile("sgd", "sparse_categorical_crossentropy")
    inputs = keras.Input((4_000,), name="waveform")

    clone = keras.models.clone_model(model, inputs)

    assert clone.spec == model.spec
    assert keras.models.clone_model(clone).spec == model.spec


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy])
def test_copies_are_whole(model, make):
    made = make(model)

    assert type(made) is AudioModel
    assert made.spec == model.spec
    np.testing.assert_allclose(
        made.predict(WAVEFORMS, verbose=0),
        model.predict(WAVEFORMS, verbose=0),
        atol=1e-6,
    )


def test_a_pickle_comes_back_whole_in_a_fresh_process(tmp_path):
    model = kerasaudio.BarkNet(clip_samples=1_600, filters=4, labels=["a", "b"])
    waveforms = WAVEFORMS[:, :1_600]
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "waveforms.npy", waveforms)
    script = """
import pickle, sys, numpy as np
folder = sys.argv[1]
with open(folder + "/model.pickle", "rb") as file:
    model = pickle.load(file)
assert model.spec.labels == ("a", "b"), model.spec
np.save(folder + "/scores.npy", model.predict(np.load(folder + "/waveforms.npy")))
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)

    np.testing.assert_allclose(
        np.load(tmp_path / "scores.npy"),
        model.predict(waveforms, verbose=0),
        atol=1e-6,
    )


def test_whether_there_is_a_spec_can_be_asked():
    x = keras.Input((100,), name="waveform")
    model = AudioModel(x, keras.layers.Dense(1)(x))

    assert not hasattr(model, "spec")
    assert not hasattr(keras.models.clone_model(model), "spec")
    assert getattr(model, "spec", None) is None
    assert not hasattr(model, "no_such_attribute")
    with pytest.raises(AttributeError, match="factory"):
        _ = model.spec
    with pytest.raises(ValueError, match="factory"):
        model.tag(np.zeros(100), 16_000)


def test_a_failure_to_load_without_the_package_ends_in_advice(tmp_path):
    tiny_model().save(tmp_path / "model.keras")
    script = """
import sys, keras
try:
    keras.saving.load_model(sys.argv[1])
except TypeError as error:
    print(str(error)[-150:])
"""

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "model.keras")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "import kerasaudio first" in done.stdout
