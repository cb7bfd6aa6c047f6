"""kerasaudio detect: what is printed and written, which labels; what is wrong."""

import csv
import io
import json
import re

import keras
import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio import events
from kerasaudio.cli.labels import read_labels
from kerasaudio.datasets import from_table
from support.tiny import RATE

YAMNET = ("--model", "YAMNet", "--threshold", "0.3")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two sounds of four seconds, and a file that is none."""
    rng = np.random.default_rng(0)
    for name in ("sounds/one", "sounds/deep/two"):
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        loud = np.arange(4 * RATE) % RATE < RATE / 2
        soundfile.write(path, rng.normal(0, np.where(loud, 0.2, 0.002)), RATE)
    (tmp_path / "bad.wav").write_text("this is no sound")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def beep(tmp_path_factory):
    """Eight seconds, silent but for a tone from 3 s to 5 s, for windows of 0.975 s."""
    time = np.arange(8 * 16_000) / 16_000
    tone = 0.3 * np.sin(2e3 * np.pi * time) * ((time >= 3) & (time < 5))
    noise = np.random.default_rng(0).normal(0, 1e-4, len(time))
    path = tmp_path_factory.mktemp("beep") / "beep.wav"
    soundfile.write(path, tone + noise, 16_000)
    return path


def test_events_are_printed(run, beep):
    status, out, err = run("detect", beep, *YAMNET, "--labels", "Beep, bleep,Dog")

    assert (status, err) == (0, "")
    name, line = out.splitlines()
    start, dash, end, unit, score, label = line.split(maxsplit=5)
    assert name == str(beep)
    assert (dash, unit, label) == ("-", "s", "Beep, bleep")
    assert float(start) == pytest.approx(3, abs=(0.975 + 0.48) / 2)
    assert float(end) == pytest.approx(5, abs=(0.975 + 0.48) / 2)
    assert float(score) > 0.5


def test_a_missing_file_is_not_counted_among_those_found(run, folder, saved):
    words = ("detect", "sounds", "bad.wav", "nowhere.wav", "--model", saved)
    status, out, err = run(*words, "--threshold", 0.999)

    assert status == 1
    assert "nowhere.wav" in err
    assert "1 of 3 files could not be used" in err
    assert out.count("\n  no events\n") == 2


def test_every_form_has_what_find_events_finds(run, build, beep):
    model = build("YAMNet", None)
    wanted = events.find_events(
        model, beep, threshold=0.3, min_seconds=1, gap_seconds=9, hop_seconds=0.6
    )
    assert len(wanted) == 2
    arguments = (*YAMNET, "--min", 1, "--gap", 9, "--hop", 0.6)

    found = json.loads(run("detect", beep, *arguments, "--json")[1])
    rows = list(csv.reader(io.StringIO(run("detect", beep, *arguments, "--csv")[1])))

    assert found["path"] == str(beep)
    assert found["error"] is None
    for event, said, row in zip(wanted, found["events"], rows[1:], strict=True):
        assert list(said) == rows[0][1:] == ["start", "end", "label", "score"]
        assert said["label"] == row[3] == event.label
        np.testing.assert_allclose(
            [said["start"], said["end"], said["score"]], event[1:], atol=1e-5
        )
        np.testing.assert_allclose([float(row[i]) for i in (1, 2)], event[1:3])


def test_one_table_of_several_sounds(run, folder, saved):
    status, out, err = run(
        *("detect", "sounds", "bad.wav", "--model", saved, "--threshold", 0.01),
        *("--hop", 0.5, "--out", "events.csv"),
    )

    assert status == 1
    assert out.startswith("events.csv: 6 events in 2 files")
    assert "this is no sound" in err
    assert "1 of 3 files could not be used" in err
    clips = from_table("events.csv")
    assert len(clips) == 6
    assert clips.class_names == ("a", "b", "c")
    assert {path.name for path in clips.paths} == {"one.wav", "two.wav"}
    assert clips.starts.tolist() == [0] * 6
    assert clips.ends.tolist() == [4] * 6


def test_paths_that_are_not_below_the_table(run, folder, saved):
    (folder / "results").mkdir()
    run("detect", "sounds", "--model", saved, "--out", "results/x.csv", "--gap", 9)
    run(
        *("detect", "sounds", "--model", saved, "--threshold", 0.01),
        *("--out", "results/x.csv", "--overwrite"),
    )
    with pytest.raises(ValueError, match="leads out of it"):
        from_table("results/x.csv")
    assert len(from_table("results/x.csv", folder)) == 6


def test_a_name_that_looks_like_a_formula_is_found_again(run, folder, saved):
    (folder / "sounds" / "one.wav").rename(folder / "=one.wav")
    run(*("detect", "=one.wav", "--model", saved, "--threshold=0.01", "--out=x.csv"))
    assert (folder / "x.csv").read_text().splitlines()[1].startswith("./=one.wav,")
    assert len(from_table("x.csv")) == 3


@pytest.mark.parametrize(
    ("form", "suffix"), [("audacity", ".txt"), ("raven", ".selections.txt")]
)
def test_label_files_are_read_back(run, folder, saved, form, suffix):
    wanted = events_of_file(saved, "sounds/one.wav")
    arguments = ("--model", saved, "--threshold", 0.35, "--hop", 0.1)

    single = run("detect", "sounds/one.wav", *arguments, "--out", f"one{suffix}")
    several = run("detect", "sounds", *arguments, "--out", "labels/", "--format", form)

    assert single[0] == several[0] == 0
    assert several[1].startswith("labels: ")
    written = sorted(path.name for path in (folder / "labels").iterdir())
    assert written == [f"one{suffix}", f"two{suffix}"]
    text = (folder / f"one{suffix}").read_text()
    assert text == (folder / "labels" / f"one{suffix}").read_text()
    clips = from_table(f"one{suffix}", "sounds")
    assert all(path.samefile("sounds/one.wav") for path in clips.paths)
    assert [clips.class_names[i] for i in clips.targets] == [e.label for e in wanted]
    np.testing.assert_allclose(clips.starts, [e.start for e in wanted], atol=1e-6)
    np.testing.assert_allclose(clips.ends, [e.end for e in wanted], atol=1e-6)


def events_of_file(saved, path):
    model = keras.saving.load_model(saved)
    found = events.find_events(model, path, threshold=0.35, hop_seconds=0.1)
    assert len(found) > 3
    return found


def test_columns_of_raven(run, folder, saved):
    run(
        *("detect", "sounds/one.wav", "--model", saved, "--threshold", 0.01),
        *("--out", "one.selections.txt"),
    )
    heading, first, *rest = (folder / "one.selections.txt").read_text().splitlines()
    row = dict(zip(heading.split("\t"), first.split("\t"), strict=True))
    assert len(rest) == 2
    assert list(row)[:7] == [
        *("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)"),
        *("Low Freq (Hz)", "High Freq (Hz)"),
    ]
    assert row["Selection"] == "1"
    assert row["High Freq (Hz)"] == "4000.0"
    assert row["Begin File"] == "one.wav"
    assert row["Begin Path"] == str(folder / "sounds" / "one.wav")


def test_label_files_are_what_others_learn_from(run, folder, saved):
    write = ("detect", "sounds/one.wav", "--model", saved, "--threshold", 0.35)
    run(*write, "--hop", 0.1, "--out", "sounds/one.txt")
    status, out, _ = run("evaluate", saved, "sounds/one.txt")
    assert status == 0
    assert "one, " in out
    assert "clips" in out


def test_nothing_is_written_if_no_file_can_be_read(run, folder, saved):
    status, out, _ = run("detect", "bad.wav", "--model", saved, "--out", "x.csv")
    assert (status, out) == (1, "")
    assert not (folder / "x.csv").exists()


def test_a_damaged_file_is_salvaged(run, folder, saved):
    whole = (folder / "sounds" / "one.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    arguments = ("detect", "cut.wav", "--model", saved, "--threshold", "0.01")
    assert "--errors salvage" in run(*arguments)[2]
    status, out, err = run(*arguments, "--errors", "salvage")
    assert status == 0
    assert "2.00 s  " in out
    assert "cut.wav" in err


def test_a_network_with_frames(run, folder):
    model = kerasaudio.SoundEventCRNN(labels=["x", "y"], filters=2, units=2)
    model.save(folder / "frames.keras")
    arguments = ("detect", "sounds/one.wav", "--model", "frames.keras")
    status, out, _ = run(*arguments, "--threshold", 0.01, "--labels", "y", "--csv")
    assert status == 0
    assert out.splitlines()[1].startswith("sounds/one.wav,0.0,4.0,y,")
    status, _, err = run(*arguments, "--hop", 1)
    assert status == 1
    assert "a frame every 0.04 s" in err
    assert "leave them out. Received: --hop 1.0" in err


KNOWN = ("Dog", "Beep, bleep", "Bark", "Bark, loud", "loud", "caf\u00e9")


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        (None, None),
        (["Dog"], ["Dog"]),
        (["Dog,Bark"], ["Dog", "Bark"]),
        (["Dog , Bark"], ["Dog", "Bark"]),
        (["Dog", "Bark"], ["Dog", "Bark"]),
        (["Beep, bleep"], ["Beep, bleep"]),
        (["Dog,Beep,bleep,Bark"], ["Dog", "Beep, bleep", "Bark"]),
        (["Dog,Bark, loud"], ["Dog", "Bark, loud"]),  # the longest
        (['Dog,"Bark","loud"'], ["Dog", "Bark, loud"]),
        (["Bark", "loud"], ["Bark", "loud"]),
        (['"Beep, bleep", Dog'], ["Beep, bleep", "Dog"]),
        (["cafe\u0301"], ["caf\u00e9"]),
        (["Dog,Cat, black"], ["Dog", "Cat", "black"]),  # unknown: told by the model
    ],
)
def test_commas_separate_labels_or_belong_to_them(given, labels):
    assert read_labels(given, KNOWN) == labels


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([""], "--labels has an empty label"),
        ([" "], "empty label"),
        (["Dog,,Bark"], "empty label.*'Dog,,Bark'"),
        (["Dog,"], "empty label"),
        (["Dog,Dog"], "--labels names 'Dog' twice"),
        (["Dog", "Dog"], "names 'Dog' twice"),
        (["Dog\nBark"], "--labels must be one line"),
        (["D" * 200_000], "--labels must be one line"),
    ],
)
def test_bad_labels(given, message):
    with pytest.raises(ValueError, match=message):
        read_labels(given, KNOWN)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--out x.mp3", "suffix .csv .csv., .txt .audacity. or .selections.txt"),
        ("--out x", "or a folder, with a / at its end"),
        ("--out x.txt", "the events of one sound, but there are 2 sounds"),
        ("--out x.selections.txt", "--out labels/ --format raven"),
        ("--out labels/", "is a folder: choose"),
        ("--out sounds", "is a folder: choose"),
        ("--out x.csv --format raven", "--format raven is for a folder"),
        ("--out there.csv", "already exists.*pass --overwrite"),
        ("--out none/x.csv", "cannot be written"),
        ("--out there.csv/ --format csv", "'there.csv' is no folder"),
        ("--out there.csv/a/b/ --format raven", "'there.csv' is no folder"),
        ("--format csv", "need --out"),
        ("--overwrite", "need --out"),
        ("--labels d", "no label 'd'. Its labels are: 'a', 'b', 'c'."),
        ("--labels a,a", "twice"),
        ("--window 0.01", "Received: --window 0.01"),
    ],
)
def test_wrong_commands(run, folder, saved, arguments, message):
    (folder / "there.csv").write_text("mine")
    status, out, err = run("detect", "sounds", "--model", saved, *arguments.split())
    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1  # once, not for each file
    assert re.search(message, err), err
    assert (folder / "there.csv").read_text() == "mine"


def test_two_sounds_of_one_name(run, folder, saved):
    (folder / "sounds/deep/two.wav").rename(folder / "sounds/deep/one.wav")
    status, _, err = run(
        *("detect", "sounds", "--model", saved, "--out", "l/", "--format", "audacity")
    )
    assert status == 1
    assert "would have the same file" in err
    assert not (folder / "l").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--threshold", "0"),
        ("--threshold", "1"),
        ("--threshold", "loud"),
        ("--min", "-1"),
        ("--gap", "nan"),
        ("--hop", "0"),
        ("--format", "xls"),
        ("--json", "--csv"),
        ("--json", "--out", "x.csv"),
    ],
)
def test_values_that_argparse_refuses(run, folder, saved, arguments):
    with pytest.raises(SystemExit) as end:
        run("detect", "sounds", "--model", saved, *arguments)
    assert end.value.code == 2
