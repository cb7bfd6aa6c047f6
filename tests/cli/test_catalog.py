"""`kerasaudio list`, `info` and `download`."""

import json
import re
from pathlib import Path

import pytest

from kerasaudio.weights import Fetched, WeightsError, list_weights
from support.manifests import CONTENT, https
from support.web_server import Served, WebServer


def records(out):
    return [json.loads(line) for line in out.splitlines()]


def test_list(run):
    status, out, err = run("list")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 1 + len(list_weights())
    assert any(
        line.split()[0] == "MusiCNN/mtat" and "package" in line for line in lines
    )
    only = records(run("list", "EfficientAT", "--json")[1])
    assert {entry["model"] for entry in only} == {"EfficientAT"}
    assert only[0]["license"] == "MIT"
    status, out, err = run("list", "EfficientNet")
    assert (status, out) == (1, "")
    assert "EfficientAT" in err


def test_list_says_where_the_file_is(run, tmp_path, monkeypatch, make_entry):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERASAUDIO_WEIGHTS", str(tmp_path))
    make_entry(https("https://nowhere.invalid/a.pth"), license="CC-BY-NC-4.0")
    make_entry(https("https://nowhere.invalid/b.pth", b"else" * 9), tag="else")
    (tmp_path / "mine.pth").write_bytes(CONTENT)

    _, out, err = run("list")
    heading, *lines = out.splitlines()

    assert heading.split()[-3:] == ["where", "license", "task"]
    assert "your folder  CC-BY-NC-4.0 !  " in lines[0]
    assert err == "kerasaudio: Licenses marked by ! forbid commercial use.\n"
    assert re.search(r"else +50 +\? +0.0 +download +MIT +tagging", lines[1])
    facts = records(run("list", "--json")[1])
    assert [fact["where"] for fact in facts] == ["user folder", "download"]
    assert [fact["path"] for fact in facts] == [str(tmp_path / "mine.pth"), None]
    assert facts[0]["non_commercial"]
    assert "user folder" in run("info", "FCN", "mtat")[1]


def test_a_restricted_license_is_accepted_by_an_option(
    run, tmp_path, monkeypatch, make_entry
):
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    with WebServer() as server:
        server.files["/a.pth"] = Served(CONTENT)
        make_entry(https(server.url + "/a.pth"), license="CC-BY-NC-4.0")
        status, out, err = run("download", "FCN", "mtat")
        assert (status, out) == (1, "")
        assert "CC-BY-NC-4.0, forbids commercial use" in err
        status, out, err = run("download", "FCN", "mtat", "--accept-license")
        assert (status, err) == (0, "")
        assert Path(out.strip()).read_bytes() == CONTENT
    assert run("download", "FCN", "mtat") == (0, out, "")


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ("--task speaker", {"task": "speaker"}),
        ("--data audioset", {"data": "AudioSet"}),
        ("--max-megabytes 5.5", {"max_bytes": 5_500_000}),
        ("--max-megabytes 1e308", {}),
        ("--license ISC", {"license": "ISC"}),
        ("--sample-rate 8000", {"sample_rate": 8_000}),
        ("FCN --max-parameters 447732", {"factory": "FCN", "max_parameters": 447_732}),
        ("--bundled", {"bundled": True}),
        ("--no-bundled", {"bundled": False}),
    ],
)
def test_options_choose_what_is_listed(run, options, chosen):
    found = records(run("list", "--json", *options.split())[1])
    titles = [f"{fact['model']}/{fact['weights']}" for fact in found]
    assert titles == [entry.title for entry in list_weights(**chosen)]


def test_lists_of_nothing(run):
    status, out, err = run("list", "MusicVGG", "--task", "speech")
    assert (status, out) == (0, "")
    assert "No published weights have all of these properties" in err
    assert run("list", "MusicVGG", "--task", "speech", "--json")[1] == ""
    status, out, err = run("list", "--data", "AudioSat")
    assert (status, out) == (1, "")
    assert "--data AudioSat. Did you mean 'AudioSet'?" in err


def test_info(run):
    status, out, err = run("info", "MusiCNN", "mtat")
    assert (status, err) == (0, "")
    assert "0.90668" in out
    assert "guitar, classical" in out
    own = run("info", "LogMelCNN/esc10")[1]
    assert "tools/train/esc10_log_mel.py" in own
    assert "crying_baby" in own
    assert 'Clip-clop, "Neigh, whinny", "Cattle' in run("info", "YAMNet/audioset")[1]
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

    def fetch(entry, **_):
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
    def fetch(entry, **_):
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
        (["/nothing"], "no weights '/nothing'"),
        (["MusiCNN"], "Name the weights of MusiCNN: mtat, msd"),
        (["MusiCNN", "MusicVGG", "mtat"], "Name the weights of MusiCNN"),
        (["MusiCNN", "mtta"], "Did you mean 'mtat'"),
    ],
)
def test_unclear_downloads(run, words, says):
    status, out, err = run("download", *words)
    assert (status, out) == (1, "")
    assert re.search(says, err), err
