"""Publishing to a Hub on this machine, and loading from there."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import kerasaudio
from kerasaudio.weights import find, list_weights
from kerasaudio.weights.manifest import manifest_path
from support.web_server import WebServer

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def publish():
    spec = importlib.util.spec_from_file_location(
        "publish_weights", CHECKOUT / "tools" / "publish_weights.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server(monkeypatch):
    with WebServer() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        monkeypatch.setenv("HF_TOKEN", "secret")
        yield server


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    copy = tmp_path / "weights_manifest.json"
    shutil.copy(manifest_path(), copy)
    monkeypatch.setenv("KERASAUDIO_MANIFEST", str(copy))
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    return copy


def run(publish, server, *arguments):
    return publish.main(
        ["--namespace", "me", "--endpoint", server.url, *map(str, arguments)]
    )


def test_bundled_weights_are_uploaded_with_a_card_and_stay_bundled(
    publish, server, manifest
):
    assert run(publish, server, "--only", "MusicVGG/mtat") == 0

    entry = find("MusicVGG", "mtat")
    assert [source.kind for source in entry.sources] == ["bundled", "hub"]
    hub = entry.sources[1]
    files = server.repositories[hub.repo].revisions[hub.revision]
    assert len(files["model.safetensors"]) == hub.size
    card = files["README.md"].decode()
    for needed in (
        "license: isc",
        "arXiv:1909.06654",
        "0.90303",
        "1. classical",
        'kerasaudio.MusicVGG(weights="mtat")',
    ):
        assert needed in card


def test_publishing_again_replaces_the_source(publish, server, manifest):
    for _ in range(2):
        assert run(publish, server, "--only", "MusicVGG/msd") == 0

    sources = find("MusicVGG", "msd").sources
    assert [source.kind for source in sources] == ["bundled", "hub"]


@pytest.mark.shared
def test_downloaded_weights_are_had_from_the_hub_first_and_are_the_same(
    publish, server, manifest, shared, tmp_path, monkeypatch
):
    reference = shared / "reference" / "music_taggers"
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(reference))
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 50_000)).astype("float32")
    before = kerasaudio.CRNN(weights="mtat", clip_samples=50_000).predict(
        noise, verbose=0
    )

    assert run(publish, server, "--only", "CRNN/mtat") == 0

    entry = find("CRNN", "mtat")
    assert [source.kind for source in entry.sources] == ["hub", "https"]
    monkeypatch.delenv("KERASAUDIO_WEIGHTS")
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "empty"))
    after = kerasaudio.CRNN(weights="mtat", clip_samples=50_000)
    assert after.spec.weights_hash == f"sha256:{entry.sources[0].sha256}"
    np.testing.assert_array_equal(after.predict(noise, verbose=0), before)


def test_a_dry_run_uploads_nothing(publish, server, manifest, capsys):
    before = manifest.read_bytes()

    assert run(publish, server, "--only", "MusicVGG/mtat", "--dry-run") == 0

    assert "would be uploaded" in capsys.readouterr().out
    assert not server.repositories
    assert manifest.read_bytes() == before


def test_an_unknown_preset_is_refused(publish, server, manifest, capsys):
    assert run(publish, server, "--only", "MusicVGG/nothing") == 2
    assert "MusicVGG/nothing" in capsys.readouterr().err


def test_licenses_that_forbid_it_are_left_out(publish, server, manifest, capsys):
    raw = json.loads(manifest.read_text())
    for entry in raw["weights"]:
        entry["license"] = "CC-BY-NC-4.0"
    manifest.write_text(json.dumps(raw))

    assert run(publish, server) == 0

    assert capsys.readouterr().out.count("left out") == len(list_weights())
    assert not server.repositories
