"""`kerasaudio evaluate`: tables, JSON, files, and what is wrong."""

import argparse
import json
import sys

import pytest

from kerasaudio import cli
from kerasaudio.cli import evaluate
from kerasaudio.datasets import esc50
from support import esc_folder, official, sounds
from support.tiny import tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return esc_folder.make(tmp_path_factory.mktemp("esc") / "set", clips=2, folds=2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.keras"
    tiny_model(clip_samples=None).save(path)
    return path


@pytest.fixture
def run(saved, capsys):
    parser = argparse.ArgumentParser()
    evaluate.add(parser.add_subparsers())

    def call(*arguments, model=saved):
        words = ["evaluate", *arguments, "--model", model]
        options = parser.parse_args([str(word) for word in words])
        return options.run(options), *capsys.readouterr()

    return call


def test_prints_a_table(run, folder):
    status, out, err = run("esc50", folder)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "ESC-50, 12 clips: Tiny, linear, seed 0"
    assert [line.split()[0] for line in lines[2:6]] == [*("fold", "1", "2", "mean")]
    assert "±" in lines[5]
    assert [line[:9].strip() for line in lines[-3:]] == [
        *("low sine", "high sine", "noise")
    ]


def test_json_is_the_report(run, folder):
    status, out, err = run("esc50", folder, "--json", "--seed", 4)
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["accuracy"] == pytest.approx(sum(found["folds"]) / 2)
    assert len(found["folds"]) == 2
    assert found["seed"] == 4
    assert sum(map(sum, found["confusion"])) == 12


def test_published_folds_that_share_recordings_are_told_of_in_one_line(run, tmp_path):
    names = official.names("esc50")[1]
    chosen = {}  # one clip a fold of the classes that the shared recordings are of
    for name in names:
        fold, recording, _, target = name.split("-")
        if target in ("1", "6", "37", "38"):
            key = name if recording in esc50.SHARED else (fold, target)
            chosen.setdefault(key, name)
    folder = official.esc50(
        tmp_path / "set",
        chosen.values(),
        lambda path: sounds.write(
            path, sounds.tone(80 * int(path.stem[-2:].strip("-")), 0.2)
        ),
    )
    status, out, err = run("esc50", folder, "--json")
    assert status == 0
    assert len(json.loads(out)["folds"]) == 5
    assert err.count("\n") == 1
    assert err.startswith("kerasaudio: ESC-50: the published folds")
    assert all(recording in err for recording in esc50.SHARED)


def test_esc10_takes_the_subset(run, folder):
    found = json.loads(run("esc10", folder, "--json")[1])
    assert found["class_names"] == ["low sine", "high sine"]
    assert found["clips"] == 8


def test_settings_reach_the_training(run, folder):
    words = ("--probe", "full", "--epochs", 1, "--batch-size", 4)
    words += ("--learning-rate", "1e-3", "--clip-seconds", "0.25", "--json")
    found = json.loads(run("esc50", folder, *words)[1])
    assert found["probe"] == "full"
    assert found["settings"] == {
        "epochs": 1,
        "batch_size": 4,
        "learning_rate": 1e-3,
        "clip_seconds": 0.25,
    }


def test_layer(run, folder):
    found = json.loads(run("esc50", folder, "--layer", "level1", "--json")[1])
    assert found["origin"]["layer"] == ["level1"]
    with pytest.raises(ValueError, match="nonsense"):
        run("esc50", folder, "--layer", "nonsense")


def test_out_writes_files(run, folder, tmp_path):
    pytest.importorskip("matplotlib")
    status, out, err = run("esc50", folder, "--out", tmp_path / "report", "--json")
    assert status == 0
    written = json.loads((tmp_path / "report" / "report.json").read_text())
    assert written == json.loads(out)
    assert str(tmp_path / "report") in err
    assert (tmp_path / "report" / "confusion.png").is_file()


def test_a_report_is_replaced_when_asked(run, folder, tmp_path):
    out = tmp_path / "report"
    out.mkdir()
    (out / "report.json").write_text("old")
    with pytest.raises(ValueError, match=r"already has a report.*--overwrite"):
        run("esc50", folder, "--out", out, model="never-loaded.keras")
    assert (out / "report.json").read_text() == "old"
    assert run("esc50", folder, "--out", out, "--overwrite")[0] == 0
    assert json.loads((out / "report.json").read_text())
    with pytest.raises(ValueError, match="--overwrite needs --out"):
        run("esc50", folder, "--overwrite", model="never-loaded.keras")


def test_a_bad_out_is_told_at_once(run, folder, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        run("esc50", folder, "--out", tmp_path / "file", model="never-loaded.keras")


def test_a_picture_that_cannot_be_drawn_is_told_at_once(
    run, folder, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match='pip install "matplotlib>='):
        run("esc50", folder, "--out", tmp_path / "report", model="never-loaded.keras")


def test_other_folders_are_refused(run, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"esc50\.csv"):
        run("esc50", tmp_path)


def test_settings_of_other_probes_are_refused(run, folder):
    with pytest.raises(ValueError, match="'linear' has no setting 'epochs'"):
        run("esc50", folder, "--epochs", 3)


@pytest.mark.parametrize(
    "words",
    [
        ("esc51", "folder"),
        ("esc50",),
        ("esc50", "folder", "--probe", "svm"),
        ("esc50", "folder", "--seed", "-1"),
        ("esc50", "folder", "--seed", str(2**32)),
        ("esc50", "folder", "--epochs", "0"),
        ("esc50", "folder", "--learning-rate", "nan"),
        ("esc50", "folder", "--clip-seconds", "0"),
    ],
)
def test_wrong_commands(run, words, capsys):
    with pytest.raises(SystemExit) as stop:
        run(*words)
    assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_help_teaches(run, capsys):
    with pytest.raises(SystemExit) as stop:
        run("--help")
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in ("linear", "frozen", "examples:", "esc50 ESC-50-master", "--out"):
        assert word in text


def test_it_is_a_command(tmp_path, capsys):
    assert cli.main(["evaluate", "esc50", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "esc50.csv" in err
