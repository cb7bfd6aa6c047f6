"""Files of events from Python: each is read back; what is wrong is said."""

import numpy as np
import pytest
import soundfile

from kerasaudio.datasets import from_table
from kerasaudio.events import SoundEvent, write_events

RATE = 8_000
FOUND = [
    SoundEvent("Beep, bleep", 0.5, 1.25, np.float32(0.75)),
    SoundEvent("=dog", np.float64(1), 2.0, 1.0),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two sounds of two seconds."""
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        soundfile.write(f"{name}.wav", np.full(2 * RATE, 0.1), RATE)
    return tmp_path


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".selections.txt"])
def test_each_format_is_read_back(folder, suffix):
    path = write_events(f"one{suffix}", FOUND, "one.wav")
    assert path.name == f"one{suffix}"
    clips = from_table(path)
    labels = [clips.class_names[target] for target in clips.targets]
    assert [label.lstrip("'") for label in labels] == ["Beep, bleep", "=dog"]
    assert clips.starts.tolist() == [0.5, 1]
    assert clips.ends.tolist() == [1.25, 2]
    assert {one.name for one in clips.paths} == {"one.wav"}


def test_several_sounds_in_a_table(folder):
    write_events("events.csv", {"one.wav": FOUND, folder / "two.wav": FOUND[:1]})
    clips = from_table("events.csv")
    assert [path.name for path in clips.paths] == ["one.wav", "one.wav", "two.wav"]


def test_the_band_of_ravens_selections(folder):
    for highest, wanted in [(None, "4000.0"), (500, "500.0")]:
        file = write_events(
            "one.selections.txt", FOUND, "one.wav", highest_hz=highest, overwrite=True
        )
        heading, row, _ = file.read_text().splitlines()
        cells = dict(zip(heading.split("\t"), row.split("\t"), strict=True))
        assert cells["High Freq (Hz)"] == wanted


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("x.json", FOUND, "one.wav"), r"end in one of \.csv, \.txt, .*'x\.json'"),
        (("x.csv", FOUND), r"names the sound of its events\. Pass sound="),
        (("x.selections.txt", FOUND), "names the sound of its events"),
        (("x.txt", {"one.wav": FOUND, "two.wav": []}), "one sound.*those of 2"),
        (("x.csv", {}), "at least one. Received: none"),
        (("x.csv", {"one.wav": FOUND}, "two.wav"), "Received: sound='two.wav', too"),
        (("x.txt", [("dog", 1, 2)]), r"SoundEvent\(label.*Received: tuple"),
        (("x.txt", [SoundEvent("dog", 1, float("nan"), 1)]), "end of an event must"),
        (("x.txt", [SoundEvent("dog", 2, 1, 1)]), "at least 2. Received: 1"),
    ],
)
def test_what_is_wrong_is_said(folder, arguments, says):
    with pytest.raises(ValueError, match=says):
        write_events(*arguments)
    assert not list(folder.glob("x*"))


def test_files(folder):
    write_events("one.txt", FOUND)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        write_events("one.txt", FOUND)
    with pytest.raises(OSError, match="cannot be written"):
        write_events("nowhere/one.txt", FOUND)
    with pytest.raises(FileNotFoundError, match=r"gone\.wav"):
        write_events("x.selections.txt", FOUND, "gone.wav")
