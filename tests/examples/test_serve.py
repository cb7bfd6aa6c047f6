"""The FastAPI example, started as a user does, asked over HTTP."""

import contextlib
import importlib.util
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
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
def started(request, model, tmp_path_factory):
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


def form(*files):
    body = b"".join(
        b'--kaBoundary\r\nContent-Disposition: form-data; name="sound"; filename="x"'
        b"\r\nContent-Type: audio/wav\r\n\r\n" + file + b"\r\n"
        for file in files
    )
    note = b'--kaBoundary\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n'
    return note + body + b"--kaBoundary--\r\n"


FORM = {"Content-Type": 'multipart/form-data; boundary="kaBoundary"'}


def test_a_form_gives_what_its_file_gives(address):
    sound = encoded(np.random.default_rng(0).normal(0, 0.1, 9_000), RATE)
    assert b"\r" in sound
    assert b"\n" in sound
    status, answer = post(address, form(sound), FORM)
    assert status == 200
    assert answer == post(address, sound, WAV)[1]


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (form(), FORM, "0 files"),
        (form(b"a", b"b"), FORM, "2 files"),
        (form(b"a"), FORM, "no sound file"),
        (form(b"a")[:30], FORM, "0 files"),
        (b"", FORM, "0 files"),
        (form(b"a"), {"Content-Type": "multipart/form-data"}, "0 files"),
    ],
)
def test_a_form_without_a_sound_is_refused(address, body, headers, says):
    status, answer = post(address, body, headers)
    assert status == 422
    assert says in answer["detail"]
    assert "BytesIO" not in answer["detail"]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_what_libsndfile_does_not_read_is_refused_with_advice(address, tmp_path):
    path = tmp_path / "sound.m4a"
    tone = "sine=frequency=440:duration=1"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", tone, str(path)], check=True
    )
    for body, headers in (
        (path.read_bytes(), {"Content-Type": "audio/mp4"}),
        (form(path.read_bytes()), FORM),
    ):
        status, answer = post(address, body, headers)
        assert status == 422
        assert "m4a" in answer["detail"]
        assert "ffmpeg -i INPUT OUTPUT.flac" in answer["detail"]
        assert "BytesIO" not in answer["detail"]


@pytest.mark.parametrize("rate", [1, 999, 384_001, 2_000_000])
def test_rates_of_damaged_headers_are_refused(address, rate):
    sound = encoded(np.zeros(400_000, "float32"), rate)
    status, answer = post(address, sound, WAV)
    assert status == 422
    assert f"not {rate} Hz" in answer["detail"]


def silent_flac(seconds, channels, rate=48_000):
    packed = io.BytesIO()
    with soundfile.SoundFile(
        packed, "w", rate, channels, "PCM_16", format="FLAC"
    ) as file:
        for _ in range(seconds):
            file.write(np.zeros((rate, channels), "int16"))
    return packed.getvalue()


@pytest.mark.parametrize(("seconds", "channels"), [(601, 1), (200, 8)])
def test_too_much_sound_is_refused_before_it_is_decoded(address, seconds, channels):
    body = silent_flac(seconds, channels)
    assert len(body) < 10**6
    start = time.monotonic()
    status, answer = post(address, body, WAV)
    assert status == 413
    assert "More than 600 s" in answer["detail"]
    assert time.monotonic() - start < 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b" " * (2**25 + 1), WAV),
        (b" " * (2**23 + 1), JSON),
        (json.dumps({"sample_rate": 1000, "samples": [0] * 600_001}).encode(), JSON),
    ],
)
def test_too_much_data_is_refused(address, body, headers):
    status, answer = post(address, body, headers)
    assert status == 413
    assert "More than" in answer["detail"]


def peak(server):
    status = Path(f"/proc/{server}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_long_sounds_leave_the_server_answering_and_small(server, address):
    body = silent_flac(400, 2)
    post(address, body, WAV)
    before, answers = peak(server), []
    asking = [
        threading.Thread(target=lambda: answers.append(post(address, body, WAV)[0]))
        for _ in range(6)
    ]
    for thread in asking:
        thread.start()
    worst = 0.0
    while any(thread.is_alive() for thread in asking):
        start = time.monotonic()
        assert json.load(urllib.request.urlopen(f"{address}/health"))["ready"]
        worst = max(worst, time.monotonic() - start)
        time.sleep(0.02)
    assert answers == [200] * 6
    assert worst < 1
    assert peak(server) - before < 400


def test_when_too_many_wait_others_are_told_to_come_again(address):
    """Sixteen uploads that do not end; then one more; then they end."""
    port = int(address.rpartition(":")[2])
    head = b"POST /tags HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(16):
            sock = socket.create_connection(("127.0.0.1", port))
            stack.callback(sock.close)
            sock.sendall(head)
        sound = encoded(np.zeros(9_000), RATE)
        for _ in range(100):
            status, answer = post(address, sound, WAV)
            if status == 503:
                break
            time.sleep(0.05)
        assert (status, answer) == (503, {"detail": "Too many sounds are waiting."})
    for _ in range(100):
        if post(address, sound, WAV)[0] == 200:
            return
        time.sleep(0.05)
    pytest.fail("the places were not given back")


def test_a_bad_top_is_refused(address):
    assert post(address, encoded(np.zeros(9_000), RATE), WAV, "?top=0")[0] == 422
