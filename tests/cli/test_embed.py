"""`kerasaudio embed`: a table, what is said of it, and the exit status."""

import os
import re

import numpy as np
import pytest
import soundfile

from kerasaudio import cli, load_features
from support.tiny import RATE, tiny_model


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "some sounds"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.wav", "b.flac"):
        soundfile.write(folder / name, rng.normal(0, 0.1, RATE), RATE)
    return folder


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    model = tmp_path / "tiny.keras"
    tiny_model().save(model)

    def call(*arguments):
        words = ["embed", *map(str, arguments), "--model", str(model)]
        return cli.main(words), *capsys.readouterr()

    return call


def test_a_folder(run, sounds, tmp_path):
    out = tmp_path / "x.npz"
    status, said, _ = run(sounds, "--out", out)
    assert status == 0
    assert (
        said
        == f"{out}: 2 rows of 6 features from 2 files (2 computed, 0 already known)\n"
    )
    assert load_features(out).vectors.shape == (2, 6)

    _, said, _ = run(sounds, "--out", out)
    assert "(0 computed, 2 already known)" in said


def test_a_folder_is_walked_once(run, sounds, tmp_path, monkeypatch):
    walked = []
    real = os.scandir

    def scandir(path="."):
        walked.append(str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert run(sounds, "--out", tmp_path / "x.npz")[0] == 0
    assert walked.count(str(sounds)) == 1


def test_all_options(run, sounds, tmp_path):
    out = tmp_path / "x.parquet"
    status, said, _ = run(
        sounds / "a.wav", "--out", out, "--pool", "none", "--hop", 0.25,
        "--layer", "level1", "--layer", "level2", "--batch-size", 2,
    )  # fmt: skip
    assert (status, said.split(": ")[1]) == (
        0, "3 rows of 15 features from 1 file (1 computed, 0 already known)\n",
    )  # fmt: skip
    assert load_features(out).starts.tolist() == [0, 0.25, 0.5]


def test_bad_files_are_listed(run, sounds, tmp_path):
    (sounds / "bad\n.wav").write_text("no sound")
    status, said, err = run(sounds, tmp_path / "absent", "--out", tmp_path / "x.npz")
    assert status == 1
    assert "2 files" in said
    assert r"bad\n.wav" in err
    assert "1 of 3 files could not be used" in err
    assert "absent" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "x.csv"], r"\.npz or \.parquet"),
        (["--out", "absent/x.npz"], "cannot be written"),
        (["--out", "x.npz", "--layer", "nothing"], "no layer 'nothing'"),
        (["--out", "x.npz", "--window", "3"], "takes exactly 0.5 s"),
    ],
)
def test_what_cannot_be_done(run, sounds, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    status, said, err = run(sounds, *words)
    assert (status, said) == (1, "")
    assert re.search(says, err), err
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize(
    "words", [[], ["--out", "x.npz", "--hop", "0"], ["--pool", "median"]]
)
def test_wrong_words(run, sounds, words):
    with pytest.raises(SystemExit) as end:
        run(sounds, *words)
    assert end.value.code == 2


def test_overwrite(run, sounds, tmp_path):
    out = tmp_path / "x.npz"
    out.write_text("my diary")
    assert run(sounds, "--out", out)[0] == 1
    assert run(sounds, "--out", out, "--overwrite")[0] == 0
