"""Models that get other labels: what scores pieces, what is told of their origin."""

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio import transfer
from kerasaudio.core.architecture import ARCHITECTURES, Architecture, Body, Head
from kerasaudio.core.assemble import assemble
from kerasaudio.core.heads import scorer
from kerasaudio.events import find_events
from kerasaudio.training import start_from
from kerasaudio.transfer.heads import with_new_head
from support.small import small

LABELS = ["knock", "bark"]


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "sed.keras"
    model = kerasaudio.SoundEventCRNN(labels=["a", "b", "c"], filters=4, units=4)
    model.save(path)
    return path


def test_events_are_found_after_the_labels_changed(detector):
    model = start_from(detector, LABELS)

    sound = np.random.default_rng(0).normal(0, 0.1, 32_000).astype("float32")
    found = find_events(model, sound, 16_000, threshold=0.01)

    assert {event.label for event in found} == set(LABELS)
    assert model.get_layer("frame_scores").activation is keras.activations.sigmoid


def test_patches_are_scored_after_the_labels_changed(tmp_path):
    path = tmp_path / "mine.keras"
    kerasaudio.YAMNet(labels=["a", "b", "c"]).save(path)

    model = start_from(path, LABELS)

    scores = keras.Model(model.input, model.get_layer("patch_scores").output)
    sound = np.random.default_rng(0).normal(0, 0.1, (1, 32_000)).astype("float32")
    patches = keras.ops.convert_to_numpy(scores(sound))
    assert patches.shape[::2] == (1, 2)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(model(sound)), patches.mean(axis=1), atol=1e-6
    )


def test_the_activation_may_be_asked_for(detector):
    names = ("a", "b", "c")
    same = start_from(detector, names)
    asked = start_from(detector, names, classifier_activation="sigmoid")
    other = start_from(detector, names, classifier_activation="softmax")

    for model in (same, asked):  # the head that it has
        np.testing.assert_array_equal(
            scorer(model).get_weights()[0],
            scorer(keras.saving.load_model(detector)).get_weights()[0],
        )
    assert scorer(other).activation is keras.activations.softmax
    with pytest.raises(ValueError, match="leave out filters"):
        start_from(detector, LABELS, filters=4)


def test_the_published_score_is_not_that_of_a_new_head():
    published = kerasaudio.MusiCNN(weights="mtat")
    mine = kerasaudio.MusiCNN(weights="mtat", labels=LABELS)
    body = kerasaudio.MusiCNN(weights="mtat", include_top=False)

    assert published.spec.metrics["dataset"] == "MagnaTagATune"
    for model in (mine, body, start_from("MusiCNN/mtat", LABELS)):
        assert model.spec.metrics == {}
        assert model.spec.preset == "MusiCNN/mtat"
        assert model.spec.weights_hash == published.spec.weights_hash
        assert model.spec.license == published.spec.license


def test_a_probe_has_no_published_score():
    published = kerasaudio.MusiCNN(weights="mtat")
    vectors = np.random.default_rng(0).normal(size=(12, 200)).astype("float32")
    probe = transfer.fit_probe(vectors, np.arange(12) % 2)

    assert transfer.attach(published, probe, LABELS).spec.metrics == {}


@pytest.mark.parametrize("name", ["SoundEventCRNN", "YAMNet"])
def test_fine_tuning_keeps_what_scores_pieces(name, tmp_path):
    from support import sound_folder

    folder = sound_folder.make(tmp_path / "sounds", clips=2)
    clips = kerasaudio.datasets.from_folder(folder)
    keras.utils.set_random_seed(0)
    model = kerasaudio.models.FACTORIES[name](labels=["a", "b"], **small(name))

    tuned = transfer.fine_tune(model, clips, epochs=1, clip_seconds=1)

    made = kerasaudio.models.FACTORIES[name](
        labels=list(clips.class_names), **small(name)
    )
    assert [layer.name for layer in tuned.layers] == [
        layer.name for layer in made.layers
    ]
    assert scorer(tuned).activation is scorer(made).activation
    assert tuned.spec.trained_on == (clips.name,)
    assert tuned.spec.preset is None
    assert model.spec.trained_on == ()


def _two_layers(seen, embedding, classes, activation):
    x = keras.layers.Dense(5, "relu", name="head_hidden")(seen)
    return keras.layers.Dense(classes, activation, name="predictions")(x)


@pytest.fixture
def deep():
    """A network whose published head has two layers."""

    def body(units):
        waveform = keras.Input((400,), name="waveform")
        embedding = keras.layers.Dense(units, name="embedding")(waveform)
        spec = kerasaudio.AudioSpec.of_fixed_clips(8_000, 400)
        return Body(waveform, embedding, embedding, spec)

    yield Architecture("Deep", body, {"units": 4}, classes=3, head=Head(_two_layers))
    del ARCHITECTURES["Deep"]


def test_a_head_may_have_several_layers(deep):
    asked = {"weights": None, "classes": None, "name": None, "units": None}
    asked |= {"include_top": True, "classifier_activation": "auto"}
    model = assemble(deep, labels=["a", "b", "c"], **asked)

    tuned = with_new_head(model, LABELS, frozen=True)

    names = [layer.name for layer in assemble(deep, labels=LABELS, **asked).layers]
    assert names == ["waveform", "embedding", "head_hidden", "predictions"]
    assert [layer.name for layer in tuned.layers] == names
    learning = {weight.path.split("/")[0] for weight in tuned.trainable_variables}
    assert learning == {"head_hidden", "predictions"}
    for one, other in zip(
        model.get_layer("head_hidden").get_weights(),
        tuned.get_layer("head_hidden").get_weights(),
        strict=True,
    ):
        assert not np.array_equal(one, other) or not one.any()
