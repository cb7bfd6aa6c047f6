"""GTZAN: 1,000 excerpts of 30 s, a hundred of each of ten genres, 22,050 Hz.

The data set repeats recordings and artists. The fault-filtered split keeps 930
excerpts and has no artist in two parts; random splits lead to scores that are too high.

Source: Tzanetakis and Cook 2002, doi:10.1109/TSA.2002.800560; the split: Kereliuk,
Sturm and Larsen 2015, arXiv:1507.04761, as listed in
github.com/jordipons/sklearn-audio-transfer-learning at
2d08e9b18c6181ac4a22eeb52fe68ef4b1d6ebe1.
"""

import re
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.datasets.archives import present
from kerasaudio.datasets.check import PARTS, listed
from kerasaudio.datasets.clips import LabeledClips

# Training, validation, testing.
SPLIT = {
    "blues": ("29-49 73-97", "0-11 50-60", "12-28 61-72 98-99"),
    "classical": (
        "30-33 43-48 50-67 80-99",
        "0-10 68-76",
        "11-29 34-41 49 77-79",
    ),
    "country": (
        "19-26 28-29 65-99",
        "0-7 9-18 27 41-42 45 49",
        "30-40 43-44 46-48 50-51 53-64",
    ),
    "disco": (
        "5 15-20 22-37 39-45 47 49 53-54 56-57 59 61 70 73-74 89",
        "0 2-4 6-14 46 48 52 67-68 72 75 90 95",
        "1 21 58 62-66 69 76-88 91-94 96-97 99",
    ),
    "hiphop": (
        "2-25 28-29 31-38 41-42 55-61 77-80",
        "81-98",
        "0 26-27 30 40 43-45 51-54 62-75 99",
    ),
    "jazz": ("0-1 11-24 41 47-72", "2-10 25-32", "73-99"),
    "metal": (
        "2-3 5 21 24 35 46-57 59-66 69 71-72 79-80 84 86 89-99",
        "0-1 6-11 16-20 36-37 68 76-77 81-82",
        "12-15 22-23 25-33 38-39 67 70 73-75 78 83 85 87-88",
    ),
    "pop": (
        "2-9 11-12 16-20 23-29 31-36 38-42 44 46 49-50 80 97-99",
        "10 53 55 58-62 81 83-86",
        "0-1 13-14 43 63-66 69-79 82 88-96",
    ),
    "reggae": (
        "0-2 4 6 9 11-12 14-32 42-45 49-51 54-60 63 69",
        "61-62 70 72 74 76-78 85 92-99",
        "34-40 46-48 52-53 64-68 71 79 82-84 87-90",
    ),
    "rock": ("0-9 16-26 57-70 91-99", "38 49-56 71-85", "10-15 27-37 39-48 86-90"),
}
_NAME = re.compile(r"([a-z]+)\.000([0-9]{2})\.(au|wav)", re.ASCII)


class GTZAN(LabeledClips):
    """The excerpts of a GTZAN folder.

    Args:
        folder: Folder with GENRE/GENRE.00000.au (or .wav), as in the official archive.
        filtered: True for the fault-filtered split, with `parts` of 443, 197 and 290
            excerpts; False for all excerpts, without parts.
        download: Whether to download the data set if the folder does not have it.

    Raises:
        FileNotFoundError: Excerpts are missing.
        ValueError: Audio files have other names.
        OSError: The download failed.

    Examples:
        >>> clips = kerasaudio.datasets.GTZAN("genres")
        >>> clips.class_names[:4]
        ('blues', 'classical', 'country', 'disco')
        >>> training, validation, testing = clips.published_split()
        >>> len(training), len(validation), len(testing)
        (443, 197, 290)
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        *,
        filtered: bool = True,
        download: bool = False,
    ) -> None:
        root = present("gtzan", folder, "blues", download)
        found = _find(root)
        parts = _parts()
        if filtered:
            missing = sorted(set(parts) - set(found))
            if missing:
                names = [f"{genre}.{number:05}" for genre, number in missing]
                raise FileNotFoundError(
                    f"{len(missing)} of the {len(parts)} excerpts of the "
                    f"fault-filtered split are not in {root}: {listed(names)}."
                )
        keys = sorted(parts if filtered else found)
        names = sorted({genre for genre, _ in keys})
        super().__init__(
            name="GTZAN",
            paths=tuple(found[key] for key in keys),
            targets=np.array([names.index(genre) for genre, _ in keys], np.int64),
            class_names=tuple(names),
            parts=np.array([parts[key] for key in keys]) if filtered else None,
        )


def _find(root: Path) -> dict[tuple[str, int], Path]:
    files = [
        path
        for genre in SPLIT
        for path in sorted((root / genre).glob("[!.]*"))
        if path.suffix in (".au", ".wav")
    ]
    if not files:
        raise FileNotFoundError(
            f"There are no excerpts in {root}. GTZAN needs the folder that contains "
            "GENRE/GENRE.00000.au or .wav, as in the official archive; download=True "
            "gets it."
        )
    found, strangers = {}, []
    for path in files:
        match = _NAME.fullmatch(path.name)
        if match is None or match[1] != path.parent.name:
            strangers.append(path.name)
        else:
            found[match[1], int(match[2])] = path
    if strangers:
        raise ValueError(
            f"Excerpts must be named GENRE.00000.au or .wav, in the folder GENRE. "
            f"Received in {root}: {listed(strangers)}."
        )
    return found


def _parts() -> dict[tuple[str, int], str]:
    return {
        (genre, number): part
        for genre, ranges in SPLIT.items()
        for part, text in zip(PARTS, ranges, strict=True)
        for first, _, last in (item.partition("-") for item in text.split())
        for number in range(int(first), int(last or first) + 1)
    }
