"""The cache of decoded audio: exact, kept, rebuilt after damage, and a full disk."""

import errno
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kerasaudio import load_audio
from kerasaudio.audio import AudioDecodeError
from kerasaudio.core import AudioSpec
from kerasaudio.datasets import from_folder
from kerasaudio.datasets.batching import decoded_log
from kerasaudio.datasets.batching.decoded import DecodedAudio
from support import sounds


def _only(cache, suffix):
    (path,) = cache.rglob(f"*{suffix}")
    return path


SPEC = AudioSpec.of_fixed_clips(16_000, 4_000)


def test_no_readers_are_not_the_default(files, cache):
    with pytest.raises(ValueError, match=r"readers.*Received: 0"):
        DecodedAudio(files, 16_000, cache=cache, readers=0)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 0), ("float16", 3e-4), ("int16", 2e-5)]
)
def test_the_numbers_of_load_audio(files, cache, dtype, tolerance):
    audio = DecodedAudio(files, 16_000, cache=cache, dtype=dtype)
    for file in files:
        want = load_audio(file, 16_000)
        assert audio.lengths[file] == len(want)
        piece = audio.read(file, 100, 300)
        assert piece.dtype == np.float32
        np.testing.assert_allclose(piece, want[100:300], rtol=0, atol=tolerance)
        np.testing.assert_allclose(audio.read(file), want, rtol=0, atol=tolerance)


def test_files_are_decoded_once(files, cache, calls):
    DecodedAudio(files[:3], 16_000, cache=cache)
    assert len(calls) == 3
    again = DecodedAudio(files, 16_000, cache=cache)
    again.read(files[0])
    assert again.is_cached
    assert len(calls) == 5
    DecodedAudio(files, 8_000, cache=cache)
    assert len(calls) == 10


def test_a_changed_file_is_decoded_again(files, cache, calls):
    DecodedAudio(files, 16_000, cache=cache)
    sounds.write(files[1], sounds.tone(1_000, 0.7))
    audio = DecodedAudio(files, 16_000, cache=cache)
    assert calls[5:] == [files[1].name]
    np.testing.assert_array_equal(audio.read(files[1]), load_audio(files[1], 16_000))


def test_without_a_cache_nothing_is_written(files, tmp_path, monkeypatch, calls):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "untouched"))
    clips = from_folder(tmp_path / "set")
    plain = clips.batches(SPEC, 5, cache=False)
    kept = clips.batches(SPEC, 5, cache=tmp_path / "cache")
    assert not (tmp_path / "untouched").exists()
    np.testing.assert_array_equal(plain[0][0], kept[0][0])
    assert len(calls) == 15
    files[0].write_bytes(b"RIFF, but no more")
    with pytest.raises(AudioDecodeError, match=r"0\.wav"):
        plain[0]
    kept[0]  # goes on from the cache


KILLED = """
import os, signal, sys
from pathlib import Path
from kerasaudio.datasets.batching import decoded
load, count = decoded.load_within, 0
def killed(*args):
    global count
    count += 1
    if count == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return load(*args)
decoded.load_within = killed
files = sorted(Path(sys.argv[1]).rglob("*.wav"))
decoded.DecodedAudio(files, 16_000, cache=Path(sys.argv[2]), readers=1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.slow
def test_a_killed_process_leaves_what_was_done(files, cache, calls, tmp_path):
    code = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "set"), str(cache)], check=False
    ).returncode
    assert code == -signal.SIGKILL
    audio = DecodedAudio(files, 16_000, cache=cache)
    assert len(calls) == 2
    for file in files:
        np.testing.assert_array_equal(audio.read(file), load_audio(file, 16_000))


def test_a_disk_that_fills_while_caching(files, cache, monkeypatch):
    write, written = decoded_log.write_all, []

    def full(file, content):
        written.append(len(content))
        if sum(written) > 80_000:
            file.write(bytes(100))  # a part of it gets there
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(file, content)

    monkeypatch.setattr(decoded_log, "write_all", full)
    with pytest.warns(UserWarning, match=r"No space left(.|\n)*each epoch") as warned:
        audio = DecodedAudio(files, 16_000, cache=cache)
    assert len(warned) == 1
    assert not audio.is_cached
    for file in files:
        np.testing.assert_array_equal(audio.read(file), load_audio(file, 16_000))
    monkeypatch.undo()
    assert _only(cache, ".pcm").stat().st_size == 2 * 4 * 8_000
    assert DecodedAudio(files, 16_000, cache=cache).is_cached


def test_a_cache_that_cannot_be_made(files, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="KERASAUDIO_CACHE"):
        audio = DecodedAudio(files, 16_000, cache=tmp_path / "file")
    assert len(audio.read(files[0])) == 8_000


def test_nothing_is_left_where_nothing_could_be_decoded(tmp_path, cache):
    (tmp_path / "text.wav").write_bytes(b"no sound")
    audio = DecodedAudio([tmp_path / "text.wav"], 16_000, cache=cache)
    assert len(audio.errors) == 1
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_several_at_once(files, cache, calls):
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda _: DecodedAudio(files, 16_000, cache=cache), range(4))
        )
    calls.clear()
    for audio in (*found, DecodedAudio(files, 16_000, cache=cache)):
        for file in files:
            np.testing.assert_array_equal(audio.read(file), load_audio(file, 16_000))
    assert not calls


def test_errors_are_kept_by_file(files, cache):
    files[0].write_bytes(b"not sound")
    gone = Path("gone.wav")
    audio = DecodedAudio([*files, gone], 16_000, cache=cache)
    assert set(audio.errors) == {files[0], gone}
    assert "cannot be read" in audio.errors[gone]


def test_goes_to_another_process(files, cache):
    audio = DecodedAudio(files, 16_000, cache=cache)
    audio.read(files[0])
    other = pickle.loads(pickle.dumps(audio))
    np.testing.assert_array_equal(other.read(files[0]), audio.read(files[0]))
    assert len(pickle.dumps(audio)) < 10_000
