"""A room without network: a server on this machine, a cache and a manifest a test."""

import json
from pathlib import Path
from typing import Any

import pytest

from kerasaudio.weights.manifest import WeightsEntry, find
from support.alone import alone, server  # noqa: F401
from support.manifests import MakeEntry, Source, raw_entry


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
