"""Killed, out of disk, not allowed to write: nothing lost, nothing half-written."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kerasaudio import FeatureExtractor, load_features
from kerasaudio.core import windowed
from kerasaudio.features import pipeline
from support.tiny import RATE, tiny_model

TESTS = Path(__file__).parents[1]
FILES = 60

SLOW_RUN = """
import sys, time
sys.path.insert(0, {tests!r})
from support.tiny import tiny_model
from kerasaudio import FeatureExtractor
from kerasaudio.core import windowed

real = windowed.run
def slow(*arguments):
    time.sleep(0.2)
    return real(*arguments)
windowed.run = slow
extractor = FeatureExtractor(tiny_model(), cache={cache!r}, batch_size=2)
extractor.write({folder!r}, {out!r})
"""


@pytest.fixture
def many(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    rng = np.random.default_rng(2)
    for number in range(FILES):
        soundfile.write(folder / f"{number:03}.wav", rng.normal(0, 0.1, 4_000), RATE)
    return folder


def _start(many, cache, out):
    code = SLOW_RUN.format(
        tests=str(TESTS), cache=str(cache), folder=str(many), out=str(out)
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)


def _stored(cache):
    return sum(log.stat().st_size for log in cache.rglob("*.log"))


def _wait_for(condition, process):
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_and_started_again(many, cache, tmp_path, monkeypatch):
    out = tmp_path / "out.npz"
    process = _start(many, cache, out)
    _wait_for(lambda: _stored(cache) > 3_000, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not out.exists()

    run = []
    real = windowed.run

    def count(predict, batch):
        run.append(len(batch))
        return real(predict, batch)

    monkeypatch.setattr(windowed, "run", count)
    done = FeatureExtractor(tiny_model(), cache=cache, batch_size=2).write(many, out)

    assert (done.files, done.failed) == (FILES, ())
    assert 0 < sum(run) == done.computed < FILES - 10
    fresh = FeatureExtractor(tiny_model(), cache=tmp_path / "other").extract(many)
    found = load_features(out)
    assert found.paths == fresh.paths
    np.testing.assert_allclose(found.vectors, fresh.vectors, atol=1e-5)


@pytest.mark.parametrize("missing", [1, 5, 60])
def test_a_record_cut_off_anywhere_is_computed_again(many, cache, missing):
    extractor = FeatureExtractor(tiny_model(), cache=cache)
    first = extractor.extract(many)
    (log,) = cache.rglob("*.log")
    os.truncate(log, log.stat().st_size - missing)
    again = extractor.extract(many)
    np.testing.assert_allclose(again.vectors, first.vectors, atol=1e-6)
    assert len(list(cache.rglob("*.log"))) == 2


@pytest.fixture
def small_disk():
    """The system refuses to let files grow, as a full disk does."""
    resource = pytest.importorskip("resource")
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)

    @contextlib.contextmanager
    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limit


def test_a_full_disk(many, cache, tmp_path, small_disk):
    out = tmp_path / "out.npz"
    extractor = FeatureExtractor(tiny_model(), cache=cache)
    says = "features cannot be stored.*the same call resumes from there"
    with pytest.raises(OSError, match=says), small_disk(4_000):
        extractor.write(many, out)

    assert not out.exists()
    assert 0 < _stored(cache) <= 4_000
    assert 0 < extractor.write(many, out).computed < FILES - 10
    assert len(load_features(out)) == FILES


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_table_that_does_not_fit(many, cache, tmp_path, small_disk, suffix):
    extractor = FeatureExtractor(tiny_model(), cache=cache)
    extractor.extract(many)
    out = tmp_path / f"out{suffix}"
    with pytest.raises(OSError, match="no partial file remains"), small_disk(1_000):
        extractor.write(many, out)
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_folders_that_cannot_be_written(many, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(OSError, match="features cannot be stored"):
        FeatureExtractor(tiny_model(), cache=blocked / "cache").extract(many)
    with pytest.raises(OSError, match="cannot be written"):
        FeatureExtractor(tiny_model()).write(many, blocked / "out.npz")
    with pytest.raises(OSError, match="cannot be written"):
        FeatureExtractor(tiny_model()).write(many, tmp_path / "absent" / "out.npz")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_read_only_output(many, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(PermissionError, match="cannot be written"):
        FeatureExtractor(tiny_model()).write(many, tmp_path / "locked" / "out.npz")


def test_bugs_are_not_taken_for_bad_files(many, cache, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("a bug")

    monkeypatch.setattr(pipeline, "waveform_windows", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        FeatureExtractor(tiny_model(), cache=cache).extract(many)


def test_the_network_fails_halfway(many, cache, monkeypatch):
    """Threads end, what was computed stays."""
    real, count = windowed.run, []

    def fails(*arguments):
        count.append(1)
        if len(count) == 5:
            raise MemoryError("too much")
        return real(*arguments)

    monkeypatch.setattr(windowed, "run", fails)
    extractor = FeatureExtractor(tiny_model(), cache=cache, batch_size=4)
    with pytest.raises(MemoryError):
        extractor.extract(many)
    before = len(count)
    assert len(extractor.extract(many)) == FILES
    assert len(count) - before == (FILES - 16) / 4
