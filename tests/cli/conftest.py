"""What the tests of the command line share."""

import functools

import numpy as np
import pytest

from kerasaudio import cli, loading
from support.manifests import make_entry  # noqa: F401
from support.tiny import RATE, tiny_model


@pytest.fixture(scope="module")
def build():
    """Build each model once for the whole file."""
    return functools.cache(loading.load)


@pytest.fixture
def run(build, monkeypatch, capsys):
    monkeypatch.setattr(loading, "load", build)

    def call(*arguments):
        status = cli.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    model.save(path)
    return str(path)


@pytest.fixture(scope="module")
def pcm():
    """1.9 s of 16-bit samples at 8 kHz."""
    time = np.arange(15_200) / RATE
    rising = 0.5 * np.sin(2 * np.pi * (100 + 400 * time) * time)
    return (rising * 32_767).astype("<i2")
