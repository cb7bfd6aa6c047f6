"""A small folder in the layout of ESC-50: sines, noises and clicks, five folds."""

import csv
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
SECONDS = 0.5
CLASSES = {0: "low sine", 7: "high sine", 30: "noise"}
FOLDS = 5
COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")


def make(folder: Path, clips: int = 3, folds: int = FOLDS) -> Path:
    """Write `clips` clips of each class and fold; classes 0 and 7 are "esc10"."""
    (folder / "audio").mkdir(parents=True)
    (folder / "meta").mkdir()
    rows = []
    rng = np.random.default_rng(0)
    for fold in range(1, folds + 1):
        for target, category in CLASSES.items():
            for take in range(clips):
                source = 100 * fold + 10 * take + target % 10
                name = f"{fold}-{source}-A-{target}.wav"
                soundfile.write(folder / "audio" / name, _sound(target, rng), RATE)
                small = str(target != 30)
                rows.append((name, fold, target, category, small, source, "A"))
    write_table(folder, rows)
    return folder


def write_table(folder: Path, rows: list, columns: tuple = COLUMNS) -> None:
    """Write meta/esc50.csv."""
    with (folder / "meta" / "esc50.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def read_table(folder: Path) -> list[list[str]]:
    """Give the rows of meta/esc50.csv, without the heading."""
    with (folder / "meta" / "esc50.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


def _sound(target: int, rng: np.random.Generator) -> np.ndarray:
    samples = int(SECONDS * rng.uniform(0.8, 1.2) * RATE)
    noise = rng.normal(0, 1, samples)
    if target == 30:
        return 0.2 * noise
    hertz = {0: 200, 7: 2500}[target] * rng.uniform(0.9, 1.1)
    sine = np.sin(2 * np.pi * hertz * np.arange(samples) / RATE + rng.uniform(0, 6))
    return 0.3 * sine + 0.02 * noise
