"""The Ray engine on two nodes of this machine, whose workers, driver and nodes die."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kerasaudio import corpus
from kerasaudio.audio import AudioWarning
from kerasaudio.corpus import fleet, output

from .conftest import encoded, errors_of, rows_of

ray = pytest.importorskip("ray", reason='Ray is not installed: pip install ".[ray]"')
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    # Of Ray itself; and of jax, for the processes that the cluster forks.
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CLOSE = {"rtol": 1e-6, "atol": 1e-6}
FILES = 240
TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def cluster():
    """Two nodes with a CPU each; they import what this process does."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        checks = {"health_check_period_ms": 1000, "health_check_failure_threshold": 3}
        cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 1, "_system_config": checks},
        )
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        yield cluster
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for number in range(FILES):
        (folder / f"{number:03}.wav").write_bytes(encoded(0.2, number))
    return folder


@pytest.fixture(scope="module")
def right(many, model, tmp_path_factory):
    """The vectors by file, from the local engine."""
    out = tmp_path_factory.mktemp("right") / "out"
    corpus.run(many, model, out=out)
    return {row["path"]: row["embedding"] for row in rows_of(out)}


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(fleet, "_CHUNK_CLIPS", 8)
    monkeypatch.setattr(output, "BLOCK_CLIPS", 16)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def workers(monkeypatch):
    """The workers of the run, as they are started."""
    started = []
    real = fleet.Fleet._add

    def add(self):
        real(self)
        started.append(self._workers[-1])

    monkeypatch.setattr(fleet.Fleet, "_add", add)
    return started


def at(count, deed, monkeypatch):
    """Do a deed when so many results have come."""
    real, seen = output.Output.add, []

    def add(self, result):
        real(self, result)
        seen.append(result)
        if len(seen) == count:
            deed()

    monkeypatch.setattr(output.Output, "add", add)


def check(out, right):
    found = rows_of(out)
    assert len(found) == len({row["path"] for row in found}) == len(right)
    for row in found:
        np.testing.assert_allclose(row["embedding"], right[row["path"]], **CLOSE)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("decoders", [0, 1])
def test_the_same_as_the_local_engine(sounds, model, tmp_path, monkeypatch, decoders):
    monkeypatch.setattr(fleet, "decoders", lambda *resources: decoders)
    here, there = tmp_path / "here", tmp_path / "there"
    settings = {"pool": None, "errors": "salvage"}
    with pytest.warns(AudioWarning, match="is truncated") as told_here:
        corpus.run(sounds, model, out=here, **settings)
    with pytest.warns(AudioWarning, match="is truncated") as told_there:
        report = corpus.run(
            sounds, model, out=there, engine="ray", workers=1, **settings
        )
    texts = [
        [str(one.message) for one in told if one.category is AudioWarning]
        for told in (told_here, told_there)
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) == 1
    assert (report.clips, report.computed) == (7, 8)
    for one, other in zip(rows_of(here), rows_of(there), strict=True):
        vectors = one.pop("embedding"), other.pop("embedding")
        np.testing.assert_allclose(*vectors, **CLOSE)
        assert one == other
    assert errors_of(here) == errors_of(there)
    assert corpus.run(sounds, model, out=there, **settings).computed == 0


@pytest.mark.usefixtures("cluster")
def test_a_killed_worker(many, model, out, right, workers, monkeypatch):
    def kill():
        pid = ray.get(workers[0].__ray_call__.remote(lambda self: os.getpid()))
        os.kill(pid, signal.SIGKILL)

    at(40, kill, monkeypatch)
    corpus.run(many, model, out=out, engine="ray", workers=2)
    assert len(workers) == 3
    check(out, right)


@pytest.mark.usefixtures("cluster")
def test_a_clip_that_ends_its_worker(many, model, out, right, monkeypatch):
    usual = fleet.worker_class

    def deadly():
        base = usual()

        class Deadly(base):
            def run(self, clips, decoded):
                import os
                import time

                time.sleep(0.1)  # there are always two chunks at a time
                if any(clip.path.endswith("017.wav") for clip in clips):
                    os._exit(1)
                return super().run(clips, decoded)

        return Deadly

    monkeypatch.setattr(fleet, "worker_class", deadly)
    monkeypatch.setattr(fleet, "_CHUNK_CLIPS", 2)
    monkeypatch.setattr(fleet, "_DEATHS", 2)
    files = sorted(many.iterdir())[:40]
    report = corpus.run(files, model, out=out, engine="ray", workers=1)
    assert dict(report.failed) == {"crash": 1}
    (error,) = errors_of(out)
    assert error["path"].endswith("017.wav")
    check(
        out, {str(file): right[str(file)] for file in files if file.name != "017.wav"}
    )


DRIVER = """
import sys
sys.path.insert(0, {tests!r})
from kerasaudio import corpus
from kerasaudio.audio import AudioWarning
from kerasaudio.corpus import fleet, output
from support.tiny import tiny_model
fleet._CHUNK_CLIPS, output.BLOCK_CLIPS = 4, 8
corpus.run({many!r}, tiny_model(), out={out!r}, engine="ray", workers=1)
"""


def test_a_killed_driver(many, model, out, right):
    code = DRIVER.format(tests=str(TESTS), many=str(many), out=str(out))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("RAY_ADDRESS", None)
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        while not list(out.glob("part-*/*")):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    before = len(rows_of(out))
    assert 0 < before < FILES
    report = corpus.run(many, model, out=out)
    assert report.clips == FILES
    check(out, right)


def test_a_node_that_is_lost(cluster, many, model, out, right, workers, monkeypatch):
    def lose():
        (second,) = cluster.worker_nodes
        where = [
            ray.get(
                one.__ray_call__.remote(
                    lambda self: __import__("ray").get_runtime_context().get_node_id()
                )
            )
            for one in workers
        ]
        assert second.node_id in where
        cluster.remove_node(second, allow_graceful=False)
        # Else a fast machine is done before Ray notices.
        while any(
            one["Alive"] for one in ray.nodes() if one["NodeID"] == second.node_id
        ):
            time.sleep(0.1)

    at(40, lose, monkeypatch)
    corpus.run(many, model, out=out, engine="ray", workers=2)
    assert len(workers) >= 3
    check(out, right)
