"""Windows, labels, threshold and --out mean the same in `tag` and in `listen`."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kerasaudio import FeatureExtractor, cli
from kerasaudio.core import AudioModel
from support.tiny import RATE, tiny_model

LABELS = ("first, or one", 'the "second"', "c")
SHARED = ("--window", "--hop", "--label", "--labels", "--top", "--threshold", "--out")


@pytest.fixture(scope="module")
def model():
    """A network for any length, whose labels have commas and quotes."""
    tiny = tiny_model(None)
    spec = tiny.spec.replace(labels=LABELS)
    return AudioModel(tiny.input, tiny.output, spec=spec)


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "any.keras"
    model.save(path)
    return str(path)


@pytest.fixture
def sound(pcm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    soundfile.write("rising.wav", pcm, RATE)
    return "rising.wav"


@pytest.fixture
def commands(run, saved, sound, monkeypatch):
    """The two commands on the same sound: `tag` of a file, `listen` to a stream."""

    def call(command, *words):
        with open(sound, "rb") as file:
            raw = os.fdopen(os.dup(file.fileno()), "rb")
        with open(os.devnull) as nothing, raw:
            stdin = nothing if command == "tag" else _Standard(raw)
            monkeypatch.setattr(sys, "stdin", stdin)
            first = (sound, "--timeline", "--model") if command == "tag" else ("--wav",)
            return run(command, *first, saved, *words)

    return call


class _Standard:
    def __init__(self, buffer):
        self.buffer = buffer


def _windows(command, out):
    records = [json.loads(line) for line in out.splitlines()]
    return records[0]["timeline"] if command == "tag" else records


@pytest.mark.parametrize("command", ["tag", "listen"])
def test_windows_are_those_of_python(commands, model, pcm, command):
    status, out, err = commands(command, "--window", 1, "--hop", 0.3, "--json")
    rows = FeatureExtractor(
        model, "predictions", window_seconds=1, hop_seconds=0.3, pool=None
    ).timeline((pcm / 32_768).astype("float32"), RATE)

    assert (status, err) == (0, "")
    found = _windows(command, out)
    np.testing.assert_allclose([one["start"] for one in found], rows.starts)
    np.testing.assert_allclose([one["end"] for one in found], rows.ends)
    scores = [
        [{tag["label"]: tag["score"] for tag in one["tags"]}[name] for name in LABELS]
        for one in found
    ]
    np.testing.assert_allclose(scores, rows.vectors, atol=1e-4)


def test_windows_count_in_the_tags_of_the_file(commands, model, sound):
    out = commands("tag", "--window", 0.6, "--json")[1]
    wanted = dict(model.with_windows(0.6).tag(sound))
    found = json.loads(out)["tags"]
    assert {tag["label"]: tag["score"] for tag in found} == pytest.approx(wanted)


@pytest.mark.parametrize("command", ["tag", "listen"])
@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--label", "c"], {"c"}),
        (["--label", "first, or one", "--label", 'the "second"'], set(LABELS[:2])),
        (["--labels", "first, or one,c"], {LABELS[0], "c"}),
        (["--label", "c", "--labels", LABELS[0]], {LABELS[0], "c"}),
        ([], set(LABELS)),
    ],
)
def test_only_these_labels(commands, command, words, left):
    status, out, _ = commands(command, *words, "--json")
    assert status == 0
    for window in _windows(command, out):
        assert {tag["label"] for tag in window["tags"]} == left


@pytest.mark.parametrize("command", ["tag", "listen"])
def test_threshold_is_a_score(commands, command):
    every = _windows(command, commands(command, "--json")[1])
    scores = sorted(tag["score"] for one in every for tag in one["tags"])
    least = scores[len(scores) // 2]
    found = _windows(command, commands(command, "--threshold", least, "--json")[1])
    left = [tag["score"] for one in found for tag in one["tags"]]
    assert sorted(left) == pytest.approx([one for one in scores if one >= least])


def test_a_threshold_that_nothing_reaches(commands):
    lines = commands("tag", "--threshold", 2)[1].splitlines()
    assert lines[1] == "  no tags"
    assert all(line.endswith(" s  -") for line in lines[2:])


@pytest.mark.parametrize("command", ["tag", "listen"])
@pytest.mark.parametrize("form", ["csv", "jsonl", "txt"])
def test_out_has_what_would_be_printed(commands, command, form):
    option = {"csv": ["--csv"], "jsonl": ["--json"], "txt": []}[form]
    printed = commands(command, *option)[1]
    status, out, err = commands(command, "--out", f"x.{form}")
    assert (status, err) == (0, "")
    assert out.startswith(f"x.{form}: tags of ")
    assert Path(f"x.{form}").read_text() == printed
    status, _, err = commands(command, "--out", f"x.{form}", "--top", 1)
    assert status == 1
    assert "already exists. Use another name, or pass --overwrite." in err
    assert Path(f"x.{form}").read_text() == printed
    assert commands(command, "--out", f"x.{form}", "--top", 1, "--overwrite")[0] == 0
    assert 0 < len(Path(f"x.{form}").read_text()) < len(printed)


@pytest.mark.parametrize("command", ["tag", "listen"])
def test_labels_with_commas_and_quotes_stay_whole(commands, command):
    rows = list(csv.DictReader(commands(command, "--csv")[1].splitlines()))
    assert {row["label"] for row in rows} == set(LABELS)
    assert {len(row) for row in rows} == {5 if command == "tag" else 4}
    line = commands(command)[1].splitlines()[-1]
    assert '"first, or one" 0.' in line
    assert '"the ""second""" 0.' in line
    said = line.partition(" s  ")[2]
    parts = next(csv.reader([said.replace(", ", ",").replace("first,or", "first, or")]))
    assert len(parts) >= 3


@pytest.mark.parametrize("command", ["tag", "listen"])
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--label", "d"], "has no label 'd'. Its labels are: 'first, or one'"),
        (["--label", " "], "--label must not be empty"),
        (["--label", "c", "--label", "c"], "--label names 'c' twice"),
        (["--label", "c", "--labels", "c"], "--labels names 'c' twice"),
        (["--label", "c", "--top", "2"], "--top must be from 1 to 1, the labels"),
        (["--top", "4"], "--top must be from 1 to 3, the classes"),
        (["--window", "0.01"], "Received: --window 0.01."),
        (["--out", "x.npz"], "--out must be a file with the suffix .txt, .csv, .jsonl"),
        (["--out", "x.json"], "A file with an object per line is named .jsonl."),
        (["--out", "no/x.csv"], "the file cannot be written"),
        (["--overwrite"], "--overwrite needs --out."),
    ],
)
def test_wrong_values_are_explained(commands, command, words, says):
    status, out, err = commands(command, *words)
    assert (status, out) == (1, "")
    assert says in err


@pytest.mark.parametrize("command", ["tag a.wav", "listen"])
@pytest.mark.parametrize(
    "words", ["--hop 0", "--window x", "--threshold high", "--json --out x.csv"]
)
def test_wrong_commands(capsys, command, words):
    with pytest.raises(SystemExit, match="2"):
        cli.main([*command.split(), *words.split()])
    assert "usage: kerasaudio" in capsys.readouterr().err


def test_both_describe_the_options_alike(capsys):
    helps = []
    for command in ("tag", "listen"):
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
        words = " ".join(capsys.readouterr().out.split("options:")[1].split())
        helps.append([words.partition(f" {name} ")[2][:40] for name in SHARED])
    helps[1][1] = helps[0][1]  # the default of --hop differs
    assert helps[0] == helps[1]


@pytest.mark.slow
def test_a_file_that_grows_can_be_read(saved, pcm, tmp_path):
    out = tmp_path / "live.csv"
    words = ["listen", saved, "--raw", "--rate", str(RATE), "--out", str(out)]
    with subprocess.Popen(
        [sys.executable, "-m", "kerasaudio.cli", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=False,
    ) as listener:
        listener.stdin.write(pcm.tobytes())
        listener.stdin.flush()
        while not out.exists() or out.read_text().count("\n") < 4:
            assert listener.poll() is None
        listener.stdin.close()
        assert b"tags of" in listener.stdout.read()
        assert listener.wait(120) == 0
