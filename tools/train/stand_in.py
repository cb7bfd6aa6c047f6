"""Make folders in the formats of MagnaTagATune and Speech Commands from local sounds.

    python tools/train/stand_in.py magnatagatune esc10/ build/stand-in-mtat
    python tools/train/stand_in.py speech_commands fsdd/ build/stand-in-words

They show that the recipes of these data sets train where those cannot be had. Figures
on them say nothing about the real data sets.

magnatagatune: annotations_final.csv and mp3 excerpts, mono, 16 kHz, in folders 0 to f.
An excerpt is one ESC-10 clip or the sum of two of different classes, each without its
silent ends and repeated to the full length. Its tags are the classes and what they are
(animal, human, machine, nature). Folds 1 to 3 fill the folders 0 to b, fold 4 fills c,
fold 5 fills d to f, so no recording is on both sides.

speech_commands: WORD/SPEAKER_nohash_TAKE.wav of 1 s at 16 kHz, the two lists and
_background_noise_. The digits of FSDD stand for the ten commands (zero for yes ... nine
for go), played backwards for other words. Speakers are on one side: of six, the last
but one is in the validation list, the last in the testing list. The noise is made up.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from kerasaudio.audio import load_audio
from kerasaudio.audio.resample import resample
from kerasaudio.datasets import ESC50, FSDD
from kerasaudio.datasets.speech_commands import COMMANDS, LISTS, NOISE

RATE = 16_000
KINDS = {
    "animal": ("dog", "rooster"),
    "human": ("sneezing", "crying_baby"),
    "machine": ("chainsaw", "helicopter", "clock_tick"),
    "nature": ("rain", "sea_waves", "crackling_fire"),
}
FOLDERS = {"0123456789ab": (1, 2, 3), "c": (4,), "def": (5,)}
SHARES = {"0123456789ab": 0.6, "c": 0.15, "def": 0.25}
SILENT_DB = -40.0  # below the peak
NOISES = 6
NOISE_SECONDS = 20


def magnatagatune(
    esc: Path, out: Path, *, excerpts: int = 300, seconds: float = 29.0, seed: int = 0
) -> tuple[str, ...]:
    """Write a folder like MagnaTagATune's from ESC-10; gives its tags."""
    clips = ESC50(esc, esc10=True)
    kinds = {k: v for k, v in KINDS.items() if set(v) & set(clips.class_names)}
    tags = (*clips.class_names, *kinds)
    rng = np.random.default_rng(seed)
    folds = clips.require_folds()
    rows: list[list[str]] = []
    for folders, wanted in FOLDERS.items():
        side = clips.take(np.isin(folds, wanted))
        for number in range(max(2, round(SHARES[folders] * excerpts))):
            # Every class comes again and again; a second one is there half the time.
            first = int(rng.choice(_of_class(side.targets, number)))
            chosen = [first]
            if rng.random() < 0.5:
                others = np.flatnonzero(side.targets != side.targets[first])
                chosen.append(int(rng.choice(others)))
            sound = sum(
                _repeated(side.paths[i], round(seconds * RATE)) * rng.uniform(0.5, 1)
                for i in chosen
            )
            names = [side.class_names[side.targets[i]] for i in chosen]
            name = f"{folders[number % len(folders)]}/{'-'.join(names)}-{number}"
            path = f"{name}-0-{round(seconds)}.mp3"
            _write(out / path, np.asarray(sound) / len(chosen))
            has = {*names, *(k for k, v in kinds.items() if set(v) & set(names))}
            marks = ["1" if tag in has else "0" for tag in tags]
            rows.append([str(len(rows) + 1), *marks, path])
    with (out / "annotations_final.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writerow(["clip_id", *tags, "mp3_path"])
        writer.writerows(rows)
    return tags


def speech_commands(
    fsdd: Path, out: Path, *, takes: int = 20, seed: int = 0
) -> tuple[str, ...]:
    """Write a folder like that of Speech Commands from FSDD; gives its words."""
    data = FSDD(fsdd, label="digit")
    rng = np.random.default_rng(seed)
    speakers = np.unique(data.speakers).tolist()
    listed: dict[str, list[str]] = {"validation": [], "testing": []}
    side = dict(zip(speakers[-2:], listed, strict=True))
    words: set[str] = set()
    for i in np.flatnonzero(data.takes < takes).tolist():
        waveform = _second(load_audio(data.paths[i], RATE), rng)
        speaker = str(data.speakers[i])
        for word, sound in (
            (COMMANDS[data.digits[i]], waveform),
            (f"{COMMANDS[data.digits[i]]}_backwards", waveform[::-1]),
        ):
            words.add(word)
            name = f"{word}/{speaker}_nohash_{data.takes[i]}.wav"
            _write(out / name, sound)
            if speaker in side:
                listed[side[speaker]].append(name)
    for part, names in listed.items():
        (out / LISTS[part]).write_text("\n".join(sorted(names)) + "\n")
    for number in range(NOISES):
        _write(out / NOISE / f"noise{number}.wav", _noise(number, rng))
    return tuple(sorted(words))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=("magnatagatune", "speech_commands"))
    parser.add_argument("folder", type=Path, help="of ESC-10, or of FSDD")
    parser.add_argument("out", type=Path, help="the folder to make")
    parser.add_argument("--excerpts", type=int, default=300, help="default: 300")
    parser.add_argument("--seconds", type=float, default=29.0, help="default: 29")
    parser.add_argument("--takes", type=int, default=20, help="default: 20 of a digit")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.out.exists():
        parser.error(f"{options.out} is there already")
    if options.kind == "magnatagatune":
        names = magnatagatune(
            options.folder,
            options.out,
            excerpts=options.excerpts,
            seconds=options.seconds,
            seed=options.seed,
        )
    else:
        names = speech_commands(
            options.folder, options.out, takes=options.takes, seed=options.seed
        )
    print(f"{options.out}: {' '.join(names)}")


def _of_class(labels: np.ndarray, number: int) -> np.ndarray:
    there = np.unique(labels)
    return np.flatnonzero(labels == there[number % len(there)])


def _repeated(path: Path, samples: int) -> np.ndarray:
    waveform = load_audio(path, RATE)
    level = np.abs(waveform).max() * 10 ** (SILENT_DB / 20)
    loud = np.flatnonzero(np.abs(waveform) >= level)
    sound = waveform[loud[0] : loud[-1] + 1] if loud.size else waveform
    return np.resize(sound / max(float(np.abs(sound).max()), 1e-3), samples)


def _second(waveform: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put a word somewhere into a second of faint noise."""
    second = rng.normal(0, 1e-3, RATE)
    word = waveform[:RATE]
    start = int(rng.integers(RATE - len(word) + 1))
    second[start : start + len(word)] += word
    return second


def _noise(number: int, rng: np.random.Generator) -> np.ndarray:
    """Give white noise, or noise whose high frequencies are weaker, at some level."""
    rate = RATE >> number % 3
    waveform = rng.normal(0, 1, NOISE_SECONDS * rate).astype("float32")
    waveform = resample(waveform / np.abs(waveform).max(), rate, RATE)
    return waveform * 10 ** rng.uniform(-2, -0.5)


def _write(path: Path, waveform: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(waveform, -1, 1), RATE)


if __name__ == "__main__":
    main()
