"""`kerasaudio list`, `info` and `download`."""

import json
import re
from pathlib import Path

import pytest

from kerasaudio.weights import Fetched, WeightsError, list_weights


def test_list(run):
    status, out, err = run("list")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 1 + len(list_weights())
    assert any(
        line.split()[:2] == ["MusiCNN", "mtat"] and "in the package" in line
        for line in lines
    )
    only = json.loads(run("list", "EfficientAT", "--json")[1])
    assert {entry["model"] for entry in only} == {"EfficientAT"}
    assert only[0]["license"] == "MIT"
    status, out, err = run("list", "EfficientNet")
    assert (status, out) == (1, "")
    assert "EfficientAT" in err


def test_info(run):
    status, out, err = run("info", "MusiCNN", "mtat")
    assert (status, err) == (0, "")
    assert "16 kHz" in out
    assert "0.90668" in out
    assert "guitar, classical" in out
    own = run("info", "LogMelCNN/esc10")[1]
    assert "tools/train/esc10_log_mel.py" in own
    assert "crying_baby" in own
    assert "Clip-clop; Neigh, whinny; Cattle" in run("info", "YAMNet/audioset")[1]
    facts = json.loads(run("info", "MusiCNN/mtat", "--json")[1])
    assert facts["labels"][0] == "guitar"
    assert facts["license"] == "ISC"
    assert json.loads(run("info", "MusiCNN", "--json")[1])["weights"][:2] == [
        "mtat", "msd",
    ]  # fmt: skip
    for words in (["MusicNN"], ["MusiCNN", "mtta"]):
        status, out, err = run("info", *words)
        assert (status, out) == (1, "")
        assert "MusiCNN" in err


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        (["MusiCNN", "mtat"], ["MusiCNN/mtat"]),
        (["MusiCNN/mtat", "MusicVGG/msd"], ["MusiCNN/mtat", "MusicVGG/msd"]),
        (["MusiCNN", "mtat", "msd", "MusicVGG", "mtat"],
         ["MusiCNN/mtat", "MusiCNN/msd", "MusicVGG/mtat"]),
        (["audioset-mn10"], ["EfficientAT/audioset-mn10"]),
        (["MusiCNN", "mtat", "MusiCNN/mtat"], ["MusiCNN/mtat"]),
    ],
)  # fmt: skip
def test_download(run, monkeypatch, words, titles):
    asked = []

    def fetch(entry):
        asked.append(entry.title)
        return Fetched(Path("/cache") / entry.tag, entry.sources[0])

    monkeypatch.setattr("kerasaudio.weights.fetch", fetch)
    status, out, err = run("download", *words)
    assert (status, err) == (0, "")
    assert asked == titles
    assert len(out.splitlines()) == len(titles)


def test_download_of_what_is_bundled(run):
    status, out, _ = run("download", "MusiCNN", "mtat", "msd")
    assert status == 0
    assert all(Path(line).is_file() for line in out.splitlines())


def test_one_failed_download_does_not_stop_the_rest(run, monkeypatch):
    def fetch(entry):
        if entry.tag == "msd":
            raise WeightsError("the line is dead")
        return Fetched(Path("/cache") / entry.tag, entry.sources[0])

    monkeypatch.setattr("kerasaudio.weights.fetch", fetch)
    status, out, err = run("download", "MusiCNN", "msd", "mtat")
    assert status == 1
    assert out.splitlines() == [str(Path("/cache/mtat"))]
    assert "the line is dead" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mtat"], "Several models have weights 'mtat'.*MusiCNN/mtat"),
        (["nothing"], "no weights 'nothing'"),
        (["MusiCNN"], "Name the weights of MusiCNN: mtat, msd"),
        (["MusiCNN", "MusicVGG", "mtat"], "Name the weights of MusiCNN"),
        (["MusiCNN", "mtta"], "Did you mean 'mtat'"),
    ],
)
def test_unclear_downloads(run, words, says):
    status, out, err = run("download", *words)
    assert (status, out) == (1, "")
    assert re.search(says, err), err
