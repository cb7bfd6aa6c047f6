"""The FastAPI example, started as a user does."""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import kerasaudio
from support.tiny import tiny_model

SERVE = Path(__file__).parents[2] / "examples" / "serve"


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module", params=["exported", "mine.keras"])
def started(request, model, tmp_path_factory):
    for name in ("fastapi", "uvicorn", "tensorflow"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    folder = tmp_path_factory.mktemp("served")
    path = folder / request.param
    if path.suffix:
        model.save(path)
    else:
        kerasaudio.export(model, path, verify=False)
        # Whoever imports kerasaudio there gets this one.
        (folder / "kerasaudio.py").write_text("raise ImportError('not needed')")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = [str(folder), *filter(None, sys.path)]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "app:app", "--log-level", "warning"),
            *("--app-dir", str(SERVE), "--port", str(port)),
        ],
        cwd=folder,
        env={**os.environ, "MODEL": str(path), "PYTHONPATH": os.pathsep.join(paths)},
        stderr=subprocess.PIPE,
    )
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server), server.pid
    finally:
        server.terminate()
        server.communicate(timeout=60)


@pytest.fixture
def address(started):
    return started[0]


@pytest.fixture
def server(started):
    return started[1]


def wait_for(address, server):
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(server.communicate()[1].decode())
        with contextlib.suppress(urllib.error.URLError):
            ready = json.load(urllib.request.urlopen(f"{address}/health"))
            assert ready == {"ready": True, "labels": ["a", "b", "c"]}
            return address
        time.sleep(0.2)
    pytest.fail("the server did not start")
