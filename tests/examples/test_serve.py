"""The FastAPI example, started as a user does, asked over HTTP."""

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

import kerasaudio
from support.tiny import RATE, tiny_model

SERVE = Path(__file__).parents[2] / "examples" / "serve"
WAV = {"Content-Type": "audio/wav"}
JSON = {"Content-Type": "application/json"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(
            importlib.util.find_spec(name) is None
            for name in ("fastapi", "uvicorn", "tensorflow")
        ),
        reason="fastapi, uvicorn or tensorflow is not installed",
    ),
]


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module", params=["exported", "mine.keras"])
def address(request, model, tmp_path_factory):
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
        yield wait_for(f"http://127.0.0.1:{port}", server)
    finally:
        server.terminate()
        server.communicate(timeout=60)


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


@pytest.mark.parametrize(("samples", "rate"), [(11_000, RATE), (1_000, 8_000)])
def test_a_file_and_json_give_what_the_model_gives(address, model, samples, rate):
    sound = np.random.default_rng(0).normal(0, 0.1, samples).astype("float32")
    expected = dict(model.tag(sound, rate, top=3))
    stereo = np.stack([sound * 1.5, sound * 0.5], axis=1)
    given = {"sample_rate": rate, "samples": sound.tolist()}
    for body, headers in (
        (encoded(stereo, rate), WAV),
        (json.dumps(given).encode(), JSON),
    ):
        status, answer = post(address, body, headers)
        found = {tag["label"]: tag["score"] for tag in answer["tags"]}
        assert status == 200
        assert found == pytest.approx(expected, abs=1e-4)
        assert list(found) == list(expected)


def test_another_rate_and_top(address, model):
    sound = np.random.default_rng(0).normal(0, 0.1, 30_000).astype("float32")
    status, answer = post(address, encoded(sound, 44_100), WAV, "?top=1")
    (best,) = model.tag(sound, 44_100, top=1)
    (tag,) = answer["tags"]
    assert status == 200
    assert (tag["label"], tag["score"]) == (best[0], pytest.approx(best[1], abs=1e-4))


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (b"no sound", WAV, "no sound file"),
        (b"", WAV, "no sound file"),
        (encoded(np.zeros(9), RATE), WAV, "shorter than 0.05 s"),
        (encoded(np.full(9_000, np.nan), RATE), WAV, "finite numbers"),
        (b"{", JSON, "JSON"),
        (b'{"sample_rate": 8000, "samples": []}', JSON, "samples"),
        (b'{"sample_rate": 8, "samples": [0.1]}', JSON, "sample_rate"),
        (b'{"sample_rate": 8000, "samples": [1e9]}', JSON, "finite numbers"),
    ],
)
def test_what_is_no_sound_is_refused(address, body, headers, says):
    status, answer = post(address, body, headers)
    assert status == 422
    assert says in json.dumps(answer)


def test_a_bad_top_is_refused(address):
    assert post(address, encoded(np.zeros(9_000), RATE), WAV, "?top=0")[0] == 422
