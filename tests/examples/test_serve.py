"""The FastAPI example, started as a user does, asked over HTTP."""

import json
import shutil
import subprocess
import time

import numpy as np
import pytest

from support.served import WAV, encoded, post, silent_flac
from support.tiny import RATE

JSON = {"Content-Type": "application/json"}

pytestmark = pytest.mark.slow


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


def test_a_form_of_many_parts_is_refused(address):
    status, answer = post(address, b"\r\n--kaBoundary" * 10**6, FORM)
    assert status == 413
    assert "more than 16 parts" in answer["detail"]


def test_a_list_of_what_are_no_numbers_is_refused_at_the_first(address):
    body = b'{"sample_rate": 8000, "samples": [' + b'"",' * 1_000 + b"0]}"
    status, answer = post(address, body, JSON)
    assert status == 422
    assert len(json.dumps(answer)) < 1_000


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


@pytest.mark.parametrize(("seconds", "channels"), [(601, 1), (200, 8)])
def test_too_much_sound_is_refused_before_it_is_decoded(address, seconds, channels):
    body = silent_flac(seconds, channels)
    assert len(body) < 10**6
    start = time.monotonic()
    status, answer = post(address, body, WAV)
    assert status == 413
    assert "More than 600 s" in answer["detail"]
    assert time.monotonic() - start < 5


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


def test_a_bad_top_is_refused(address):
    assert post(address, encoded(np.zeros(9_000), RATE), WAV, "?top=0")[0] == 422
