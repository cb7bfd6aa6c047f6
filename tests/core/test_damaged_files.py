"""Saved models that are damaged, cut, or of other programs: named, with what to do."""

import json
import zipfile

import keras
import numpy as np
import pytest
import soundfile

from kerasaudio.cli import main
from kerasaudio.loading import load
from support.damage import damaged, read_or_named
from support.tiny import tiny_model

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "mine.keras"
    tiny_model().save(path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.keras"


def repack(saved, path, **changes):
    """Write a saved model with other members, whole as an archive."""
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= {
        {"config": CONFIG, "weights": WEIGHTS}[k]: v for k, v in changes.items()
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)


def test_damage_is_named_or_harmless(saved, path):
    waveform = np.random.default_rng(0).normal(0, 0.1, (1, 4_000)).astype("float32")
    wanted = tiny_model().predict(waveform, verbose=0)
    refused = 0
    for content in damaged(saved.read_bytes(), 90):
        path.write_bytes(content)
        model = read_or_named(load, path)
        refused += model is None
        if model is not None:
            np.testing.assert_array_equal(model.predict(waveform, verbose=0), wanted)
    assert 45 < refused < 90


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"hello", bytes(5000)]
)
def test_what_is_no_saved_model(path, content):
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"mine\.keras' is not a complete \.keras file"
    ):
        load(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_not_called_missing(saved, path, share):
    whole = saved.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match="damaged, truncated"):
        load(path)


def test_a_missing_file_is_called_missing(path):
    with pytest.raises(FileNotFoundError, match=r"mine\.keras"):
        load(path)


@pytest.mark.parametrize("changes", [{"config": None}, {"weights": None}])
def test_an_archive_without_its_members(saved, path, changes):
    repack(saved, path, **changes)
    with pytest.raises(ValueError, match="not a saved Keras model"):
        load(path)


def other(**changes):
    """Give a change of the configuration."""
    return lambda config: json.dumps(config | changes)


def spec(**changes):
    """Give a change of what the model says of itself."""

    def change(config):
        config["config"]["spec"] |= changes
        return json.dumps(config)

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda config: "",
        lambda config: "{",
        lambda config: "null",
        lambda config: "[]",
        lambda config: "5",
        lambda config: "{}",
        lambda config: b"\xff\xfe",
        lambda config: "[" * 100_000,
        other(registered_name="kerasaudio>Nothing"),
        other(registered_name=None, module="os", class_name="system"),
        other(config=None),
        other(config={}),
        other(config=[]),
        spec(labels=5),
        spec(labels="abc"),
        spec(labels=["a", "b"]),
        spec(clip_samples=4_001),
        spec(labels=["a", "b", 3]),
        spec(unknown=1),
        spec(sample_rate="fast"),
        spec(sample_rate=1e30),
        spec(sample_rate=16),
        spec(window_samples=None),
        spec(window_samples=-1),
        spec(window_samples=2**40),
        spec(hop_samples=0),
        spec(min_samples="long"),
        spec(context_samples=True),
        spec(windows_per_clip=0.5),
        spec(window_padding="\x1b[2J"),
        spec(rest=[]),
        spec(frontend=[1]),
        spec(arguments="none"),
        spec(metrics="good"),
        spec(homepage=1),
        spec(trained_on="mine"),
        lambda config: json.dumps(config | {"config": config["config"] | {"spec": 5}}),
    ],
)
def test_another_configuration_is_named(saved, path, change):
    with zipfile.ZipFile(saved) as archive:
        config = json.loads(archive.read(CONFIG))
    repack(saved, path, config=change(config))
    with pytest.raises(ValueError, match=r"mine\.keras'") as info:
        load(path)
    assert len(str(info.value)) < 600 + len(str(path))


@pytest.mark.parametrize(
    "weights", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(900)]
)
def test_other_weights_are_named(saved, path, weights):
    repack(saved, path, weights=weights)
    with pytest.raises(ValueError, match=r"mine\.keras' cannot be loaded"):
        load(path)


def test_code_in_a_file_is_not_run(path):
    inputs = keras.Input((3,))
    outputs = keras.layers.Lambda(lambda x: x)(inputs)
    keras.Model(inputs, outputs).save(path)
    with pytest.raises(ValueError, match="Lambda"):
        load(path)


def test_the_command_line_names_the_file(saved, path, capsys):
    path.write_bytes(saved.read_bytes()[:-500])
    sound = path.with_name("x.wav")
    soundfile.write(sound, np.zeros(8_000), 8_000)
    assert main(["tag", str(sound), "--model", str(path)]) != 0
    error = capsys.readouterr().err
    assert "mine.keras" in error
    assert "damaged, truncated" in error
    assert "Traceback" not in error
