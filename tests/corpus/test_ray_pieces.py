"""What runs on other machines, without them; and what is said where Ray is missing."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from kerasaudio import corpus
from kerasaudio.audio import AudioWarning
from kerasaudio.corpus import clips as clips_room
from kerasaudio.corpus import fleet, local, on_ray, remote
from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.settings import Settings
from kerasaudio.corpus.sources import clips_of
from kerasaudio.corpus.tasks import Job

from .conftest import write_tar

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
    sent, _ = remote.decoded(job.spec.sample_rate, "raise", clips)
    assert sum(isinstance(one, Clip) for one in sent) == (0 if most > 60 else 3)
    results, warned = worker.run(clips, (sent, []))
    assert not warned
    found = by_path(results)
    wanted = by_path(local.compute(job, iter(clips)))
    for one, other in zip(found, wanted, strict=True):
        assert (one.clip, one.error, one.kind) == (other.clip, other.error, other.kind)
        assert one.seconds == other.seconds
        for row, right in zip(one.rows, other.rows, strict=True):
            assert row[:2] == right[:2]
            np.testing.assert_allclose(row[2], right[2], **CLOSE)


def test_warnings_come_back_with_the_results(
    model, sounds, tmp_path, monkeypatch, worker
):
    """From workers and decoders, with the names of the sounds; told once each."""
    monkeypatch.setattr(worker.job, "settings", Settings(errors="salvage", pool=None))
    write_tar(tmp_path / "0.tar", [("in.wav", (sounds / "cut.wav").read_bytes())])
    clips = [*clips_of(sounds / "cut.wav"), *clips_of(tmp_path / "0.tar")]
    monkeypatch.setattr(clips_room, "_IN_MEMORY", 10)  # the member is copied to a file
    results, warned = worker.run(clips, None)
    assert [result.error for result in results] == [None, None]
    sent = remote.decoded(worker.job.spec.sample_rate, "salvage", clips)
    _, again = worker.run(clips, sent)
    assert sorted(again) == sorted(warned)
    assert {category for _, category in warned} == {AudioWarning}
    texts = sorted(text.partition(" is truncated")[0] for text, _ in warned)
    assert texts == sorted([repr(str(sounds / "cut.wav")), "'in.wav'"])
    one = object.__new__(fleet.Fleet)
    one._told = set()
    with pytest.warns(AudioWarning) as told:
        one._warn([*warned, *again])
    one._warn(again)  # a warning would be an error
    assert sorted(str(one.message) for one in told) == sorted(t for t, _ in warned)


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


class FakeError(Exception):
    """Of Ray; one of a task has a cause."""

    def __init__(self, cause=None):
        self.cause = cause


class Remote:
    """What is called by `.remote`; a reference is a call that is made later."""

    def __init__(self, call):
        self.remote = call


class FakeRay:
    """Ray in this process, whose workers do what they are told."""

    exceptions = SimpleNamespace(
        RayError=FakeError,
        RayActorError=type("RayActorError", (FakeError,), {}),
        RayTaskError=type("RayTaskError", (FakeError,), {}),
    )

    def __init__(self, job, run):
        self.started, self._run = 0, run
        self._fingerprint = Remote(lambda: lambda: job.origin["fingerprint"])

    def cluster_resources(self):
        return {"CPU": 1}

    def put(self, value):
        return value

    def remote(self, **settings):
        return lambda given: Remote(self._start)

    def _start(self, *arguments):
        self.started += 1
        run = Remote(lambda clips, decoded: lambda: self._run(clips))
        return SimpleNamespace(run=run, fingerprint=self._fingerprint)

    def wait(self, references, num_returns):
        return references[:1], references[1:]

    def get(self, given):
        return [each() for each in given] if isinstance(given, list) else given()

    def kill(self, worker):
        pass


@pytest.mark.parametrize("way", ["survives", "is ended", "always"])
def test_a_worker_out_of_memory(model, sounds, worker, way):
    """It lives on with a MemoryError, or the system or Ray ends it."""
    clips, asked = list(clips_of(sounds)), []

    def run(these):
        asked.extend(these)
        if way == "is ended" and any("4.flac" in clip.path for clip in these):
            raise FakeRay.exceptions.RayActorError
        if way == "always" or any("4.flac" in clip.path for clip in these):
            raise FakeRay.exceptions.RayTaskError(MemoryError("no memory"))
        return worker.run(these, None)

    job = Job(model, Settings(pool=None))
    ray = FakeRay(job, run)
    workers = fleet.Fleet(ray, job, None)
    workers.start()
    if way == "always":
        with pytest.raises(OSError, match="Do they have enough memory"):
            list(workers.results(iter(clips)))
        return
    found = list(workers.results(iter(clips)))
    assert len(found) == len(clips)
    assert {result.clip for result in found} == set(clips)
    (bad,) = [result for result in found if result.kind == "crash"]
    assert "4.flac" in bad.clip.path
    assert "ran out of memory" in bad.error
    times = asked.count(bad.clip)
    assert times > fleet._DEATHS
    assert ray.started == (1 if way == "survives" else 1 + times)


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
