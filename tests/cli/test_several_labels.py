"""`kerasaudio train` and `evaluate` of clips with several labels; `--set`."""

import csv
import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasaudio.cli import main
from kerasaudio.cli.arguments import factory_arguments
from kerasaudio.evaluation import TagReport
from support import sound_folder

SMALL = (
    *("--model", "LeNetMFCC", "--weights", "none"),
    *("--set", "filters=4", "--set", "sample-rate=8000"),
)


@pytest.fixture
def run(capsys):
    def call(*words):
        return main([str(word) for word in words]), *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp("several")
    folder = sound_folder.make(root / "sounds", clips=4)
    tags = {"high": "tone;high", "low": "tone;low", "noise": "noise"}
    with (root / "tags.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        for path in sorted(folder.rglob("*.wav")):
            rows.writerow([path.relative_to(root), tags[path.parent.name]])
    return root / "tags.csv"


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "mine.keras"
    words = ("--out", out, "--separator", ";", *SMALL, "--unfreeze-epochs", "1")
    assert main([str(word) for word in ("train", table, *words)]) == 0
    return out


@pytest.mark.slow
def test_train_gives_independent_probabilities(run, table, trained):
    model = keras.saving.load_model(trained)
    assert model.spec.labels == ("high", "low", "noise", "tone")
    assert model.get_layer("predictions").activation is keras.activations.sigmoid
    assert model.spec.arguments["filters"] == 4
    assert model.spec.sample_rate == 8_000


@pytest.mark.slow
def test_evaluate_prints_and_writes_tags(run, table, trained, tmp_path, monkeypatch):
    words = ("evaluate", trained, table, "--separator", ";")
    status, printed, err = run(*words)
    assert (status, err) == (0, "")
    lines = printed.splitlines()
    assert [line.split("  ")[0] for line in lines[2:7]] == [
        *("ROC-AUC", "PR-AUC", "d'", "F1 of a clip", "macro F1")
    ]
    assert "accuracy" not in printed
    assert [line.split()[0] for line in lines[8:13]] == [
        *("class", "high", "low", "noise", "tone")
    ]
    assert "missed" in printed or "not there" in printed
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)  # there is no picture
    status, printed, _ = run(*words, "--json", "--out", tmp_path / "report")
    assert status == 0
    found = json.loads(printed)
    assert found == json.loads((tmp_path / "report" / "report.json").read_text())
    assert set(found["per_class"]) == {"high", "low", "noise", "tone"}
    assert (tmp_path / "report" / "per_class.csv").is_file()


def test_a_picture_that_cannot_be_drawn_is_told_at_once(
    run, table, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    sounds = table.parent / "sounds"
    status, _, err = run("evaluate", "none.keras", sounds, "--out", tmp_path / "report")
    assert status == 1
    assert 'pip install "matplotlib>=' in err


def test_the_tables_of_a_report_on_tags():
    found = TagReport(
        dataset="made up",
        class_names=("dog", "rain"),
        paths=(Path("a.wav"), Path("b.wav")),
        targets=np.array([[True, False], [False, True]]),
        scores=np.array([[0.9, 0.8], [0.1, 0.3]], "float32"),
    )
    blocks = [block.splitlines() for block in found.table().split("\n\n")]
    assert [line.split()[-1] for line in blocks[0][:2]] == ["0.500", "0.750"]
    assert blocks[1][0].split() == ["class", "clips", "ROC-AUC", "PR-AUC", "F1"]
    assert blocks[1][1].split() == ["dog", "1", "1.000", "1.000", "1.000"]
    assert blocks[1][2].split() == ["rain", "1", "0.000", "0.500", "0.000"]
    assert [line.split("  ")[0] for line in blocks[2][1:]] == [
        *("rain, not there", "rain, missed")
    ]


def test_a_separator_is_for_tables(run, table, tmp_path):
    out = ("--out", tmp_path / "mine.keras")
    status, _, err = run("train", table.parent / "sounds", *out, "--separator", ";")
    assert (status, "for tables" in err) == (1, True)
    status, _, err = run("evaluate", "esc50", table.parent, "--separator", ";")
    assert (status, "--separator" in err) == (1, True)


def test_set_reads_values_by_the_signature():
    given = [("multi", "False"), ("blocks", "5"), ("dropout", "0.25"), ("block", "se")]
    found = factory_arguments("ReSE2Multi", given)
    assert found == {"multi": False, "blocks": 5, "dropout": 0.25, "block": "se"}
    assert factory_arguments("EfficientAT/audioset", [("width", "1")]) == {"width": 1.0}
    assert factory_arguments("anything.keras", []) == {}


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("LogMelCNN", [("filter", "4")], "It takes: .*filters, dropout"),
        ("LogMelCNN", [("classes", "4")], "It takes"),
        ("LogMelCNN", [("labels", "a")], "It takes"),
        ("LogMelCNN", [("filters", "4.5")], "whole number.*'4.5'"),
        ("LogMelCNN", [("dropout", "nan")], "a number.*'nan'"),
        ("ReSE2Multi", [("multi", "yes")], "true or false"),
        ("LogMelCNN", [("filters", "4"), ("filters", "8")], "twice"),
        ("mine.keras", [("filters", "4")], "leave out --set"),
    ],
)
def test_set_says_what_is_wrong(model, given, message):
    with pytest.raises(ValueError, match=message):
        factory_arguments(model, given)


def test_wrong_arguments_of_a_network_are_told(run, table, tmp_path, capsys):
    words = ("train", table.parent / "sounds", "--out", tmp_path / "mine.keras")
    status, _, err = run(*words, "--model", "LogMelCNN", "--set", "filters=0")
    assert (status, "filters" in err) == (1, True)
    status, _, err = run(*words, "--model", "NoNet", "--set", "filters=1")
    assert (status, "NoNet" in err) == (1, True)
    with pytest.raises(SystemExit) as stop:
        run(*words, "--set", "filters")
    assert stop.value.code == 2
    assert "NAME=VALUE" in capsys.readouterr().err


@pytest.mark.slow
def test_training_goes_on_from_a_model_of_one_class_a_clip(run, table, tmp_path):
    from kerasaudio import LeNetMFCC

    one = LeNetMFCC(labels=["a", "b"], filters=4, sample_rate=8_000)
    one.save(tmp_path / "one.keras")
    same = LeNetMFCC(
        labels=["high", "low", "noise", "tone"], filters=4, sample_rate=8_000
    )
    same.save(tmp_path / "same.keras")
    for start in ("one", "same"):  # other classes; the same, which exclude each other
        out = tmp_path / f"{start}-trained.keras"
        words = ("--model", tmp_path / f"{start}.keras", "--unfreeze-epochs", "1")
        status, _, err = run("train", table, "--out", out, "--separator", ";", *words)
        assert (status, err) == (0, "")
        model = keras.saving.load_model(out)
        assert model.spec.labels == ("high", "low", "noise", "tone")
        assert model.get_layer("predictions").activation is keras.activations.sigmoid
        assert model.spec.trained_on == ("tags",)
