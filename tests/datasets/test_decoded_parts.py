"""The cache of decoded audio keeps what is labeled, and stays within a limit."""

import os
import shutil
import time

import numpy as np
import pytest

from kerasaudio import load_audio
from kerasaudio.core import AudioSpec
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.batching import decoded_limit, decoded_log
from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.datasets.batching.parts import END, merged, part_with, within
from support import sounds

RATE = 8_000
SPEC = AudioSpec.of_fixed_clips(RATE, 2_000).replace(labels=("a",))
SECONDS = 120
HALF_A_SECOND = RATE // 2
DAY = 86_400


@pytest.fixture
def long_file(tmp_path):
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.1, SECONDS * 11_025)
    return sounds.write(tmp_path / "long.wav", noise, 11_025)


def _clips(file, starts):
    starts = np.array(starts, "float64")
    return LabeledClips(
        "yard",
        (file,) * len(starts),
        np.zeros(len(starts), "int64"),
        ("a",),
        starts=starts,
        ends=starts + 0.5,
    )


def _size(cache, suffix="*.pcm"):
    return sum(path.stat().st_size for path in cache.rglob(suffix))


def _windows(batches):
    return np.concatenate([batches[i][0] for i in range(len(batches))])


@pytest.mark.parametrize(("dtype", "width"), [("float32", 4), ("int16", 2)])
def test_few_labeled_parts_of_a_long_file(long_file, cache, dtype, width):
    starts = np.arange(5, 115, 11)
    settings = {"training": False, "cache": cache, "dtype": dtype}
    batches = _clips(long_file, starts).batches(SPEC, **settings)
    assert _size(cache) == len(starts) * HALF_A_SECOND * width
    whole = load_audio(long_file, RATE)
    for i, window in enumerate(_windows(batches)):
        start = int(starts[i // 2] * RATE) + i % 2 * 2_000
        want = whole[start : start + 2_000]
        np.testing.assert_allclose(window, want, atol=0 if width == 4 else 2e-5)


def test_training_draws_the_same_as_without_a_cache(long_file, cache):
    clips = _clips(long_file, [3, 3.25, 50, 110])
    kept = clips.batches(SPEC, cache=cache)
    plain = clips.batches(SPEC, cache=False)
    for epoch in range(3):
        kept.epoch = plain.epoch = epoch
        np.testing.assert_array_equal(kept[0][0], plain[0][0])
    assert _size(cache) == (0.75 + 0.5 + 0.5) * RATE * 4  # two overlap


def test_another_side_of_the_split_adds_its_own_parts(long_file, cache, calls):
    sides = _clips(long_file, [3, 50]), _clips(long_file, [20, 50])
    sizes = []
    for clips in (*sides, *sides, _clips(long_file, [50.1])):
        clips.batches(SPEC, training=False, cache=cache)
        sizes.append(_size(cache) // (4 * HALF_A_SECOND))
    assert sizes == [2, 3, 3, 3, 4]  # the last part begins later and ends later
    assert len(calls) == 3


def test_a_whole_file_contains_its_parts(long_file, cache, calls):
    DecodedAudio([long_file], RATE, cache=cache)
    audio = DecodedAudio({long_file: [(80, 90), (100, END)]}, RATE, cache=cache)
    assert len(calls) == 1
    whole = load_audio(long_file, RATE)
    assert audio.lengths[long_file] == len(whole)
    np.testing.assert_array_equal(audio.read(long_file, 82, 88), whole[82:88])
    np.testing.assert_array_equal(audio.read(long_file, 100), whole[100:])


def test_what_is_not_kept_is_decoded(long_file, cache, calls):
    audio = DecodedAudio({long_file: [(80, 90)]}, RATE, cache=cache)
    assert audio.is_cached
    want = load_audio(long_file, RATE)[85:95]
    np.testing.assert_array_equal(audio.read(long_file, 85, 95), want)
    assert len(calls) == 2


def test_damaged_and_cleared_parts_are_decoded_once(long_file, cache, calls):
    starts = [3, 50, 80]
    batches = _clips(long_file, starts).batches(SPEC, training=False, cache=cache)
    before = _windows(batches)
    shutil.rmtree(cache)
    batches._audio._audio._maps.clear()
    np.testing.assert_array_equal(_windows(batches), before)
    assert len(calls) == 2  # once for all three parts
    (log,) = cache.rglob("*.pcm")
    content = bytearray(log.read_bytes())
    content[4 * HALF_A_SECOND + 9] ^= 255  # in the second part
    log.write_bytes(content)
    again = _clips(long_file, starts).batches(SPEC, training=False, cache=cache)
    np.testing.assert_array_equal(_windows(again), before)
    assert len(calls) == 3
    assert _size(cache) == 4 * 4 * HALF_A_SECOND


def test_a_full_disk_keeps_what_fits(long_file, cache, monkeypatch):
    write = decoded_log.write_all
    written = []

    def full(file, content):
        written.append(len(content))
        if sum(written) > 40_000:
            raise OSError(28, "No space left on device")
        write(file, content)

    monkeypatch.setattr(decoded_log, "write_all", full)
    clips = _clips(long_file, [3, 50, 80])
    with pytest.warns(UserWarning, match="No space left"):
        batches = clips.batches(SPEC, training=False, cache=cache)
    plain = clips.batches(SPEC, training=False, cache=False)
    np.testing.assert_array_equal(_windows(batches), _windows(plain))
    assert _size(cache) == 2 * 4 * HALF_A_SECOND


def test_parts():
    assert merged([(5, 9), (0, 2), (2, 4), (6, 7)]) == [(0, 4), (5, 9)]
    assert merged([(3, END), (0, 4), (9, END)]) == [(0, END)]
    assert within([(0, 4), (5, END), (12, END)], 8) == [(0, 4), (5, 8)]
    parts = [(0, 4), (5, 9)]
    assert part_with(parts, 6, 9) == part_with(parts, 5, 5) == (5, 9)
    assert part_with(parts, 3, 5) is part_with(parts, 4, 5) is None
    assert part_with([], 0, 0) is None


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "home"))
    return tmp_path / "home" / "decoded"


def _kept(folder, days=0.0, *, but=()):
    """Make the logs older, and return them."""
    logs = set(folder.rglob("*.pcm")) - set(but)
    for log in logs:
        for file in (log, log.with_suffix(".index")):
            os.utime(file, times=2 * (time.time() - days * DAY,))
    return logs


def _fill(file, start):
    return _clips(file, [start]).batches(SPEC, training=False)


def test_the_longest_unused_goes_first(long_file, home, monkeypatch, calls):
    first = _fill(long_file, 3)
    old = _kept(home, 9)
    _fill(long_file, 50)
    middle = _kept(home, 5, but=old)
    monkeypatch.setenv(decoded_limit.LIMIT_VARIABLE, str(16_000e-9 * 2.5))
    _fill(long_file, 3)  # used again, from the cache
    assert len(calls) == 2
    _fill(long_file, 80)
    logs = set(home.rglob("*.pcm"))
    assert len(logs) == 2
    assert old < logs
    assert not middle & logs
    assert {log.with_suffix(".index") for log in logs} == set(home.rglob("*.index"))
    assert _size(home) == 2 * 4 * HALF_A_SECOND
    assert len(_windows(first)) == 2


def test_what_was_used_today_stays(long_file, home, monkeypatch):
    monkeypatch.setenv(decoded_limit.LIMIT_VARIABLE, "0")
    batches = _fill(long_file, 3)
    _fill(long_file, 50)
    assert len(set(home.rglob("*.pcm"))) == 2
    assert len(_windows(batches)) == 2


def test_a_folder_of_ones_own_has_no_limit(long_file, cache, home, monkeypatch):
    monkeypatch.setenv(decoded_limit.LIMIT_VARIABLE, "0")
    for start in (3, 50):
        _clips(long_file, [start]).batches(SPEC, cache=cache, training=False)
        _kept(cache, 9)
    assert len(set(cache.rglob("*.pcm"))) == 2
    assert not home.exists()


def test_only_logs_are_removed(long_file, home, monkeypatch):
    monkeypatch.setenv(decoded_limit.LIMIT_VARIABLE, "0")
    _fill(long_file, 3)
    (old,) = _kept(home, 9)
    mine = old.with_name("mine.pcm")
    mine.write_bytes(b"mine")
    os.utime(mine, times=(0, 0))
    _fill(long_file, 50)
    assert not old.exists()
    assert mine.exists()


@pytest.mark.parametrize("limit", ["much", "-1", "nan", "inf"])
def test_a_bad_limit(long_file, home, monkeypatch, calls, limit):
    monkeypatch.setenv(decoded_limit.LIMIT_VARIABLE, limit)
    with pytest.raises(ValueError, match="KERASAUDIO_DECODED_LIMIT must be a number"):
        _fill(long_file, 3)
    assert not calls
