"""What was computed is found again, and nothing else is taken for it."""

import os
import time

import keras
import numpy as np
import pytest
import soundfile

from kerasaudio import FeatureExtractor, layers
from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.features import extractor as room
from support.tiny import RATE, tiny_model


@pytest.fixture
def computed(monkeypatch):
    """The names of the files that were decoded and run."""
    names = []
    real = room.embed_files

    def spy(predict, spec, paths, **settings):
        paths = list(paths)
        names.extend(path.name for path in paths)
        return real(predict, spec, paths, **settings)

    monkeypatch.setattr(room, "embed_files", spy)
    return names


BAD = ["empty.wav", "text.mp3"]  # tried again each time: ffmpeg may be there now


def test_the_same_call_again(model, folder, cache, computed):
    first = FeatureExtractor(model, cache=cache).extract(folder)
    assert len(computed) == 8
    computed.clear()

    again = FeatureExtractor(model, cache=cache).extract(folder)

    assert sorted(computed) == BAD
    np.testing.assert_array_equal(again.vectors, first.vectors)
    assert (again.paths, again.failed) == (first.paths, first.failed)
    np.testing.assert_array_equal(again.ends, first.ends)


def test_only_new_and_changed_files_are_computed(model, folder, cache, computed):
    FeatureExtractor(model, cache=cache).extract(folder)
    computed.clear()
    noise = np.random.default_rng(9).normal(0, 0.1, RATE)
    soundfile.write(folder / "new.wav", noise, RATE)
    soundfile.write(folder / "one.wav", noise, RATE)
    later = time.time() + 10
    os.utime(folder / "two.wav", (later, later))

    features = FeatureExtractor(model, cache=cache).extract(folder)

    assert sorted(computed) == sorted([*BAD, "new.wav", "one.wav", "two.wav"])
    rows = {path.name: v for path, v in zip(features.paths, features.vectors)}  # noqa: B905
    np.testing.assert_allclose(rows["new.wav"], rows["one.wav"], atol=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        lambda cache: FeatureExtractor(tiny_model(seed=5), cache=cache),
        lambda cache: FeatureExtractor(tiny_model(), "level1", cache=cache),
        lambda cache: FeatureExtractor(tiny_model(), pool="max", cache=cache),
        lambda cache: FeatureExtractor(tiny_model(), hop_seconds=0.1, cache=cache),
        lambda cache: FeatureExtractor(tiny_model(None), cache=cache),
    ],
    ids=["weights", "layer", "pool", "hop", "length"],
)
def test_another_extractor_is_never_mistaken(folder, cache, computed, other):
    FeatureExtractor(tiny_model(), cache=cache).extract(folder)
    computed.clear()
    other(cache).extract(folder)
    assert len(computed) == 8


def test_another_version_is_never_mistaken(model, folder, cache, computed, monkeypatch):
    FeatureExtractor(model, cache=cache).extract(folder)
    computed.clear()
    monkeypatch.setattr("kerasaudio.version.__version__", "999.0")
    FeatureExtractor(model, cache=cache).extract(folder)
    assert len(computed) == 8


def test_training_changes_the_fingerprint_and_building_does_not():
    model = tiny_model()
    extractor = FeatureExtractor(model)
    before = extractor.origin
    assert FeatureExtractor(tiny_model()).origin == before
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(np.ones((4, 4_000), "float32"), np.array([0, 1, 2, 0]), verbose=0)
    after = extractor.origin
    assert after["weights_hash"] != before["weights_hash"]
    assert after["fingerprint"] != before["fingerprint"]


def test_an_architecture_without_other_weights_is_told_apart():
    """Same weights, another front-end: the numbers differ, so does the fingerprint."""

    def build(hop_length):
        waveform = keras.Input((4_000,), name="waveform")
        x = layers.Spectrogram(n_fft=128, hop_length=hop_length)(waveform)
        x = keras.layers.GlobalAveragePooling1D(name="embedding")(x)
        return AudioModel(waveform, x, spec=AudioSpec(RATE, 4_000, 4_000))

    first, same, other = (FeatureExtractor(build(n)).origin for n in (64, 64, 32))
    assert first["fingerprint"] == same["fingerprint"]
    assert first["weights_hash"] == other["weights_hash"]
    assert first["fingerprint"] != other["fingerprint"]


def test_damaged_bytes_are_computed_again(model, folder, cache, computed):
    features = FeatureExtractor(model, cache=cache).extract(folder)
    (log,) = cache.rglob("*.log")
    content = bytearray(log.read_bytes())
    content[-30] ^= 1  # in the rows of the last file
    log.write_bytes(content)
    computed.clear()

    again = FeatureExtractor(model, cache=cache).extract(folder)

    assert len(computed) == len(BAD) + 1
    np.testing.assert_allclose(again.vectors, features.vectors, atol=1e-6)
