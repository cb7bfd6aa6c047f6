"""A folder of sounds, split, and networks of a few weights."""

import keras
import pytest

import kerasaudio
from kerasaudio.datasets import from_folder, split
from support import sound_folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return sound_folder.make(tmp_path_factory.mktemp("sounds") / "sounds")


@pytest.fixture(scope="session")
def sides(folder):
    return split(from_folder(folder, group=r"(.*)-take"), (0.67, 0.33))


@pytest.fixture
def network():
    def make(labels=sound_folder.KINDS, **arguments):
        keras.utils.set_random_seed(1)
        settings = {"sample_rate": sound_folder.RATE, "filters": 4, "dropout": 0.1}
        settings |= {"labels": list(labels)}
        return kerasaudio.LeNetMFCC(**settings | arguments)

    return make
