"""Weights of our own on their way into the package."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

import kerasaudio
from kerasaudio.checkpoints.native import model_state, native_bytes

CHECKOUT = Path(__file__).parents[2]
FACTS = {
    "model": "LeNetMFCC",
    "tag": "fsdd",
    "arguments": {"sample_rate": 8_000},
    "labels": ["zero", "one"],
    "parameters": 1,
    "test": "FSDD, official split",
    "accuracy": 0.98764,
    "data": "Free Spoken Digit Dataset 1.0.9, CC BY-SA 4.0",
    "script": "tools/train/fsdd_digits.py",
    "seed": 7,
}


@pytest.fixture
def tool(tmp_path, monkeypatch):
    path = CHECKOUT / "tools" / "bundle_preset.py"
    spec = importlib.util.spec_from_file_location("bundle_preset", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("bundled", "labels"):
        (tmp_path / name).mkdir()
    manifest = tmp_path / "weights_manifest.json"
    whole = json.loads((CHECKOUT / "weights_manifest.json").read_text())
    whole["weights"] = [e for e in whole["weights"] if "training" not in e]
    manifest.write_text(json.dumps(whole))
    monkeypatch.setattr(module, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(module, "LABELS", tmp_path / "labels")
    monkeypatch.setattr(module, "MANIFEST", manifest)
    return module


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "LeNetMFCC.json"
    path.with_suffix(".safetensors").write_bytes(b"weights")
    return path


def entries(tool):
    return json.loads(tool.MANIFEST.read_text())["weights"]


def test_a_bundled_preset_loads_by_its_tag(tool, result, tmp_path, monkeypatch):
    model = kerasaudio.LeNetMFCC(classes=2, sample_rate=8_000, filters=4)
    facts = {**FACTS, "arguments": {"sample_rate": 8_000, "filters": 4}}
    result.with_suffix(".safetensors").write_bytes(native_bytes(model_state(model)))
    before = len(entries(tool))

    entry = tool.bundle(facts, result)
    assert entries(tool)[-1] == entry
    whole = json.loads(tool.MANIFEST.read_text())
    whole["weights"].insert(3, whole["weights"].pop())
    tool.MANIFEST.write_text(json.dumps(whole))

    entry = tool.bundle(facts | {"accuracy": 0.98765}, result)  # replaces the first

    assert entries(tool)[3] == entry
    assert len(entries(tool)) == before + 1
    assert entry["metrics"] == {"dataset": "FSDD, official split", "accuracy": 0.9877}
    assert (entry["task"], entry["sample_rate"]) == ("speech", 8_000)
    assert (tmp_path / "labels" / "fsdd.txt").read_text() == "zero\none\n"
    monkeypatch.setenv("KERASAUDIO_MANIFEST", str(tool.MANIFEST))
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(tool.BUNDLED))
    again = kerasaudio.LeNetMFCC(weights="fsdd")
    assert again.spec.labels == ("zero", "one")
    assert again.spec.sample_rate == 8_000
    for mine, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        assert (mine == theirs).all()


def test_presets_of_one_data_set_may_have_labels_of_their_own(tool, result, tmp_path):
    facts = {**FACTS, "tag": "esc10", "data": "ESC-10, folds 1 to 4, CC BY 3.0"}
    rate = tool.bundle({**facts, "model": "LogMelCNN", "arguments": {}}, result)
    assert (rate["sample_rate"], rate["data"]) == (22_050, ["ESC-10"])
    dog = {"model": "BarkNet", "labels": ["dog", "other"], "macro_f1": 0.5}

    entry = tool.bundle({**facts, **dog}, result)

    assert entry["labels"] == "esc10_dog"
    assert entry["metrics"]["macro_f1"] == 0.5
    assert "Piczak" in entry["citation"]
    assert (tmp_path / "labels" / "esc10.txt").read_text() == "zero\none\n"
    assert (tmp_path / "labels" / "esc10_dog.txt").read_text() == "dog\nother\n"


def test_labels_that_another_preset_uses_stay(tool, result, tmp_path):
    tool.bundle(FACTS, result)

    with pytest.raises(ValueError, match=r"LeNetMFCC/fsdd uses.*OWN_LABELS"):
        tool.bundle({**FACTS, "model": "SpeechGRU", "labels": ["0", "1"]}, result)

    assert (tmp_path / "labels" / "fsdd.txt").read_text() == "zero\none\n"
    assert entries(tool)[-1]["factory"] == "LeNetMFCC"
    assert not (tmp_path / "bundled" / "speechgru_fsdd.safetensors").exists()


def test_what_cannot_be_bundled_is_refused(tool, result, monkeypatch, capsys):
    before = tool.MANIFEST.read_bytes()
    monkeypatch.setattr(tool, "LARGEST", 6)
    with pytest.raises(ValueError, match=r"7 bytes.*at most 6"):
        tool.bundle(FACTS, result)
    monkeypatch.setattr(tool, "LARGEST", 7)
    bad = {
        "does not say seed": {k: v for k, v in FACTS.items() if k != "seed"},
        "model 'MusiCNN'": {**FACTS, "model": "MusiCNN"},
        "tag 'gtzan'": {**FACTS, "tag": "gtzan"},
        "is under CC BY-SA": {**FACTS, "data": "digits, CC BY-NC 3.0"},
        "accuracy of 98": {**FACTS, "accuracy": 98},
    }
    for message, facts in bad.items():
        with pytest.raises(ValueError, match=message):
            tool.bundle(facts, result)
    result.with_suffix(".safetensors").unlink()
    with pytest.raises(FileNotFoundError):
        tool.bundle(FACTS, result)
    monkeypatch.setattr(sys, "argv", ["bundle_preset", str(result)])
    with pytest.raises(SystemExit):
        tool.main()
    assert "LeNetMFCC.json" in capsys.readouterr().err
    assert tool.MANIFEST.read_bytes() == before
