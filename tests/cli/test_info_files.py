"""`kerasaudio info` of files: models, exported models, sounds and repositories."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import save_file

import kerasaudio
from kerasaudio.exporting.facts import describe, facts_json, files
from support import command

CHECKOUT = Path(__file__).parents[2]
RATE = 8_000


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One file of each kind."""
    folder = tmp_path_factory.mktemp("files")
    model = kerasaudio.LeNetMFCC(labels=["one, two", "b"], weights="fsdd")
    model.save(folder / "mine.keras")
    model.save_pretrained(folder / "mine.safetensors")
    soundfile.write(folder / "hum.wav", np.zeros((12_000, 2)), RATE, "PCM_24")
    save_file({"a/b": np.zeros((2, 3), "float32")}, folder / "others.safetensors")
    facts = describe(model.spec, 8_000, "int8")
    with zipfile.ZipFile(folder / "mine.tflite", "w") as archive:
        for name, text in files(facts).items():
            archive.writestr(name, text)
    (folder / "mine.onnx").write_bytes(_onnx(facts_json(facts)))
    (folder / "mine.xml").write_bytes(_openvino(facts_json(facts)))
    (folder / "saved" / "assets").mkdir(parents=True)
    for name, text in files(facts).items():
        (folder / "saved" / "assets" / name).write_text(text)
    return folder


def _onnx(facts):
    """Return the bytes of a ModelProto: version, graph, a pair of metadata."""
    pair = _field(1, b"kerasaudio") + _field(2, facts.encode())
    other = _field(1, b"labels") + _field(2, b"x")
    return b"\x08\x08" + _field(7, b"graph") + _field(14, other) + _field(14, pair)


def _field(number, content):
    length, size = b"", len(content)
    while size > 0x7F:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def _openvino(facts):
    from xml.etree import ElementTree

    root = ElementTree.Element("net", name="mine", version="11")
    about = ElementTree.SubElement(root, "rt_info")
    ElementTree.SubElement(about, "kerasaudio", value=facts)
    return ElementTree.tostring(root)


@pytest.mark.parametrize(
    ("name", "kind", "own"),
    [
        ("mine.keras", "Keras model", {"layers": 17}),
        ("mine.safetensors", "safetensors file", {"tensors": 14}),
        ("mine.tflite", "LiteRT model", {"quantize": "int8"}),
        ("mine.onnx", "ONNX model", {"quantize": "int8"}),
        ("mine.xml", "OpenVINO model", {"quantize": "int8"}),
        ("saved", "SavedModel", {"quantize": "int8"}),
    ],
)
def test_models_say_what_they_are(run, place, name, kind, own):
    status, out, err = run("info", place / name, "--json")
    found = json.loads(out)
    assert (status, err, out.count("\n")) == (0, "", 1)
    assert found["kind"] == kind
    assert found["path"] == str(place / name)
    assert found["labels"] == ["one, two", "b"]
    assert (found["classes"], found["sample_rate"]) == (2, RATE)
    assert found["window_seconds"] == 1
    assert found["architecture"] == "LeNetMFCC"
    assert found["preset"] == "LeNetMFCC/fsdd"
    assert found["bytes"] > 100
    assert own.items() <= found.items()
    text = run("info", place / name)[1]
    assert '"one, two", b' in text
    assert "8,000 Hz" in text


def test_a_sound(run, place):
    status, out, err = run("info", place / "hum.wav", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "kind": "sound",
        "path": str(place / "hum.wav"),
        "bytes": (place / "hum.wav").stat().st_size,
        "format": "WAV PCM_24",
        "sample_rate": RATE,
        "channels": 2,
        "frames": 12_000,
        "missing": None,
        "seconds": 1.5,
    }
    groove = run("info", CHECKOUT / "examples" / "groove.ogg")[1]
    assert "OGG VORBIS" in groove
    assert "44,100 Hz" in groove
    assert "529,200" in groove


def test_what_is_missing_is_told(run, place, tmp_path):
    whole = (place / "hum.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    found = json.loads(run("info", tmp_path / "cut.wav", "--json")[1])
    assert "bytes are missing" in found["missing"]
    assert 0.7 < found["seconds"] < 0.8


def test_tensors_of_others(run, place):
    found = json.loads(run("info", place / "others.safetensors", "--json")[1])
    assert found["kind"] == "safetensors file, with weights only"
    assert (found["tensors"], found["parameters"]) == (1, 6)


def test_several_files_and_a_bad_one(run, place, tmp_path):
    (tmp_path / "bad.wav").write_text("no sound")
    words = (place / "hum.wav", tmp_path / "bad.wav", place / "mine.keras")
    status, out, err = run("info", *words, "--json")
    kinds = [json.loads(line)["kind"] for line in out.splitlines()]
    assert (status, kinds) == (1, ["sound", "Keras model"])
    assert "bad.wav" in err
    assert "1 of 3 files could not be read" in err


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("mine.kears", None, "no file or folder named .*Did you mean 'mine.keras'?"),
        ("x.keras", b"no archive", "is not a complete .keras file"),
        ("x.safetensors", b"\xff" * 20, "is not a whole safetensors file"),
        ("x.safetensors", b"", "is not a whole safetensors file"),
        ("x.tflite", b"TFL3", "says nothing of itself: it was not written by"),
        ("x.onnx", b"", "it is empty"),
        ("x.onnx", b"\x0f\x01no message", "is damaged, or is another kind of file"),
        ("x.onnx", b"\x08\x08", "says nothing of itself"),
        ("x.xml", b"<net/>", "says nothing of itself"),
        ("x.xml", b"<net", "is damaged, or is another kind of file"),
        ("x.wav", b"", "it is an empty file"),
    ],
)
def test_files_that_cannot_be_read(run, place, tmp_path, name, content, says):
    (tmp_path / "mine.keras").touch()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    status, out, err = run("info", tmp_path / name)
    assert (status, out) == (1, "")
    assert err.startswith("kerasaudio: ")
    assert re.search(says, err), err


def test_a_folder_that_is_no_model(run, tmp_path):
    status, out, err = run("info", f"{tmp_path}/")
    assert (status, out) == (1, "")
    assert "says nothing of itself" in err


@pytest.mark.parametrize(
    "name",
    ["mine.keras", "mine.safetensors", "mine.tflite", "mine.onnx", "hum.wav"],
)
def test_no_backend_is_needed(place, tmp_path, name):
    hidden = ("keras", "onnx", "ai_edge_litert", *command.BACKENDS)
    status, out, err = command.run(tmp_path, "info", place / name, hidden=hidden)
    assert (status, err) == (0, "")
    assert str(place / name) in out
