"""Sources and entries as weights_manifest.json writes them, of files made up here."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerasaudio.weights import WeightsEntry
from kerasaudio.weights.manifest import find, manifest_path

CONTENT = bytes(range(256)) * 800  # 204,800 bytes, more than one chunk
REVISION = "0123456789abcdef0123456789abcdef01234567"

Source = dict[str, Any]
MakeEntry = Callable[..., WeightsEntry]


def sha256(content: bytes = CONTENT) -> str:
    return hashlib.sha256(content).hexdigest()


def git_blob(content: bytes = CONTENT) -> str:
    header = b"blob %d\0" % len(content)
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest()


def https(url: str, content: bytes = CONTENT, **changes: Any) -> Source:
    """Give a source of plain web semantics, as the manifest writes it."""
    source = {
        "kind": "https",
        "format": "native",
        "url": url,
        "sha256": sha256(content),
        "size": len(content),
    }
    source |= changes
    return {key: value for key, value in source.items() if value != "absent"}


def hub(content: bytes = CONTENT, **changes: Any) -> Source:
    """Give a source on the Hub, as the manifest writes it."""
    return {
        "kind": "hub",
        "format": "native",
        "repo": "someone/something",
        "revision": REVISION,
        "path": "model.safetensors",
        "sha256": sha256(content),
        "size": len(content),
    } | changes


def raw_entry(*sources: Source, tag: str = "mtat") -> dict[str, Any]:
    return {
        "factory": "FCN",
        "tag": tag,
        "arguments": {},
        "labels": "mtat",
        "parameters": 50_000,
        "license": "MIT",
        "citation": "Someone, Something, 2020",
        "homepage": "https://example.org",
        "metrics": None,
        "sources": list(sources),
    }


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


def use_manifest(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    factory: str,
    file: Path,
    **changes: Any,
) -> None:
    """Pin a file of the user's in place of the first published one of a factory.

    What the package brings along is left out: that would be found as well.
    """
    entries = json.loads(manifest_path().read_text(encoding="utf-8"))["weights"]
    entry = next(entry for entry in entries if entry["factory"] == factory)
    content = file.read_bytes()
    source = next(s for s in entry["sources"] if s["kind"] != "bundled")
    source |= {"sha256": sha256(content), "size": len(content)}
    entry |= {"sources": [source]} | changes
    path = folder / "manifest.json"
    path.write_text(json.dumps({"schema_version": 1, "weights": [entry]}))
    monkeypatch.setenv("KERASAUDIO_MANIFEST", str(path))
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(file.parent))
