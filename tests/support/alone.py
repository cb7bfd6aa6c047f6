"""Fixtures of tests that download: a server on this machine, nothing of the user's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kerasaudio.files import download, network
from kerasaudio.weights import local
from support.web_server import WebServer


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
