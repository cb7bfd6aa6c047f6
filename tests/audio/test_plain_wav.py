"""The quick way into 16-bit wav: libsndfile's numbers, and every doubt left to it."""

import io
import os
import struct
import threading

import numpy as np
import pytest
import soundfile

from kerasaudio.audio import AudioDecodeError, load_audio
from kerasaudio.audio.plain_wav import read_plain_wav


@pytest.fixture
def wav(tmp_path, rng):
    def write(name="a.wav", channels=1, rate=16_000, **settings):
        sound = rng.uniform(-1, 1, (1_000, channels))
        sound[:2] = [[-1.0] * channels, [1.0] * channels]
        soundfile.write(tmp_path / name, sound, rate, **settings)
        return tmp_path / name

    return write


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_numbers_are_libsndfiles(wav, channels, rate):
    path = wav(channels=channels, rate=rate)
    frames, found = read_plain_wav(path)
    want, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert found == rate
    assert frames.dtype == np.float32
    np.testing.assert_array_equal(frames, want)
    # From an open file libsndfile reads.
    with path.open("rb") as file:
        slow = load_audio(file, 16_000, mono=False)
    np.testing.assert_array_equal(load_audio(path, 16_000, mono=False), slow)
    np.testing.assert_array_equal(load_audio(str(path), rate), want.mean(axis=1))


@pytest.mark.parametrize(
    "settings",
    [
        {"subtype": "PCM_24"},
        {"subtype": "FLOAT"},
        {"subtype": "PCM_U8"},
        {"format": "WAVEX", "subtype": "PCM_16"},
        {"format": "FLAC"},
        {"format": "AIFF"},
        {"format": "RF64", "subtype": "PCM_16"},
    ],
)
def test_other_files_are_left_to_libsndfile(wav, settings):
    path = wav(**settings)
    assert read_plain_wav(path) is None
    want, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(load_audio(path, 16_000), want)


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [
        (0, "4s", b"RIFX"),
        (4, "<I", 9),
        (8, "4s", b"WAVX"),
        (16, "<I", 18),
        (20, "<H", 3),
        (22, "<H", 0),
        (24, "<I", 16),
        (28, "<I", 1),
        (32, "<H", 3),
        (34, "<H", 8),
        (36, "4s", b"LIST"),
        (40, "<I", 0),
        (40, "<I", 1_999),
        (40, "<I", 2_002),
        (40, "<I", 0xFFFFFFFF),
    ],
)
def test_headers_in_doubt_are_left_to_libsndfile(wav, at, form, value):
    path = wav()
    assert read_plain_wav(path) is not None
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, at, value)
    path.write_bytes(content)
    assert read_plain_wav(path) is None


def test_a_file_cut_short_is_told_as_ever(wav):
    path = wav()
    path.write_bytes(path.read_bytes()[:-100])
    assert read_plain_wav(path) is None
    with pytest.raises(AudioDecodeError, match="truncated"):
        load_audio(path, 16_000)
    path.write_bytes(path.read_bytes()[:30])
    assert read_plain_wav(path) is None


def test_what_is_no_file_is_left_alone(wav, tmp_path):
    assert read_plain_wav(tmp_path) is None
    assert read_plain_wav(tmp_path / "none.wav") is None
    assert read_plain_wav(io.BytesIO(wav().read_bytes())) is None
    with pytest.raises(FileNotFoundError):
        load_audio(tmp_path / "none.wav", 16_000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_once(wav, tmp_path):
    content, pipe = wav().read_bytes(), tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True)
    writer.start()
    assert len(load_audio(pipe, 16_000)) == 1_000
    writer.join(timeout=5)
