"""A room without network."""

from pathlib import Path

import pytest

from support.alone import alone, server  # noqa: F401


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "model.pth.part"
