"""What the tests of the command line share."""

import functools

import pytest

from kerasaudio import cli
from kerasaudio.models import named


@pytest.fixture(scope="module")
def build():
    """Build each model once for the whole file."""
    return functools.cache(named.load_named)


@pytest.fixture
def run(build, monkeypatch, capsys):
    monkeypatch.setattr(named, "load_named", build)

    def call(*arguments):
        status = cli.main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return call
