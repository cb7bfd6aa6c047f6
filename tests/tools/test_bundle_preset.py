"""Weights of our own on their way into the package."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import kerasaudio
from kerasaudio.weights import list_weights
from kerasaudio.weights.convert.native import model_state, native_bytes

CHECKOUT = Path(__file__).parents[2]
FSDD = [entry for entry in list_weights() if entry.tag == "fsdd"]


@pytest.fixture
def tool(tmp_path, monkeypatch):
    path = CHECKOUT / "tools" / "bundle_preset.py"
    spec = importlib.util.spec_from_file_location("bundle_preset", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "bundled").mkdir()
    manifest = tmp_path / "weights_manifest.json"
    manifest.write_bytes((CHECKOUT / "weights_manifest.json").read_bytes())
    monkeypatch.setattr(module, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(module, "MANIFEST", manifest)
    return module


def test_entry_and_file(tool, tmp_path):
    model = kerasaudio.LeNetMFCC(classes=10, sample_rate=8_000)
    facts = {
        "model": "LeNetMFCC",
        "tag": "fsdd",
        "arguments": {"sample_rate": 8_000},
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
    known = any(e.factory == "LeNetMFCC" for e in FSDD)
    assert len(written) == before + (not known)
    assert entry["metrics"] == {"dataset": "FSDD, official split", "accuracy": 0.9876}
    bundled = tmp_path / "bundled" / entry["sources"][0]["path"]
    assert bundled.stat().st_size == entry["sources"][0]["size"]


@pytest.mark.shared
@pytest.mark.parametrize("entry", FSDD, ids=lambda entry: entry.factory)
def test_presets_keep_their_score(entry, shared):
    """Heard again, the held-out takes give the score that the manifest states."""
    data = kerasaudio.datasets.FSDD(shared / "data" / "fsdd")
    held_out = data.take(data.official_split()[1])
    model = getattr(kerasaudio, entry.factory)(weights="fsdd")

    report = kerasaudio.training.measure(model, held_out)

    stated = entry.metrics["accuracy"]
    assert stated >= 0.95
    assert report.accuracy == pytest.approx(stated, abs=0.0034)  # a clip of 300
    assert np.bincount(held_out.labels).tolist() == [30] * 10
