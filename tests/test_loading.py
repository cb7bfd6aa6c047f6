"""Models by name: factories, presets, saved files."""

import keras
import pytest

import kerasaudio
from kerasaudio.loading import load


@pytest.mark.parametrize(
    ("name", "weights", "preset"),
    [
        ("YAMNet", None, "YAMNet/audioset"),
        ("YAMNet/audioset", None, "YAMNet/audioset"),
        ("YAMNet", "audioset", "YAMNet/audioset"),
        ("MusiCNN", None, "MusiCNN/mtat"),
        ("MusiCNN", "msd", "MusiCNN/msd"),
        ("MusicVGG/msd", None, "MusicVGG/msd"),
    ],
)
def test_published(name, weights, preset):
    assert load(name, weights).spec.preset == preset


@pytest.mark.parametrize(
    ("arguments", "outputs", "labels"),
    [
        ({"labels": ["knock", "bark"]}, 2, ("knock", "bark")),
        ({"labels": ("knock", "bark")}, 2, ("knock", "bark")),
        ({"classes": 3}, 3, ("class 0", "class 1", "class 2")),
        ({"include_top": False}, 84, None),
    ],
)
@pytest.mark.parametrize("name", ["LeNetMFCC", "LeNetMFCC/fsdd"])
def test_arguments_are_the_factorys(name, arguments, outputs, labels):
    model = load(name, **arguments)
    assert model.output_shape == (None, outputs)
    assert model.spec.preset == "LeNetMFCC/fsdd"
    assert model.spec.labels == labels
    published = load(name).get_layer("embedding").get_weights()
    for mine, theirs in zip(
        model.get_layer("embedding").get_weights(), published, strict=True
    ):
        assert (mine == theirs).all()


def test_a_saved_model(tmp_path):
    kerasaudio.MusiCNN(weights="mtat", classes=3).save(tmp_path / "mine.keras")
    assert load(tmp_path / "mine.keras").output_shape == (None, 3)


@pytest.mark.parametrize(
    ("name", "weights", "says"),
    [
        ("Musicn", None, "Unknown model 'Musicn'. Did you mean 'MusiCNN'"),
        ("yamnet/audioset", None, "Did you mean 'YAMNet/audioset'"),
        ("MusiCN/mtat", None, "Did you mean 'MusiCNN/mtat'"),
        ("yamnet_audioset", None, "Did you mean 'YAMNet/audioset'"),
        ("ge2e", None, "Did you mean 'SpeakerEncoder/ge2e'"),
        ("mtat", None, "'CNNSA/mtat' or 'MusicVGG/mtat'"),
        ("YAMNet/audiset", None, "Did you mean 'audioset'"),
        ("YAMNet/", None, "Unknown weights='' for YAMNet"),
        ("YAMNet/mine.h5", None, "Unknown weights='mine.h5' for YAMNet"),
        ("YAMNet", "ge2e", "YAMNet has 'audioset'. 'ge2e' are weights of: SpeakerE"),
        ("MusiCNN/mtta", None, "Did you mean 'mtat'"),
        ("MusiCNN/mtat", "msd", "already names its weights"),
        ("SoundEventCRNN", None, "no published weights"),
        ("mine.keras", "mtat", "contains its weights"),
    ],
)
def test_names_that_lead_nowhere(name, weights, says):
    with pytest.raises(ValueError, match=says):
        load(name, weights)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"clases": 3}, "no argument clases. Did you mean 'classes'"),
        ({"lables": ["a", "b"]}, "Did you mean 'labels'"),
        ({"labels": ["a", "b"], "classes": 3}, "classes=3 contradicts the 2 labels"),
        ({"labels": "knock"}, "Received: 'knock'"),
    ],
)
def test_arguments_that_do_not_fit(arguments, says):
    with pytest.raises((ValueError, TypeError), match=says):
        load("LeNetMFCC/fsdd", **arguments)


@pytest.mark.parametrize("name", [None, 5, b"YAMNet", kerasaudio.YAMNet])
def test_a_name_is_text_or_a_path(name):
    with pytest.raises(TypeError, match="name must be a preset such as 'YAMNet/audio"):
        load(name)


def test_no_such_file():
    with pytest.raises((ValueError, OSError), match=r"absent\.keras"):
        load("absent.keras")


def test_a_saved_model_that_is_none_of_ours(tmp_path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save(
        tmp_path / "other.keras"
    )
    with pytest.raises(ValueError, match="not contain a model of kerasaudio"):
        load(tmp_path / "other.keras")
