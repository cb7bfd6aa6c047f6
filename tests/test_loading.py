"""Models by name: factories, presets, saved files."""

import keras
import pytest

import kerasaudio
from kerasaudio.loading import load


@pytest.mark.parametrize(
    ("name", "weights", "preset"),
    [
        ("MusiCNN", None, "MusiCNN/mtat"),
        ("MusiCNN", "msd", "MusiCNN/msd"),
        ("MusicVGG/msd", None, "MusicVGG/msd"),
    ],
)
def test_published(name, weights, preset):
    assert load(name, weights).spec.preset == preset


def test_a_saved_model(tmp_path):
    kerasaudio.MusiCNN(weights="mtat", classes=3).save(tmp_path / "mine.keras")
    assert load(tmp_path / "mine.keras").output_shape == (None, 3)


@pytest.mark.parametrize(
    ("name", "weights", "says"),
    [
        ("Musicn", None, "Unknown model 'Musicn'.*MusiCNN"),
        ("MusiCNN/mtta", None, "Did you mean 'mtat'"),
        ("MusiCNN/mtat", "msd", "already names its weights"),
        ("SoundEventCRNN", None, "no published weights"),
        ("mine.keras", "mtat", "contains its weights"),
    ],
)
def test_names_that_lead_nowhere(name, weights, says):
    with pytest.raises(ValueError, match=says):
        load(name, weights)


def test_no_such_file():
    with pytest.raises((ValueError, OSError), match=r"absent\.keras"):
        load("absent.keras")


def test_a_saved_model_that_is_none_of_ours(tmp_path):
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]).save(
        tmp_path / "other.keras"
    )
    with pytest.raises(ValueError, match="not contain a model of kerasaudio"):
        load(tmp_path / "other.keras")
