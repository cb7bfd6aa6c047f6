"""Files by their paths: odd names, and what cannot be read."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kerasaudio.audio import load_audio


@pytest.mark.parametrize(
    "name",
    [
        "with space.wav",
        "zwei\nzeilen.wav",
        "Ærø 音楽 🎵.wav",
        "-i",
        "-",
        "concat:a|b",
        "%d.wav",
        "noname",
        "wrong.mp3",
        "header.raw",
        "'quote\".wav",
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows forbids most of these names")
def test_odd_names(tmp_path, monkeypatch, encode, tone, name):
    sound = tone(800)
    (tmp_path / name).write_bytes(encode(sound, subtype="FLOAT"))
    monkeypatch.chdir(tmp_path)
    for path in (name, Path(name), tmp_path / name):
        np.testing.assert_array_equal(load_audio(path, 44_100), sound)


def test_read_only_file_in_a_read_only_folder(tmp_path, encode, tone):
    path = tmp_path / "still.wav"
    path.write_bytes(encode(tone(800)))
    path.chmod(0o400)
    tmp_path.chmod(0o500)
    try:
        assert len(load_audio(path, 44_100)) == 800
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("absent.wav", FileNotFoundError, "absent.wav"),
        (".", IsADirectoryError, "find_audio"),
        ("https://example.org/a.mp3", ValueError, "Download it first"),
        (b"RIFF....", ValueError, "io.BytesIO.*Received: bytes"),
        (np.zeros(9), ValueError, "Received: ndarray"),
        (None, ValueError, "Received: NoneType"),
        (io.StringIO("hello"), ValueError, "binary mode"),
    ],
)
def test_what_is_no_audio_file(path, error, says):
    with pytest.raises(error, match=says):
        load_audio(path, 16_000)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads all")
def test_unreadable(tmp_path):
    path = tmp_path / "secret.wav"
    path.write_bytes(b"RIFF")
    path.chmod(0)
    with pytest.raises(PermissionError):
        load_audio(path, 16_000)


def test_a_name_that_is_not_utf8(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff sound.wav")
    try:
        soundfile.write(os.fsencode(path), np.full(80, 0.5), 8_000, format="WAV")
    except (OSError, soundfile.LibsndfileError):
        pytest.skip("this file system takes UTF-8 names only")
    assert load_audio(path, 8_000).shape == (80,)
