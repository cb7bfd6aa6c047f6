"""ReSE2Multi: arguments, and files that are not its own."""

import numpy as np
import pytest

import kerasaudio
from support.keras2 import Upstream, write_keras2

SMALL = {"init_features": 4, "amplifying_ratio": 2, "blocks": 4, "stem_width": 3}
SAMPLES = 3**5


@pytest.fixture
def path(tmp_path):
    upstream = Upstream(block="rese", multi=True, classes=3, **SMALL)
    upstream(np.zeros(SAMPLES, "float32"))
    write_keras2(tmp_path / "mine.hdf5", upstream.layers)
    return tmp_path / "mine.hdf5"


def test_the_published_size():
    model = kerasaudio.ReSE2Multi()

    assert model.output_shape == (None, 50)
    assert model.get_layer("embedding").output.shape == (None, 1024)
    assert model.spec.sample_rate == 22_050


def test_a_users_file_gets_a_new_head(path):
    model = kerasaudio.ReSE2Multi(weights=path, clip_samples=SAMPLES, labels=["a", "b"])

    assert model.output_shape == (None, 2)
    assert model.spec.arguments["amplifying_ratio"] == 2


def test_arguments_that_contradict_the_file_are_refused(path):
    with pytest.raises(ValueError, match="block='basic' contradicts"):
        kerasaudio.ReSE2Multi(weights=path, clip_samples=SAMPLES, block="basic")


def test_a_file_of_another_network_is_refused(tmp_path):
    layers = [("dense", {"kernel": np.ones((2, 2), "float32")})]
    write_keras2(tmp_path / "other.hdf5", layers)

    with pytest.raises(ValueError, match=r"other\.hdf5 does not hold a network"):
        kerasaudio.ReSE2Multi(weights=tmp_path / "other.hdf5")


@pytest.mark.parametrize("lost", ["conv1d", "batch_normalization", "dense"])
def test_a_missing_layer_is_an_error(tmp_path, lost):
    upstream = Upstream(block="se", multi=True, classes=3, **SMALL)
    upstream(np.zeros(SAMPLES, "float32"))
    kinds = [kind for kind, _ in upstream.layers]
    position = len(kinds) - 1 - kinds[::-1].index(lost)
    layers = upstream.layers[:position] + upstream.layers[position + 1 :]
    write_keras2(tmp_path / "cut.hdf5", layers)

    with pytest.raises(ValueError, match=r"cut\.hdf5"):
        kerasaudio.ReSE2Multi(weights=tmp_path / "cut.hdf5", clip_samples=SAMPLES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"block": "dense"}, "block must be one of"),
        ({"blocks": 2}, "blocks must be at least 3"),
        ({"clip_samples": 59_048}, "at least 59049 samples"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kerasaudio.ReSE2Multi(**arguments)
