"""Numbers as those of the calls for one sound; what is there already is not redone."""

import json
import os
import subprocess
import sys
import time
from itertools import cycle

import numpy as np
import pandas
import pytest

from kerasaudio import FeatureExtractor, corpus, version
from kerasaudio.corpus import output
from kerasaudio.corpus.seen import Seen
from kerasaudio.events import find_events
from kerasaudio.files.workplace import workplace
from kerasaudio.models import SoundEventCRNN
from support.tiny import tiny_model

from .conftest import encoded, errors_of, rows_of

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize("pool", ["mean", None])
def test_vectors_are_those_of_the_extractor(sounds, model, out, pool):
    report = corpus.run(sounds, model, out=out, pool=pool, hop_seconds=0.25)

    extractor = FeatureExtractor(model, pool=pool, hop_seconds=0.25)
    files = sorted({row["path"] for row in rows_of(out)})
    assert len(files) == report.clips == report.computed - 2 == 6
    for file in files:
        own = [row for row in rows_of(out) if row["path"] == file]
        wanted = extractor.timeline(file)
        np.testing.assert_allclose(
            [row["embedding"] for row in own], wanted.vectors, **CLOSE
        )
        assert [row["start"] for row in own] == wanted.starts.tolist()
        assert [row["end"] for row in own] == wanted.ends.tolist()
    (one,) = {(r["model"], r["weights_hash"], r["kerasaudio_version"])
              for r in rows_of(out)}  # fmt: skip
    assert one == ("Tiny", extractor.origin["weights_hash"], version.__version__)
    assert report.hours == pytest.approx(47.4 / 3600, rel=1e-3)
    assert dict(report.failed) == {"not decodable": 1, "truncated": 1}
    assert report.bytes == sum(os.path.getsize(file) for file in files)


def test_tags_are_those_of_the_model(sounds, model, out):
    corpus.run(sounds, model, "tag", out, top=2)
    for row in rows_of(out):
        wanted = model.tag(row["path"], top=2)
        assert [tag["label"] for tag in row["tags"]] == [label for label, _ in wanted]
        scores = [tag["score"] for tag in row["tags"]]
        np.testing.assert_allclose(scores, [score for _, score in wanted], **CLOSE)


@pytest.mark.filterwarnings("ignore::UserWarning")  # not measured for this network
def test_half_precision(sounds, model, tmp_path):
    for task in ("embed", "tag"):
        corpus.run(sounds, model, task, tmp_path / task, dtype="bfloat16")
    extractor = FeatureExtractor(model, dtype="bfloat16")
    for row in rows_of(tmp_path / "embed"):
        vector = extractor(row["path"])
        np.testing.assert_allclose(row["embedding"], vector, rtol=1e-2, atol=1e-3)
    for row in rows_of(tmp_path / "tag"):
        wanted = dict(model.tag(row["path"], dtype="bfloat16"))
        told = {tag["label"]: tag["score"] for tag in row["tags"]}
        assert told == pytest.approx(wanted, abs=5e-3)
    with pytest.raises(FileExistsError, match="dtype"):
        corpus.run(sounds, model, out=tmp_path / "embed")


def test_tags_of_some_labels_above_a_threshold(sounds, model, out):
    corpus.run(sounds, model, "tag", out, labels=["c", "b"], threshold=0.3)
    for row in rows_of(out):
        everything = dict(model.tag(row["path"]))
        wanted = {n for n, s in everything.items() if n in ("b", "c") and s >= 0.3}
        assert {tag["label"] for tag in row["tags"]} == wanted


@pytest.mark.parametrize("framewise", [False, True])
def test_events_are_those_that_are_found(sounds, model, out, framewise):
    if framewise:
        model = SoundEventCRNN(labels=["a", "b"], filters=8, units=8)
    line = model.timeline(sounds / "4.flac").scores
    labels = ["b", "a"]
    levels = np.median(line[:, [1, 0]], axis=0).tolist()
    settings = {"threshold": levels, "min_seconds": 0.1}
    corpus.run(sounds, model, "detect", out, labels=labels, **settings)
    found = rows_of(out)
    assert len(found) > 6
    for file in sorted(sounds.rglob("?.*")):
        wanted = find_events(model, file, labels=labels, **settings)
        own = [row for row in found if row["path"] == str(file)]
        told = sorted((row["start"], row["end"], row["label"]) for row in own)
        for row, event in zip(
            told, sorted(e[1:3] + e[:1] for e in wanted), strict=True
        ):
            assert row[2] == event[2]
            assert row[:2] == pytest.approx(event[:2], abs=1e-6)
        scores = sorted(row["score"] for row in own)
        np.testing.assert_allclose(scores, sorted(e.score for e in wanted), **CLOSE)


def test_a_clip_without_events_is_done(sounds, model, out):
    first = corpus.run(sounds, model, "detect", out, threshold=0.999)
    again = corpus.run(sounds, model, "detect", out, threshold=0.999)
    assert (first.clips, first.rows, first.computed) == (6, 0, 8)
    assert (again.clips, again.computed) == (6, 0)


def test_new_files_are_added(sounds, model, out, tmp_path, monkeypatch):
    monkeypatch.setattr(output, "BLOCK_CLIPS", 2)
    corpus.run(sounds, model, out=out)
    before = {path: path.read_bytes() for path in out.rglob("*.parquet")}
    (tmp_path / "new.wav").write_bytes(encoded(0.6, 20))
    os.chdir(tmp_path)
    report = corpus.run([sounds, "new.wav", tmp_path / "new.wav"], model, out=out)
    assert (report.computed, report.clips) == (1, 7)
    assert len(rows_of(out)) == 7
    assert all(path.read_bytes() == content for path, content in before.items())


def test_failed_clips_are_tried_again_if_asked(model, out, tmp_path):
    folder = tmp_path / "few"
    folder.mkdir()
    (folder / "a.wav").write_bytes(encoded(0.6, 1))
    (folder / "b.wav").write_text("not yet")
    corpus.run(folder, model, out=out)
    (folder / "b.wav").write_bytes(encoded(0.6, 2))
    assert corpus.run(folder, model, out=out).computed == 0
    report = corpus.run(folder, model, out=out, retry_failed=True)
    assert (report.computed, dict(report.failed)) == (1, {})
    assert [os.path.basename(row["path"]) for row in rows_of(out)] == ["a.wav", "b.wav"]


def test_pandas_reads_the_folder(sounds, model, out):
    corpus.run(sounds, model, out=out)
    assert len(pandas.read_parquet(out)) == 6
    errors = pandas.read_parquet(out / "_errors")
    assert sorted(errors["kind"]) == ["not decodable", "truncated"]


class Crash(BaseException):
    """As sudden as a kill, for this process."""


@pytest.mark.parametrize("step", range(9))
def test_interrupted_at_each_step(sounds, model, out, monkeypatch, step):
    """Moves of files and records of the ledger; the rest of the run never happens."""
    monkeypatch.setattr(output, "BLOCK_CLIPS", 3)
    left = [step]

    def crashing(real):
        def call(*arguments):
            if not left[0]:
                raise Crash
            left[0] -= 1
            return real(*arguments)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(output.os, "replace", crashing(os.replace))
        patched.setattr(output.Ledger, "add", crashing(output.Ledger.add))
        patched.setattr(output.Output, "commit", crashing(output.Output.commit))
        with pytest.raises(Crash):
            corpus.run(sounds, model, out=out)
    corpus.run(sounds, model, out=out)
    assert len(rows_of(out)) == len({row["path"] for row in rows_of(out)}) == 6
    assert len(errors_of(out)) == 2
    assert not [name for name in os.listdir(out) if name.startswith(".")]


@pytest.mark.parametrize("missing", [1, 60])
def test_a_record_cut_off_and_a_block_that_was_lost(sounds, model, out, missing):
    corpus.run(sounds, model, out=out)
    ledger = out / "_ledger"
    os.truncate(ledger, ledger.stat().st_size - missing)
    assert corpus.run(sounds, model, out=out).computed == 8
    (block,) = out.glob("part-*/*")
    os.truncate(block, 100)
    report = corpus.run(sounds, model, out=out)
    assert (report.computed, report.clips, len(rows_of(out))) == (6, 6, 6)


def test_what_the_ledger_does_not_know_is_not_removed(sounds, model, out, monkeypatch):
    monkeypatch.setattr(output, "BLOCK_CLIPS", 2)
    corpus.run(sounds, model, out=out)
    (out / "_ledger").unlink()
    with pytest.raises(ValueError, match=r"list of blocks.*damaged or missing"):
        corpus.run(sounds, model, out=out)
    assert len(rows_of(out)) == 6


def test_a_full_disk(sounds, model, out):
    resource = pytest.importorskip("resource")
    corpus.run(sounds / "0.flac", model, out=out)
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
    try:
        with pytest.raises(OSError, match=r"cannot be written.*resumes"):
            corpus.run(sounds, model, out=out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert corpus.run(sounds, model, out=out).clips == 6


def test_a_clock_that_jumps(sounds, model, out, monkeypatch):
    """Back and ahead by years, also while progress is shown."""
    jumps = cycle([1e9, 2e9, -5.0, 0.0])
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: next(jumps))
        patched.setattr(output, "BLOCK_CLIPS", 2)
        first = corpus.run(sounds, model, out=out, progress=True)
        second = corpus.run(sounds, model, out=out, progress=True)
    assert (first.computed, second.computed) == (8, 0)
    assert 0 <= first.seconds < 600
    assert len(rows_of(out)) == len({row["path"] for row in rows_of(out)}) == 6


def test_two_runs_into_one_folder(sounds, model, out):
    out.mkdir()
    says = rf"another run \(pid {os.getpid()}\) writes its results to this folder"
    with workplace(out, only="_corpus"), pytest.raises(OSError, match=says):
        corpus.run(sounds, model, out=out)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pool": "max"}, 'pool "mean" instead of "max"'),
        ({"task": "tag"}, 'task "embed" instead of "tag"'),
        ({"model": tiny_model(seed=3)}, "weights_hash"),
        ({"model": tiny_model(width=7)}, "other settings"),
    ],
)
def test_results_of_something_else(sounds, model, out, change, says):
    corpus.run(sounds, model, out=out)
    with pytest.raises(FileExistsError, match=says):
        corpus.run(**{"sources": sounds, "model": model, "out": out} | change)


def test_other_things_in_the_folder(sounds, model, out):
    corpus.run(sounds, model, out=out)
    (out / "mine.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"mine\.parquet.*not a file of these results"):
        corpus.run(sounds, model, out=out)
    with pytest.raises(FileExistsError, match="holds something else"):
        corpus.run(sounds, model, out=sounds)
    (out / "mine.parquet").unlink()
    (out / "_settings.json").write_text("{")
    with pytest.raises(ValueError, match="damaged"):
        corpus.run(sounds, model, out=out)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"task": "hear"}, "task must be one of"),
        ({"engine": "spark"}, "engine must be one of"),
        ({"workers": 2}, 'workers=2 belongs to engine="ray"'),
        ({"workers": 0, "engine": "ray"}, "workers must be a whole number"),
        ({"top": 3}, 'top belongs to task="tag"'),
        ({"task": "tag", "top": 4}, "top must be a whole number from 1 to 3"),
        ({"task": "tag", "pool": "max"}, 'pool belongs to task="embed"'),
        ({"task": "detect", "threshold": 2}, "threshold must be"),
        ({"task": "detect", "labels": ["z"]}, "no label 'z'"),
        ({"layer": "nothing"}, "no layer 'nothing'"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"errors": "ignore"}, "errors must be one of"),
        ({"out": ""}, "out must be a folder"),
        ({"out": "table.parquet"}, "out must be a folder, not a file"),
        ({"sources": []}, "at least one"),
        ({"model": 3}, "model must be"),
    ],
)
def test_bad_arguments(sounds, model, out, arguments, says):
    with pytest.raises(ValueError, match=says):
        corpus.run(**{"sources": sounds, "model": model, "out": out} | arguments)
    assert not out.exists()


def test_digests_are_merged_and_found(monkeypatch):
    monkeypatch.setattr("kerasaudio.corpus.seen._RECENT", 50)
    rng = np.random.default_rng(0)
    digests = [rng.bytes(16) for _ in range(500)]
    digests += [digests[0][:8] + rng.bytes(8) for _ in range(20)]  # half alike
    seen = Seen()
    assert all(seen.add(digest) for digest in digests)
    assert not any(seen.add(digest) for digest in digests)
    assert len(seen) == 520


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from kerasaudio import corpus
from kerasaudio.corpus import output
from support.tiny import tiny_model
output.BLOCK_CLIPS = 10
model = tiny_model()
print("ready", flush=True)
corpus.run({sounds!r}, model, out={out!r})
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_at_random(model, out, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(1500):
        (folder / f"{number:04}.wav").write_bytes(encoded(0.1, number))
    tests = os.path.dirname(os.path.dirname(__file__))
    code = KILLED.format(tests=tests, sounds=str(folder), out=str(out))
    rng, kills = np.random.default_rng(0), 0
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout.readline() == "ready\n"
            try:
                process.wait(rng.uniform(0.1, 1.5))
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
    report = corpus.run(folder, model, out=out)
    found = rows_of(out)
    assert kills
    assert (report.clips, len(found)) == (1500, 1500)
    assert len({row["path"] for row in found}) == 1500
    whole = tmp_path / "whole"
    corpus.run(folder, model, out=whole)
    for one, other in zip(found, rows_of(whole), strict=True):
        assert one["path"] == other["path"]
        np.testing.assert_allclose(one["embedding"], other["embedding"], **CLOSE)


def test_settings_are_json(sounds, model, out):
    corpus.run(sounds, model, "detect", out, threshold=0.6)
    facts = json.loads((out / "_settings.json").read_text())
    assert (facts["task"], facts["threshold"]) == ("detect", 0.6)
