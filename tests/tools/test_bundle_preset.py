"""Weights of our own on their way into the package."""

import importlib.util
import json
from pathlib import Path

import pytest

import kerasaudio
from kerasaudio.weights.convert.native import model_state, native_bytes

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def tool(tmp_path, monkeypatch):
    path = CHECKOUT / "tools" / "bundle_preset.py"
    spec = importlib.util.spec_from_file_location("bundle_preset", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("bundled", "labels"):
        (tmp_path / name).mkdir()
    manifest = tmp_path / "weights_manifest.json"
    manifest.write_bytes((CHECKOUT / "weights_manifest.json").read_bytes())
    monkeypatch.setattr(module, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(module, "LABELS", tmp_path / "labels")
    monkeypatch.setattr(module, "MANIFEST", manifest)
    return module


def test_entry_and_file(tool, tmp_path):
    model = kerasaudio.LeNetMFCC(classes=10, sample_rate=8_000)
    facts = {
        "model": "LeNetMFCC",
        "tag": "fsdd",
        "arguments": {"sample_rate": 8_000},
        "labels": ["zero", "one"],
        "parameters": 1,
        "test": "FSDD, official split",
        "accuracy": 0.98764,
        "data": "some",
        "script": "tools/train/fsdd_digits.py",
        "seed": 7,
    }
    result = tmp_path / "LeNetMFCC.json"
    result.with_suffix(".safetensors").write_bytes(native_bytes(model_state(model)))
    before = len(json.loads(tool.MANIFEST.read_text())["weights"])

    for _ in range(2):  # the second time it replaces the first
        entry = tool.bundle(facts, result)

    written = json.loads(tool.MANIFEST.read_text())["weights"]
    assert written[-1] == entry
    assert len(written) == before + 1
    assert entry["metrics"] == {"dataset": "FSDD, official split", "accuracy": 0.9876}
    bundled = tmp_path / "bundled" / entry["sources"][0]["path"]
    assert bundled.stat().st_size == entry["sources"][0]["size"]
    assert (tmp_path / "labels" / "fsdd.txt").read_text() == "zero\none\n"
