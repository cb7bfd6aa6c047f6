"""Report: its figures, and what it writes."""

import csv
import errno
import json
import os

import numpy as np
import pytest

from kerasaudio.datasets import LabeledClips
from kerasaudio.evaluation import FoldReport


@pytest.fixture
def report(tmp_path):
    clips = LabeledClips(
        name="toy",
        paths=tuple(tmp_path / name for name in ("a", "b", "c, d", "e", "f", "g")),
        targets=np.array([0, 1, 0, 1, 0, 1]),
        class_names=("dog", 'cat "x"'),
        folds=np.array([1, 1, 2, 2, 2, 2]),
    )
    guesses = np.array([0, 1, 0, 0, 0, 0])
    return FoldReport.of(clips, guesses, probe="linear", seed=7, settings={"C": 0.1})


def test_figures(report):
    assert report.folds == (1.0, 0.5)
    assert report.accuracy == 0.75
    assert report.std == 0.25
    assert report.per_class == {"dog": 1.0, 'cat "x"': pytest.approx(1 / 3)}
    assert report.confusion.tolist() == [[3, 0], [2, 1]]


def test_json(report):
    found = json.loads(report.to_json())
    assert found["accuracy"] == 0.75
    assert found["folds"] == [1.0, 0.5]
    assert (found["probe"], found["seed"], found["clips"]) == ("linear", 7, 6)
    assert found["confusion"] == [[3, 0], [2, 1]]


def test_save(report, tmp_path):
    pytest.importorskip("matplotlib")
    out = report.save(tmp_path / "new" / "folder")
    names = {path.name for path in out.iterdir()}
    assert names == {
        "report.json",
        "confusion.csv",
        "confusion.png",
        "predictions.csv",
    }
    assert json.loads((out / "report.json").read_text()) == report.to_dict()
    with (out / "confusion.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == ["dog", 'cat "x"']
    assert rows[2] == ['cat "x"', "2", "1"]
    with (out / "predictions.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[3]["label"] == 'cat "x"'
    assert lines[3]["predicted"] == "dog"
    assert lines[2]["path"].endswith("c, d")
    assert (out / "confusion.png").read_bytes().startswith(b"\x89PNG")
    assert report.save(out) == out  # and again


def test_a_file_in_the_way(report, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        report.save(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        report.save(tmp_path / "file" / "below")


def test_a_full_disk_leaves_no_half_of_a_file(report, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left.*no partial file remains"):
        report.save(tmp_path / "report")
    assert not list((tmp_path / "report").iterdir())


def test_a_line_tables_and_pictures(report, tmp_path):
    assert repr(report) == "FoldReport('toy', clips=6, accuracy=0.75, std=0.25)"
    assert report.figures() == {"accuracy": report.accuracy, "std": report.std}
    folds, classes = report.table().split("\n\n")
    assert folds.splitlines()[-1] == "mean  75.0 % ± 25.0 %"
    assert 'cat "x"' in classes
    assert report.pictures(tmp_path) == [tmp_path / "confusion.png"]
    assert (tmp_path / "confusion.png").read_bytes()[:4] == b"\x89PNG"


def test_a_class_without_clips_has_no_share(tmp_path):
    pytest.importorskip("matplotlib")
    clips = LabeledClips(
        name="to\x1by",
        paths=tuple(tmp_path / name for name in "ab"),
        targets=np.array([0, 0]),
        class_names=("dog", "cat"),
        folds=np.array([1, 2]),
        partial=True,
    )
    report = FoldReport.of(clips, np.array([0, 1]), probe="linear", seed=0)

    assert report.per_class == {"dog": 0.5, "cat": pytest.approx(np.nan, nan_ok=True)}
    assert report.table().splitlines()[-1].split() == ["cat", "0", "-"]
    file = report.save(tmp_path / "report") / "report.json"
    assert json.loads(file.read_text())["per_class"] == {"dog": 0.5, "cat": None}
    assert "NaN" not in file.read_text()
    assert repr(report) == r"FoldReport('to\x1by', clips=2, accuracy=0.5, std=0.5)"
