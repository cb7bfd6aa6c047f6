"""Small folders in the official layouts of public data sets; see also `official`."""

import csv
from pathlib import Path

from kerasaudio.datasets.gtzan import SPLIT
from kerasaudio.datasets.speech_commands import COMMANDS
from support import sounds

SHORT = sounds.tone(seconds=0.02)
WORDS = (*COMMANDS, "cat", "wow")
LISTS = {"validation_list.txt": (6, 7), "testing_list.txt": (8, 9)}
FSDD_SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
FSDD_TAKES = 50


def write_table(path: Path, rows: list, delimiter: str = ",") -> None:
    """Write a CSV file, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


def speech_commands(folder: Path) -> Path:
    """Ten commands and two other words; speakers 0 to 9, the last four held out."""
    for word in WORDS:
        for speaker in range(10):
            sounds.write(folder / word / f"{speaker:08x}_nohash_0.wav", SHORT)
    for name, speakers in LISTS.items():
        lines = [
            f"{word}/{speaker:08x}_nohash_0.wav\n"
            for word in WORDS
            for speaker in speakers
        ]
        (folder / name).write_text("".join(lines))
    for noise in ("a", "b", "c", "d"):
        sounds.write(folder / "_background_noise_" / f"{noise}.wav", sounds.tone(90, 3))
    return folder


def magnatagatune(folder: Path) -> Path:
    """Two songs in each of five folders, two excerpts a song, two tags."""
    names = [
        f"{f}/artist-song_{f}-0{i}-{s}-{s + 29}.mp3"
        for f in "0bcdf"
        for i in (1, 2)
        for s in (0, 29)
    ]
    rows = [("clip_id", "guitar", "slow", "mp3_path")]
    for number, name in enumerate(names):
        sounds.write((folder / name).with_suffix(".wav"), SHORT).rename(folder / name)
        rows.append((number, int(number % 3 == 0), int(number % 3 == 1), name))
    write_table(folder / "annotations_final.csv", rows, "\t")
    return folder


def gtzan(folder: Path) -> Path:
    """All excerpts, without a byte."""
    for genre in SPLIT:
        (folder / genre).mkdir(parents=True)
        for number in range(100):
            (folder / genre / f"{genre}.{number:05}.au").touch()
    return folder


def fsdd(folder: Path) -> Path:
    """All recordings, without a byte."""
    (folder / "recordings").mkdir(parents=True)
    for digit in range(10):
        for speaker in FSDD_SPEAKERS:
            for take in range(FSDD_TAKES):
                (folder / "recordings" / f"{digit}_{speaker}_{take}.wav").touch()
    return folder
