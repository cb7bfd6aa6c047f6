"""A new head on every network: of the user's classes, on the body's weights."""

import keras
import numpy as np
import pytest

from kerasaudio import transfer
from kerasaudio.core import AudioModel
from kerasaudio.core.heads import averaged, head_layers, scorer
from kerasaudio.models import FACTORIES
from kerasaudio.training import start_from
from kerasaudio.transfer.heads import with_new_head
from support.chosen import chosen
from support.small import small

LABELS = ["knock", "bark"]
# Their heads see what layers with weights make of the embedding.
BEHIND = {"AST", "CED", "EAT", "EfficientAT", "MAEST", "PaSST"}


def built(name, **arguments):
    return FACTORIES[name](weights=None, **arguments, **small(name))


def ending(model):
    """Describe every layer, up to the names that count what was built before."""
    return [
        (type(layer).__name__, layer.name, getattr(layer, "activation", None))
        for layer in model.layers
    ]


def waveforms(spec):
    samples = spec.clip_samples or max(spec.min_samples, spec.sample_rate)
    return np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype("float32")


@pytest.mark.parametrize("name", chosen(FACTORIES))
def test_every_network_takes_the_head_that_its_factory_makes(name):
    model = built(name, labels=["a", "b", "c"])
    tuned = with_new_head(model, LABELS, frozen=True)

    assert tuned.output_shape == (None, 2)
    assert tuned.spec.labels == ("knock", "bark")
    assert ending(tuned) == ending(built(name, labels=LABELS))
    head = head_layers(tuned)
    learning = {id(weight) for weight in tuned.trainable_variables}
    assert learning == {id(weight) for layer in head for weight in layer.weights}
    for layer in tuned.layers:
        if layer not in head:
            _assert_same(layer.weights, model.get_layer(layer.name).weights)


@pytest.mark.parametrize("name", chosen(FACTORIES))
def test_a_network_without_a_top_takes_the_same_head(name):
    body = built(name, include_top=False)
    tuned = with_new_head(body, LABELS, frozen=True)

    if name in BEHIND:
        assert scorer(tuned).input is averaged(tuned)
    else:
        assert ending(tuned) == ending(built(name, labels=LABELS))
    assert tuned.output_shape == (None, 2)
    _assert_same(
        keras.Model(tuned.input, tuned.get_layer("embedding").output).weights,
        body.weights,
    )


@pytest.mark.parametrize("name", ["SoundEventCRNN", "VGGish", "YAMNet", "BarkNet"])
def test_a_saved_network_takes_the_same_head(name, tmp_path):
    path = tmp_path / "old.keras"
    built(name, labels=["a", "b", "c"]).save(path)

    assert ending(start_from(path, LABELS)) == ending(built(name, labels=LABELS))
    assert ending(start_from(path, ["one"])) == ending(built(name, labels=["one"]))


@pytest.mark.parametrize("name", ["LeNetMFCC", "SoundEventCRNN", "VGGish", "YAMNet"])
def test_a_linear_probe_becomes_that_head(name):
    model = built(name, labels=["a", "b", "c"])
    clips = waveforms(model.spec)
    rows = keras.Model(model.input, averaged(model)).predict(clips, verbose=0)
    vectors = rows.reshape(-1, rows.shape[-1])
    vectors = np.concatenate(
        [vectors, np.random.default_rng(1).normal(size=(20, vectors.shape[1]))]
    )
    probe = transfer.fit_probe(vectors, np.arange(len(vectors)) % 2)

    whole = transfer.attach(model, probe, LABELS)

    assert scorer(whole).name == scorer(built(name, labels=LABELS)).name
    names = [layer.name for layer in whole.layers]
    heard = [name for name in names if name != "embedding_relu"]
    assert heard == [
        layer.name
        for layer in built(name, labels=LABELS).layers
        if layer.name != "embedding_relu"  # VGGish: the probe heard what comes before
    ]
    scores = keras.Model(whole.input, scorer(whole).output).predict(clips, verbose=0)
    np.testing.assert_allclose(
        scores.reshape(-1, 2), probe.predict(vectors[:-20], verbose=0), atol=1e-4
    )


def test_a_probe_with_a_hidden_layer_is_a_head_that_learns_and_is_replaced(tmp_path):
    model = built("YAMNet", labels=["a", "b"])
    vectors = np.random.default_rng(0).normal(size=(20, 1024)).astype("float32")
    probe = transfer.fit_probe(vectors, np.arange(20) % 2, probe="mlp", epochs=1)

    whole = transfer.attach(model, probe, LABELS)

    assert [layer.name for layer in head_layers(whole)] == [
        *("head_standardization", "head_hidden", "head_dropout"),
        *("patch_scores", "predictions"),
    ]
    clips = waveforms(model.spec)
    pieces = keras.Model(whole.input, averaged(whole)).predict(clips, verbose=0)
    scores = keras.Model(whole.input, scorer(whole).output).predict(clips, verbose=0)
    np.testing.assert_allclose(
        scores.reshape(-1, 2),
        probe.predict(pieces.reshape(-1, 1024), verbose=0),
        atol=1e-5,
    )
    whole.save(tmp_path / "mine.keras")
    again = start_from(tmp_path / "mine.keras", ["x", "y", "z"])
    assert ending(again) == ending(built("YAMNet", labels=["x", "y", "z"]))


def test_a_probe_that_is_no_chain_of_dense_layers_is_refused():
    model = built("LeNetMFCC", labels=["a", "b"])
    vector = keras.Input((84,))
    odd = keras.Model(
        vector, keras.layers.Dense(2)(keras.layers.LayerNormalization()(vector))
    )
    with pytest.raises(ValueError, match="chain of dense layers"):
        transfer.attach(model, odd, LABELS)
    odd = keras.Model(vector, keras.layers.ReLU()(keras.layers.Dense(2)(vector)))
    with pytest.raises(ValueError, match="must be a dense layer"):
        transfer.attach(model, odd, LABELS)


def test_a_network_of_ones_own_gets_a_dense_head():
    from support.tiny import tiny_model

    tiny = tiny_model()
    tuned = with_new_head(tiny, LABELS, frozen=False, activation="sigmoid")
    assert tuned.get_layer("predictions").activation is keras.activations.sigmoid
    assert tuned.get_layer("predictions").input is tuned.get_layer("embedding").output


def test_a_head_that_is_a_network_of_its_own_is_replaced():
    """As probes were attached once, and were saved."""
    tiny = built("LeNetMFCC", labels=["a", "b"])
    embedding = tiny.get_layer("embedding").output
    vector = keras.Input((84,))
    probe = keras.Model(
        vector, keras.layers.Dense(2, "softmax")(vector), name="predictions"
    )
    old = AudioModel(tiny.input, probe(embedding), name="old", spec=tiny.spec)

    assert scorer(old).units == 2
    assert ending(with_new_head(old, LABELS, frozen=False)) == ending(tiny)


def _assert_same(ours, originals):
    for one, other in zip(ours, originals, strict=True):
        np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, other)))
