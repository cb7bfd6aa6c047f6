"""Folders like those of data sets, with hums for words and tones for animals."""

import csv

import numpy as np
import pytest
import soundfile

from support.esc_folder import write_table

RATE = 8000
ANIMALS = {0: "dog", 1: "rooster", 10: "rain", 20: "crying_baby", 21: "sneezing"}


@pytest.fixture
def hums(tmp_path):
    """Give a function that writes takes of two digits by four speakers.

    The speakers hum at different pitches, and the second digit with every other
    harmonic only.
    """

    def write(takes):
        rng = np.random.default_rng(0)
        recordings = tmp_path / "fsdd" / "recordings"
        recordings.mkdir(parents=True)
        for number, speaker in enumerate(("ann", "bob", "cy", "di")):
            for digit in range(2):
                for take in takes:
                    time = np.arange(int(rng.uniform(0.2, 1.3) * RATE)) / RATE
                    hum = sum(
                        np.sin(2 * np.pi * k * (100 + 60 * number + 9 * digit) * time)
                        / k
                        for k in range(1, 9, 1 + digit)
                    )
                    clip = 0.1 * hum + rng.normal(0, 0.005, len(time))
                    path = recordings / f"{digit}_{speaker}_{take}.wav"
                    soundfile.write(path, clip, RATE)
        return recordings.parent

    return write


@pytest.fixture
def animals(tmp_path):
    """Five classes of ESC-10, two folds, a clip of each.

    A clip is 1.5 s of a tone, then 1 s of zeros.
    """
    (tmp_path / "esc10" / "audio").mkdir(parents=True)
    (tmp_path / "esc10" / "meta").mkdir()
    rng, rows = np.random.default_rng(0), []
    time = np.arange(RATE * 3 // 2) / RATE
    for fold in (1, 2):
        for target, category in ANIMALS.items():
            name = f"{fold}-{target}-A-{target}.wav"
            sound = 0.3 * np.sin(2 * np.pi * 100 * (target + 1) * time)
            sound = np.append(sound + rng.normal(0, 0.01, len(time)), np.zeros(RATE))
            soundfile.write(tmp_path / "esc10" / "audio" / name, sound, RATE)
            rows.append((name, fold, target, category, "True", 90 * fold + target, "A"))
    write_table(tmp_path / "esc10", rows)
    return tmp_path / "esc10"


@pytest.fixture
def streets(tmp_path):
    """Give a function that lays out UrbanSound8K: two clips of two classes a fold.

    The seconds of the clips are given in turn.
    """
    heading = "slice_file_name,fsID,start,end,salience,fold,classID,class"
    labels = {3: "dog_bark", 7: "jackhammer"}

    def write(name, seconds, folds=(1, 2, 10)):
        folder, rng, rows = tmp_path / name, np.random.default_rng(0), []
        for fold in folds:
            for target in (3, 3, 7, 7):
                number = len(rows)
                time = np.arange(round(seconds[number % len(seconds)] * 22_050))
                tone = 0.3 * np.sin(time * (0.05 if target == 3 else 0.5))
                path = folder / "audio" / f"fold{fold}" / f"{number}-{target}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                noise = rng.normal(0, 0.01, len(time))
                soundfile.write(path, tone + noise, 22_050)
                facts = (fold, target, labels[target])
                rows.append([path.name, number, 0, 4, 1, *facts])
        (folder / "metadata").mkdir()
        table = folder / "metadata" / "UrbanSound8K.csv"
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([heading.split(","), *rows])
        return folder

    return write


@pytest.fixture
def city(streets):
    """Two learned folds and the tested one, clips of two durations."""
    return streets("city", (0.5, 0.7))
