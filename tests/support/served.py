"""The example server as users start it; what clients send, and what comes back."""

import contextlib
import importlib.util
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import soundfile

SERVE = Path(__file__).parents[2] / "examples" / "serve"
WAV = {"Content-Type": "audio/wav"}


def require_server():
    """Skip the test where the server, or what exports its model, is not installed."""
    for name in ("fastapi", "uvicorn", "websockets", "tensorflow"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")


@contextlib.contextmanager
def serving(path, labels, **variables):
    """Serve a model, in its folder; give the address, and the process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = [str(path.parent), *filter(None, sys.path)]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "app:app", "--log-level", "warning"),
            *("--app-dir", str(SERVE), "--port", str(port), "--ws-max-size", "65536"),
        ],
        cwd=path.parent,
        env={
            **os.environ,
            "MODEL": str(path),
            "PYTHONPATH": os.pathsep.join(paths),
            **variables,
        },
        stderr=subprocess.PIPE,
    )
    try:
        yield _wait_for(f"http://127.0.0.1:{port}", server, labels), server.pid
    finally:
        server.terminate()
        server.communicate(timeout=60)


def _wait_for(address, server, labels):
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(server.communicate()[1].decode())
        with contextlib.suppress(urllib.error.URLError):
            ready = json.load(urllib.request.urlopen(f"{address}/health"))
            assert ready == {"ready": True, "labels": labels}
            return address
        time.sleep(0.2)
    pytest.fail("the server did not start")


def post(address, body, headers, query=""):
    request = urllib.request.Request(f"{address}/tags{query}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def encoded(sound, rate):
    file = io.BytesIO()
    soundfile.write(file, sound, rate, "FLOAT", format="WAV")
    return file.getvalue()


def silent_flac(seconds, channels, rate=48_000):
    packed = io.BytesIO()
    with soundfile.SoundFile(
        packed, "w", rate, channels, "PCM_16", format="FLAC"
    ) as file:
        for _ in range(seconds):
            file.write(np.zeros((rate, channels), "int16"))
    return packed.getvalue()
