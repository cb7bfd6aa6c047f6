"""Sounds in a folder, and a cache of one's own."""

import numpy as np
import pytest
import soundfile

from support.tiny import RATE, tiny_model


@pytest.fixture(scope="session")
def model():
    return tiny_model()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    """Eight files of different lengths, rates, channels and names; two are bad."""
    rng = np.random.default_rng(1)
    sounds = tmp_path / "sounds"
    (sounds / "deep er").mkdir(parents=True)

    def write(name, seconds, rate=RATE, channels=1):
        shape = (int(seconds * rate), channels)
        soundfile.write(sounds / name, rng.normal(0, 0.1, shape), rate)

    write("one.wav", 0.5)
    write("two.wav", 1.7)
    write("short.wav", 0.2)
    write("deep er/stereo.wav", 1.0, 44_100, 2)
    write("deep er/Zwölf\n'käse'.flac", 0.9, 16_000)
    write("long.wav", 42.3)
    (sounds / "empty.wav").touch()
    (sounds / "text.mp3").write_text("no sound at all")
    return sounds
