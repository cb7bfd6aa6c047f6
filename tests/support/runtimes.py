"""Whether what an export runs in is installed."""

import importlib.util
import os

import pytest

REQUIRED = "KERASAUDIO_REQUIRE_RUNTIMES"


def require(*modules: str) -> None:
    """Skip the test where modules are missing; fail where they must be there."""
    lacking = sorted(name for name in modules if not importlib.util.find_spec(name))
    if lacking and os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, but there is no {', '.join(lacking)}")
    if lacking:
        pytest.skip(f"not installed: {', '.join(lacking)}")
