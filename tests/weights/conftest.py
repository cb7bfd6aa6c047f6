"""A room without network: a server on this machine, a cache and a manifest a test."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerasaudio.files import download, network
from kerasaudio.weights import local
from kerasaudio.weights.manifest import WeightsEntry, find
from support.manifests import MakeEntry, Source, raw_entry
from support.web_server import WebServer


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's, and no waiting for what the network would need."""
    from huggingface_hub import constants

    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    for name in ("KERASAUDIO_MANIFEST", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 0.01)
    monkeypatch.setattr(network, "CONNECT_SECONDS", 2.0)
    monkeypatch.setattr(local, "_digests", {})


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def make_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeEntry:
    """Write a manifest of one entry, or more, and give the last."""
    entries: list[dict[str, Any]] = []

    def make(*sources: Source, tag: str = "mtat", **changes: Any) -> WeightsEntry:
        entries.append(raw_entry(*sources, tag=tag) | changes)
        path = tmp_path / f"manifest{len(entries)}.json"
        path.write_text(json.dumps({"schema_version": 1, "weights": entries}))
        monkeypatch.setenv("KERASAUDIO_MANIFEST", str(path))
        return find(entries[-1]["factory"], tag)

    return make
