"""The cache of decoded audio: exact, kept, rebuilt after damage, and a full disk."""

import errno
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from kerasaudio import load_audio
from kerasaudio.audio import AudioDecodeError
from kerasaudio.audio.load import load_within
from kerasaudio.datasets import decoded, decoded_log, from_folder
from kerasaudio.datasets.decoded import DecodedAudio
from kerasaudio.datasets.decoding import Room
from kerasaudio.features.store import FileState
from kerasaudio.models import AudioSpec
from kerasaudio.records import record
from support import sounds
from support.damage import COUNTS, damaged

SPEC = AudioSpec.of_fixed_clips(16_000, 4_000)


@pytest.fixture
def files(tmp_path):
    root = sounds.class_folders(tmp_path / "set", {"a": 3, "b": 2})
    return sorted(root.rglob("*.wav"))


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def calls(monkeypatch):
    """Names of files as they are decoded."""
    names = []

    def load(path, *args):
        names.append(path.name)
        return load_within(path, *args)

    monkeypatch.setattr(decoded, "load_within", load)
    return names


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


def _only(cache, suffix):
    (path,) = cache.rglob(f"*{suffix}")
    return path


def test_what_was_damaged_is_decoded_once_and_replaced(files, cache, calls):
    DecodedAudio(files, 16_000, cache=cache)
    log = _only(cache, ".pcm")
    content = bytearray(log.read_bytes())
    for _ in range(6):  # whatever the logs are called
        content[100] ^= 255
        log.write_bytes(content)
        for run in range(3):
            audio = DecodedAudio(files, 16_000, cache=cache)
            for file in files:
                for _ in range(2):
                    want = load_audio(file, 16_000)
                    np.testing.assert_array_equal(audio.read(file), want)
            assert audio.is_cached
            assert len(calls) == 6, run


def test_threads_and_processes_mend_a_file_once_each(files, cache, calls):
    audio = DecodedAudio(files, 16_000, cache=cache)
    other = pickle.loads(pickle.dumps(audio))
    log = _only(cache, ".pcm")
    log.write_bytes(bytes(log.stat().st_size))
    for copy in (other, pickle.loads(pickle.dumps(audio))):
        copy._checked.clear()
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(copy.read, files * 4))
        for file, sound in zip(files * 4, found, strict=True):
            np.testing.assert_array_equal(sound, load_audio(file, 16_000))
    assert len(calls) == 3 * len(files)
    calls.clear()
    again = DecodedAudio(files, 16_000, cache=cache)
    for file in files:
        again.read(file)
    assert not calls


def test_what_is_cut_off_counts_as_absent(files, cache, calls):
    DecodedAudio(files, 16_000, cache=cache)
    log, index = _only(cache, ".pcm"), _only(cache, ".index")
    os.truncate(log, log.stat().st_size - 4)
    DecodedAudio(files, 16_000, cache=cache)
    assert len(calls) == 6
    index.write_bytes(index.read_bytes()[:-3])
    DecodedAudio(files, 16_000, cache=cache)
    assert len(calls) == 6


def test_records_of_another_kind_are_absent(files, cache, calls):
    DecodedAudio(files[:1], 16_000, cache=cache)
    index = _only(cache, ".index")
    whole = index.read_bytes()
    facts = {
        "path": "x",
        "size": 1,
        "modified_ns": 1,
        "offset": 0,
        "samples": 8,
        "crc": 1,
    }
    for strange in (
        {},
        {"path": 3},
        facts | {"offset": "x"},
        facts | {"samples": None},
    ):
        index.write_bytes(record(strange) + whole)
        DecodedAudio(files[:1], 16_000, cache=cache)
    calls.clear()
    for harmless in (b"", bytes(8), bytes(4096), record(facts), record(facts)[:-1]):
        index.write_bytes(whole + harmless)
        DecodedAudio(files[:1], 16_000, cache=cache).read(files[0])
    assert not calls


def test_a_cache_of_the_first_version_is_read_as_absent(files, cache, calls):
    state = {**asdict(FileState.of(files[0])), "offset": 0, "samples": 9, "crc": 0}
    folder = cache / "16000-float32-v1"
    folder.mkdir(parents=True)
    (folder / "old.pcm").write_bytes(bytes(36))
    (folder / "old.jsonl").write_text(f"{json.dumps(state)}\n")
    audio = DecodedAudio(files, 16_000, cache=cache)
    assert len(calls) == len(files)
    np.testing.assert_array_equal(audio.read(files[0]), load_audio(files[0], 16_000))


@pytest.mark.parametrize("count", COUNTS)
def test_a_damaged_cache_is_read_whole_or_decoded(files, cache, count):
    files = files[:2]
    DecodedAudio(files, 16_000, cache=cache)
    want = [load_audio(file, 16_000) for file in files]
    log, index = _only(cache, ".pcm"), _only(cache, ".index")
    contents = {path: path.read_bytes() for path in (log, index)}
    mended = 0
    for path, share in ((index, count - count // 10), (log, count // 10)):
        for content in damaged(contents[path], share):
            path.write_bytes(content)
            audio = DecodedAudio(files, 16_000, cache=cache)
            for file, sound in zip(files, want, strict=True):
                np.testing.assert_array_equal(audio.read(file), sound)
            for more in log.parent.iterdir():
                if more not in contents:
                    mended += more.suffix == ".pcm"
                    more.unlink()
        path.write_bytes(contents[path])
    assert count / 2 < mended < count


KILLED = """
import os, signal, sys
from pathlib import Path
from kerasaudio.datasets import decoded
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


def test_the_cache_is_cleared_meanwhile(files, cache):
    audio = DecodedAudio(files, 16_000, cache=cache)
    _only(cache, ".pcm").unlink()
    np.testing.assert_array_equal(audio.read(files[2]), load_audio(files[2], 16_000))


def test_clips_stay_their_own_when_the_whole_cache_is_cleared(files, cache):
    audio = DecodedAudio(files, 16_000, cache=cache, readers=1)
    shutil.rmtree(cache)
    for file in reversed(files):
        np.testing.assert_array_equal(audio.read(file), load_audio(file, 16_000))


def test_a_reader_beside_the_one_that_mends_never_gets_what_was_damaged(files, cache):
    DecodedAudio(files[:1], 16_000, cache=cache)
    log = _only(cache, ".pcm")
    log.write_bytes(b"\x11" * log.stat().st_size)
    audio = DecodedAudio(files[:1], 16_000, cache=cache)
    looked, may_go, mapped = threading.Event(), threading.Event(), audio._mapped

    def wait(place):
        whole = mapped(place)
        if threading.current_thread() is not threading.main_thread():
            looked.set()
            may_go.wait(60)
        return whole

    audio._mapped = wait
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(audio.read, files[0])
        looked.wait(60)
        audio.read(files[0])
        may_go.set()
        np.testing.assert_array_equal(other.result(), load_audio(files[0], 16_000))


def test_a_byte_too_many_in_a_log_harms_nothing(files, cache, calls):
    DecodedAudio(files, 16_000, cache=cache)
    with _only(cache, ".pcm").open("ab") as log:
        log.write(b"x")
    calls.clear()
    audio = DecodedAudio(files, 16_000, cache=cache)
    for file in files:
        np.testing.assert_array_equal(audio.read(file), load_audio(file, 16_000))
    assert calls == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*fork:RuntimeWarning")
def test_a_forked_process_does_not_wait_for_threads_that_it_lacks():
    room = Room(10)
    with room.entered() as hold:
        hold(10)
        child = os.fork()
        if not child:  # pragma: no cover
            signal.alarm(60)
            with room.entered() as mine, room.entered() as another:
                mine(10)
                another(0)
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


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
