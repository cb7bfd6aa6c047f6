"""Files, and a cache of them."""

import pytest

from kerasaudio.audio.load import load_within
from kerasaudio.datasets.batching import decoded
from support import sounds


@pytest.fixture
def files(tmp_path):
    root = sounds.class_folders(tmp_path / "set", {"a": 3, "b": 2})
    return sorted(root.rglob("*.wav"))


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def calls(monkeypatch):
    """Names of files as they are decoded."""
    names = []

    def load(path, *args):
        names.append(path.name)
        return load_within(path, *args)

    monkeypatch.setattr(decoded, "load_within", load)
    return names
