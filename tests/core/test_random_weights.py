"""A network with random weights says so, once, until its weights are changed."""

import copy
import pickle
import warnings

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.core.heads import with_head
from kerasaudio.core.random_weights import kernel_checksum
from support import sounds
from support.tiny import RATE

SECOND = np.random.default_rng(0).normal(0, 0.1, 8_000).astype("float32")
RANDOM = r"The weights of lenet_mfcc are random.*weights= of LeNetMFCC.*model\.fit"


def _network():
    return kerasaudio.LeNetMFCC(labels=["a", "b"], filters=4)


@pytest.fixture
def model():
    return _network()


@pytest.fixture(autouse=True)
def _loud():
    """Undo the setting of the suite, which hears of random weights too often."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def _compiled(model):
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


CALLS = {
    "tag": lambda model: model.tag(SECOND, RATE),
    "timeline": lambda model: model.timeline(SECOND, RATE),
    "embed": lambda model: model.embed(SECOND, RATE),
    "find_events": lambda model: kerasaudio.events.find_events(model, SECOND, RATE),
    "stream": lambda model: kerasaudio.Stream(model, RATE),
}


@pytest.mark.parametrize("call", CALLS)
def test_it_warns_once(model, call):
    with pytest.warns(UserWarning, match=RANDOM) as warned:
        CALLS[call](model)
    # On torch, Keras hands tensors to NumPy with warnings of another kind.
    (ours,) = (one for one in warned if one.category is UserWarning)
    assert ours.filename == __file__
    for other in CALLS.values():
        other(model)


def test_evaluate_and_export_warn(tmp_path, model):
    clips = kerasaudio.datasets.from_folder(
        sounds.class_folders(tmp_path / "set", {"a": 1, "b": 1})
    )
    with pytest.warns(UserWarning, match=RANDOM):
        kerasaudio.evaluate(model, clips)
    with (
        pytest.warns(UserWarning, match=RANDOM),
        pytest.raises(ValueError, match="quantize"),
    ):
        kerasaudio.export(_network(), tmp_path / "served", quantize="nothing")


def _fit(model):
    x, y = np.stack([SECOND, -SECOND]), np.array([0, 1])
    _compiled(model).fit(x, y, verbose=0)


def _fit_inside(model):
    waveform = keras.Input((8_000,))
    _fit(keras.Model(waveform, model(waveform)))


CHANGES = {
    "fit": _fit,
    "a part of another": _fit_inside,
    "train_on_batch": lambda model: _compiled(model).train_on_batch(
        SECOND[None], np.array([1])
    ),
    "set_weights": lambda model: model.set_weights(
        [weight + 1 for weight in model.get_weights()]
    ),
    "a layer": lambda model: [
        weight.assign(weight + 1) for weight in model.get_layer("predictions").weights
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_are_not_random(model, change):
    CHANGES[change](model)
    assert not model.has_random_weights
    model.tag(SECOND, RATE)


def test_files_of_weights(tmp_path, model):
    _fit(model)
    model.save_weights(tmp_path / "w.weights.h5")
    model.save_pretrained(tmp_path / "w.safetensors")
    model.save(tmp_path / "m.keras")
    again = _network()
    again.load_weights(tmp_path / "w.weights.h5")
    again.tag(SECOND, RATE)
    kerasaudio.LeNetMFCC(tmp_path / "w.safetensors").tag(SECOND, RATE)
    kerasaudio.load(tmp_path / "m.keras").tag(SECOND, RATE)


def test_published_weights_are_silent():
    model = kerasaudio.LeNetMFCC("fsdd")
    assert model.random_checksum is None
    model.tag(SECOND, RATE)


def _through_a_file(model, folder):
    model.save(folder / "m.keras")
    return kerasaudio.load(folder / "m.keras")


def _through_tensors(model, folder):
    path = model.save_pretrained(folder / "m.safetensors", overwrite=True)
    return kerasaudio.load(path)


COPIES = {
    "file": _through_a_file,
    "tensors": _through_tensors,
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "windows": lambda model, _: model.with_windows(hop_seconds=0.5),
}


@pytest.mark.parametrize("way", COPIES)
def test_copies_know_it(model, tmp_path, way):
    with pytest.warns(UserWarning, match=RANDOM):
        COPIES[way](model, tmp_path).tag(SECOND, RATE)
    _fit(model)
    COPIES[way](model, tmp_path).tag(SECOND, RATE)


@pytest.mark.parametrize("way", ["file", "tensors", "pickle"])
def test_a_warning_does_not_make_them_less_random(model, tmp_path, way):
    with pytest.warns(UserWarning, match=RANDOM):
        model.tag(SECOND, RATE)
    with pytest.warns(UserWarning, match=RANDOM):
        COPIES[way](model, tmp_path).tag(SECOND, RATE)


def test_a_new_head_on_random_weights(model, tmp_path):
    file = model.save_pretrained(tmp_path / "m.safetensors")
    assert kerasaudio.LeNetMFCC(file, labels=["c", "d"]).has_random_weights
    assert kerasaudio.LeNetMFCC(file, include_top=False).has_random_weights
    assert with_head(model, ["c", "d"]).has_random_weights
    assert not with_head(kerasaudio.LeNetMFCC("fsdd"), ["c", "d"]).has_random_weights


def test_a_clone_has_new_random_weights():
    model = kerasaudio.LeNetMFCC("fsdd")
    clone = keras.models.clone_model(model)
    assert clone.has_random_weights
    clone.set_weights(model.get_weights())
    clone.tag(SECOND, RATE)


def test_a_wrapped_network_is_no_clone():
    model = kerasaudio.LeNetMFCC("fsdd")
    waveform = keras.Input((8_000,))
    wrapped = kerasaudio.AudioModel(waveform, model(waveform))
    assert wrapped.spec == model.spec
    assert not wrapped.has_random_weights


def test_a_network_without_kernels():
    waveform = keras.Input((8_000,))
    assert kernel_checksum(keras.Model(waveform, keras.ops.abs(waveform))) is None
