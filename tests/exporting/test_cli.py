"""`kerasaudio export`: what it prints and writes, and bad input."""

import json

import pytest

from kerasaudio.cli import main
from kerasaudio.exporting import read_facts
from support.sounds import class_folders
from support.tiny import tiny_model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "mine.keras"
    tiny_model().save(path)
    return path


@pytest.fixture
def run(capsys):
    def call(*words):
        return main(["export", *map(str, words)]), *capsys.readouterr()

    return call


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_export_prints_how_the_file_compares(run, saved, tmp_path):
    out = tmp_path / "mine.tflite"

    status, printed, err = run(saved, out)

    assert status == 0
    assert "largest difference" in printed
    assert err == f"kerasaudio: The model is in {out}.\n"
    assert read_facts(out)["labels"] == ["a", "b", "c"]


@pytest.mark.slow
@pytest.mark.usefixtures("in_process")
def test_quantized_and_measured_on_labeled_sounds(run, saved, tmp_path):
    sounds = class_folders(tmp_path / "sounds", {"a": 2, "b": 2, "c": 2})
    words = ("--quantize", "int8", "--calibrate", sounds, "--verify", sounds)

    status, printed, _ = run(saved, tmp_path / "mine.tflite", *words, "--json")

    assert status == 0
    report = json.loads(printed)
    assert report["quantize"] == "int8"
    assert report["verification"]["accuracy_after"] is not None


@pytest.mark.usefixtures("in_process")
def test_a_network_with_a_state_is_written_with_it(run, tmp_path):
    out = tmp_path / "vad.onnx"

    status, _, err = run("SileroVAD/16k", out, "--with-state")

    assert status == 0, err
    assert len(read_facts(out)["state"]) == 3

    status, _, err = run("SileroVAD/16k", out, "--with-state", "--dynamic")
    assert status == 1
    assert "pass no --dynamic with --with-state" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mine.pb"], "not that of a format"),
        (["mine.tflite", "--quantize", "int8"], "--quantize int8 needs --calibrate"),
        (["mine.tflite", "--dynamic"], "--dynamic is for networks"),
        (["mine.tflite", "--with-state"], "--with-state needs a network with a state"),
    ],
)
def test_bad_input_is_explained(run, saved, tmp_path, words, message):
    status, printed, err = run(saved, tmp_path / words[0], *words[1:])

    assert (status, printed) == (1, "")
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_kept(run, saved, tmp_path, monkeypatch):
    from kerasaudio.exporting import exporting

    monkeypatch.setattr(exporting, "check_installed", lambda *_: None)
    (tmp_path / "mine.tflite").write_text("mine")

    status, _, err = run(saved, tmp_path / "mine.tflite")

    assert status == 1
    assert "--overwrite" in err
    assert (tmp_path / "mine.tflite").read_text() == "mine"
