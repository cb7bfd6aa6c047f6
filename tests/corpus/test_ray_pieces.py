"""What runs on other machines, without them; and what is said where Ray is missing."""

import sys

import numpy as np
import pytest

from kerasaudio import corpus
from kerasaudio.corpus import fleet, local, on_ray, remote
from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.settings import Settings
from kerasaudio.corpus.sources import clips_of
from kerasaudio.corpus.tasks import Job

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture(scope="module")
def worker(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    model.save(path)
    return remote.Worker(path.read_bytes(), {"task": "embed", "pool": None})


def by_path(results):
    return sorted(results, key=lambda r: (r.clip.path, r.clip.end or 0.0))


@pytest.mark.parametrize("most", [600.0, 2.0])
def test_sounds_that_are_decoded_elsewhere(model, sounds, worker, monkeypatch, most):
    """Whether they are sent whole, or read by the worker as they are too long."""
    monkeypatch.setattr(remote, "_MOST_SECONDS", most)
    clips = list(clips_of(sounds))
    clips.append(Clip(str(sounds / "deep" / "5.wav"), start=3.0, end=3.02))
    clips.append(Clip(str(sounds / "deep" / "5.wav"), start=3.0, end=36.0))
    job = Job(model, Settings(pool=None))
    assert job.origin == worker.job.origin
    sent = remote.decoded(job.spec.sample_rate, "raise", clips)
    assert sum(isinstance(one, Clip) for one in sent) == (0 if most > 60 else 3)
    found = by_path(worker.run(clips, sent))
    wanted = by_path(local.compute(job, iter(clips)))
    for one, other in zip(found, wanted, strict=True):
        assert (one.clip, one.error, one.kind) == (other.clip, other.error, other.kind)
        assert one.seconds == other.seconds
        for row, right in zip(one.rows, other.rows, strict=True):
            assert row[:2] == right[:2]
            np.testing.assert_allclose(row[2], right[2], **CLOSE)


def test_chunks_are_small_enough_to_be_sent():
    clips = [Clip(f"{n}.wav", size=2**20) for n in range(100)]
    sizes = [len(chunk.clips) for chunk in fleet._chunks(iter(clips))]
    assert sizes == [16] * 6 + [4]
    clips = [Clip(f"{n}.wav", size=10) for n in range(100)]
    assert [len(chunk.clips) for chunk in fleet._chunks(iter(clips))] == [64, 36]


def test_only_gpus_need_decoders():
    assert fleet.decoders(8, 64, 8) == 56
    assert fleet.decoders(1, 1, 1) == 1
    assert fleet.decoders(64, 64, 0) == 0


class Busy:
    """Ray on a machine that is too busy for it, so many times."""

    def __init__(self, times):
        self.times, self.calls = times, []

    def init(self, address, **settings):
        self.calls.append(address)
        self.times -= 1
        if self.times >= 0:
            raise Exception("The current node timed out during startup.")

    def shutdown(self):
        self.calls.append("shutdown")


def test_ray_is_started_again_if_it_was_too_slow():
    busy = Busy(2)
    on_ray._begin(busy, "local")
    assert busy.calls == ["local", "shutdown", "local", "shutdown", "local"]
    with pytest.raises(OSError, match=r"could not be started.*timed out"):
        on_ray._begin(Busy(9), "local")
    there = Busy(9)
    with pytest.raises(OSError, match=r"reached at '10\.0\.0\.1:6379'"):
        on_ray._begin(there, "10.0.0.1:6379")
    assert there.calls == ["10.0.0.1:6379", "shutdown"]


def test_without_ray(sounds, model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r"needs Ray: pip install .*ray"):
        corpus.run(sounds, model, out=tmp_path / "out", engine="ray")
