"""What a disk did to the cache of decoded audio: made again once, never heard."""

import json
import os
import pickle
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np

from kerasaudio import load_audio
from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.features.store import FileState
from kerasaudio.files.records import record
from support.damage import COUNT, damaged


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


def test_a_damaged_cache_is_read_whole_or_decoded(files, cache):
    files = files[:2]
    DecodedAudio(files, 16_000, cache=cache)
    want = [load_audio(file, 16_000) for file in files]
    log, index = _only(cache, ".pcm"), _only(cache, ".index")
    contents = {path: path.read_bytes() for path in (log, index)}
    mended = 0
    for path, share in ((index, COUNT - COUNT // 10), (log, COUNT // 10)):
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
    assert COUNT / 2 < mended < COUNT


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
