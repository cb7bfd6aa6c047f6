"""A data set of 24 clips in two folds, and a network of a few weights."""

import pytest

from kerasaudio.datasets import ESC50
from support import esc_folder
from support.tiny import tiny_model


@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    return ESC50(
        esc_folder.make(tmp_path_factory.mktemp("esc") / "set", clips=4, folds=2)
    )


@pytest.fixture
def model():
    return tiny_model()


@pytest.fixture
def open_model():
    """One that takes any length, at least 0.05 s."""
    return tiny_model(clip_samples=None)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
