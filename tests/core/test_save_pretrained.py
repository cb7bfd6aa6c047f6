"""A model as one file that its factory reads: weights, and what the model is."""

import json

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

import kerasaudio
from kerasaudio.checkpoints.native import model_state, native_bytes
from kerasaudio.core import AudioModel, saved
from kerasaudio.core.saved import KEY
from kerasaudio.models import FACTORIES
from support.answers import LABELS, network
from support.fresh import noise, output, read_all, save
from support.small import small


def build(name, **arguments):
    return FACTORIES[name](labels=LABELS, **small(name) | arguments)


@pytest.mark.slow
def test_every_network_comes_back_in_a_fresh_process(tmp_path):
    models = {name: network(name) for name in FACTORIES}
    for model in models.values():
        assert len(load_file(save(model, tmp_path))) == len(model.weights)

    found = read_all(tmp_path)

    assert found.keys() == models.keys()
    for name, model in models.items():
        scores, spec = found[name]
        want = output(model, noise(model.spec))
        np.testing.assert_allclose(scores, want, atol=1e-6, err_msg=name)
        assert spec == json.loads(json.dumps(model.spec.get_config()))


@pytest.mark.parametrize("name", ["EfficientAT", "LeNetMFCC", "YAMNet"])
def test_an_embedding_comes_back(name, tmp_path):
    model = FACTORIES[name](include_top=False, **small(name))
    file = model.save_pretrained(tmp_path / "body.safetensors")

    again = FACTORIES[name](weights=file, include_top=False)

    assert again.spec == model.spec
    np.testing.assert_array_equal(
        output(again, noise(model.spec)), output(model, noise(model.spec))
    )
    with pytest.raises(ValueError, match="include_top=False for a network without a"):
        FACTORIES[name](weights=file)


def test_other_labels_get_a_new_head(tmp_path):
    model = build("LeNetMFCC", classifier_activation="sigmoid")
    file = model.save_pretrained(tmp_path / "mine.safetensors")

    same = kerasaudio.LeNetMFCC(weights=file)
    other = kerasaudio.LeNetMFCC(weights=file, labels=["a", "b"])

    assert same.get_layer("predictions").activation is keras.activations.sigmoid
    assert other.get_layer("predictions").activation is keras.activations.softmax
    assert other.spec.labels == ("a", "b")
    np.testing.assert_array_equal(
        other.get_layer("embedding").get_weights()[0],
        model.get_layer("embedding").get_weights()[0],
    )


def test_the_facts_of_published_weights_travel(tmp_path):
    model = kerasaudio.MusiCNN(weights="mtat")
    folder = tmp_path / "mine"

    file = model.save_pretrained(folder)

    assert file == folder / "model.safetensors"
    again = kerasaudio.MusiCNN(weights=folder)
    assert again.spec == model.spec
    assert again.spec.preset == "MusiCNN/mtat"
    assert again.spec.metrics == model.spec.metrics
    assert kerasaudio.MusiCNN(weights=file, labels=["a", "b"]).spec.metrics == {}


def test_a_folder_is_named_like_a_tag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = build("LeNetMFCC")
    model.save_pretrained("mine")

    assert kerasaudio.LeNetMFCC(weights="mine").spec == model.spec
    with pytest.raises(ValueError, match="no-such-tag"):
        kerasaudio.LeNetMFCC(weights="no-such-tag")


def test_windows_that_training_changed_travel(tmp_path):
    built = build("LeNetMFCC")
    spec = built.spec.replace(window_samples=5_000, trained_on=("mine",))
    model = AudioModel(built.input, built.output, spec=spec)
    file = model.save_pretrained(tmp_path / "mine.safetensors")

    assert kerasaudio.LeNetMFCC(weights=file).spec == spec
    fixed = kerasaudio.LeNetMFCC(weights=file, clip_samples=6_000)
    assert fixed.spec.window_samples == fixed.spec.clip_samples == 6_000
    assert fixed.spec.trained_on == ("mine",)


def test_what_is_there_is_kept(tmp_path):
    model = build("LeNetMFCC")
    file = model.save_pretrained(tmp_path / "mine.safetensors")
    before = file.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        model.save_pretrained(file)
    model.save_pretrained(file, overwrite=True)
    assert file.read_bytes() == before  # the same model, the same bytes
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="cannot be written"):
        model.save_pretrained(tmp_path / "file" / "mine.safetensors")


def test_a_network_that_no_factory_builds_is_refused(tmp_path):
    from kerasaudio import transfer
    from support.tiny import tiny_model

    with pytest.raises(ValueError, match=r"(?s)no factory 'Tiny'.*mine\.keras"):
        tiny_model().save_pretrained(tmp_path / "tiny")
    model = build("LeNetMFCC")
    vectors = np.random.default_rng(0).normal(size=(12, 84)).astype("float32")
    probe = transfer.fit_probe(vectors, np.arange(12) % 2, probe="mlp", epochs=1)
    whole = transfer.attach(model, probe, ["a", "b"])
    with pytest.raises(ValueError, match="has different weights: head_hidden/bias"):
        whole.save_pretrained(tmp_path / "mine")
    assert not list(tmp_path.iterdir())


def test_the_weights_of_another_factory_are_refused(tmp_path):
    file = build("SpeechGRU").save_pretrained(tmp_path / "mine.safetensors")
    with pytest.raises(ValueError, match=r"of a SpeechGRU.*weights= of a SpeechGRU"):
        kerasaudio.LeNetMFCC(weights=file)
    with pytest.raises(ValueError, match="units=32 contradicts"):
        kerasaudio.SpeechGRU(weights=file, units=32)


def damaged(facts, **changes):
    return {**facts, "spec": {**facts["spec"], **changes}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: "{", "damaged"),
        (lambda facts: [], "damaged"),
        (lambda facts: {**facts, "version": 2}, "another version"),
        (lambda facts: damaged(facts, later=1), "another version.*later"),
        (lambda facts: damaged(facts, labels="abc"), "labels"),
        (lambda facts: damaged(facts, labels=[1, 2, 3]), "labels"),
        (lambda facts: damaged(facts, labels=["a", "b"]), "it has 2 labels"),
        (lambda facts: damaged(facts, sample_rate="8"), "sample_rate"),
        (lambda facts: damaged(facts, arguments=[1]), "arguments"),
        (lambda facts: damaged(facts, arguments={"odd": 1}), "odd"),
        (lambda facts: damaged(facts, architecture=None), "architecture"),
        (lambda facts: {**facts, "activation": 3}, "activation"),
    ],
)
def test_facts_that_cannot_be_are_refused(change, message, tmp_path):
    model = build("LeNetMFCC")
    facts = {
        "version": 1,
        "activation": "softmax",
        "spec": model.spec.get_config(),
    }
    file, state = tmp_path / "mine.safetensors", model_state(model)
    told = change(facts)
    if isinstance(told, dict):
        told = told | {"crc32": saved._checksum(told, state)}
    text = told if isinstance(told, str) else json.dumps(told)
    file.write_bytes(native_bytes(state, {KEY: text}))
    with pytest.raises(ValueError, match=message):
        kerasaudio.LeNetMFCC(weights=file)


def flipped(path, at, bit=0):
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)


def test_a_flipped_bit_in_a_weight_is_noticed(tmp_path):
    file = build("LeNetMFCC").save_pretrained(tmp_path / "mine.safetensors")
    flipped(file, -1)
    with pytest.raises(ValueError, match=r"mine\.safetensors' is damaged.*checksum"):
        kerasaudio.LeNetMFCC(weights=file)


def test_metrics_whose_keys_are_numbers_are_read_back(tmp_path):
    model = build("LeNetMFCC")
    model._spec = model.spec.replace(metrics={"recall": {n: 0.5 for n in range(12)}})
    file = model.save_pretrained(tmp_path / "mine.safetensors")

    metrics = kerasaudio.LeNetMFCC(weights=file).spec.metrics

    assert metrics == {"recall": {str(n): 0.5 for n in range(12)}}


def test_a_flipped_bit_in_the_name_of_the_facts_harms_nothing(tmp_path):
    model = build("LeNetMFCC")
    file = model.save_pretrained(tmp_path / "mine.safetensors")
    flipped(file, file.read_bytes().index(b"kerasaudio"))
    assert kerasaudio.LeNetMFCC(weights=file).spec == model.spec


@pytest.mark.parametrize("word", [b"homepage", b"LeNetMFCC", b"crc32"])
def test_a_flipped_bit_in_the_facts_is_noticed(word, tmp_path):
    file = build("LeNetMFCC").save_pretrained(tmp_path / "mine.safetensors")
    flipped(file, file.read_bytes().index(word))
    with pytest.raises(ValueError, match=r"mine\.safetensors' .*damaged"):
        kerasaudio.LeNetMFCC(weights=file)


def test_networks_of_two_tags_can_be_parts_of_one():
    mtat, msd = (kerasaudio.MusicVGG(weights=tag) for tag in ("mtat", "msd"))
    waveform = keras.Input((mtat.spec.clip_samples,))

    both = keras.Model(
        waveform, keras.layers.Concatenate()([mtat(waveform), msd(waveform)])
    )

    assert (mtat.name, msd.name) == ("music_vgg_mtat", "music_vgg_msd")
    assert both.output_shape == (None, 100)
    assert kerasaudio.MusicVGG().name == "music_vgg"
    assert kerasaudio.MusicVGG(weights="mtat", name="mine").name == "mine"


@pytest.mark.parametrize("name", ["MusiCNN", "SoundEventCRNN", "YAMNet"])
def test_a_model_saved_as_hdf5_comes_back(name, tmp_path):
    model = build(name)
    model.save(tmp_path / "mine.h5")

    again = keras.saving.load_model(tmp_path / "mine.h5", compile=False)

    assert isinstance(again, AudioModel)
    assert again.spec == model.spec
    np.testing.assert_allclose(
        output(again, noise(model.spec)), output(model, noise(model.spec)), atol=1e-6
    )
