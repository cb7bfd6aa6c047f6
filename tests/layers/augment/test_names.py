"""Augmentation layers that have a second name."""

import inspect

import keras
import numpy as np
import pytest

from kerasaudio import layers

ALIASES = {
    "Gain": ("Volume", {"gain_db": -6.0}),
    "AddNoise": ("Noise", {"snr_db": 20.0}),
    "ImpulseResponse": ("Convolution", {"responses": [np.hanning(90)]}),
    "Equalizer": ("Filter", {"sample_rate": 16_000}),
}


@pytest.mark.parametrize("alias", ALIASES)
def test_both_names_are_one_class_whose_docstring_says_so(alias):
    name, _ = ALIASES[alias]
    for room in (layers, layers.augment):
        assert getattr(room, alias) is getattr(room, name)
        assert {alias, name} <= set(room.__all__)
    assert f"`{alias}` is another name" in inspect.getdoc(getattr(layers, name))


def test_no_other_class_has_two_names():
    names = {}
    for name in layers.__all__:
        names.setdefault(getattr(layers, name), set()).add(name)
    twice = {frozenset(both) for both in names.values() if len(both) > 1}
    assert twice == {frozenset({alias, name}) for alias, (name, _) in ALIASES.items()}


@pytest.mark.parametrize("alias", ALIASES)
def test_files_written_with_one_name_are_read_with_the_other(alias, tmp_path):
    name, arguments = ALIASES[alias]
    for written, read in ((alias, name), (name, alias)):
        waveform = keras.Input((None,))
        layer = getattr(layers, written)(**arguments, seed=1, name="augment")
        keras.Model(waveform, layer(waveform)).save(tmp_path / "model.keras")
        model = keras.saving.load_model(tmp_path / "model.keras")
        loaded = model.get_layer("augment")
        assert type(loaded) is getattr(layers, read)
        assert loaded.get_config() == layer.get_config()
