"""DESED: ten kinds of domestic sounds in clips of 10 s, the data of DCASE's task 4.

Source: Turpault et al. 2019, "Sound Event Detection in Domestic Environments with
Weakly Labeled Data and Soundscape Synthesis", hal-02160855; Serizel et al. 2020,
doi:10.1109/ICASSP40776.2020.9054478; github.com/turpaultn/DESED and
zenodo.org/records/6026841 (synthetic), zenodo.org/records/3588172 (public evaluation).
"""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasaudio.datasets.audioset import multi_hot
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    chosen_splits,
    files_there,
    inside,
    naming,
    read_rows,
    require_different,
    require_table,
)
from kerasaudio.datasets.timed import Event, event_of, events_array

CLASSES = (
    "Alarm_bell_ringing",
    "Blender",
    "Cat",
    "Dishes",
    "Dog",
    "Electric_shaver_toothbrush",
    "Frying",
    "Running_water",
    "Speech",
    "Vacuum_cleaner",
)
NEEDS = (
    "DESED needs the folder that contains audio/ and metadata/, with train/, "
    "validation/ or eval/ in both, as in DCASE's task 4."
)
STRONG = ("filename", "onset", "offset", "event_label")


class Subset(NamedTuple):
    """Where a subset is: tables and folders, the first that is there; and its part."""

    part: str
    tables: tuple[str, ...]
    folders: tuple[str, ...]


# The published archive of 2021 spells the folder of its tables "synhtetic21".
SUBSETS = {
    "weak": Subset("training", ("train/weak.tsv",), ("train/weak",)),
    "strong": Subset(
        "training", ("train/audioset_strong.tsv",), ("train/strong_label_real",)
    ),
    "synthetic": Subset(
        "training",
        (
            "train/synthetic21_train/soundscapes.tsv",
            "train/synhtetic21_train/soundscapes.tsv",
        ),
        ("train/synthetic21_train/soundscapes",),
    ),
    "synthetic_validation": Subset(
        "validation",
        (
            "validation/synthetic21_validation/soundscapes.tsv",
            "validation/synhtetic21_validation/soundscapes.tsv",
        ),
        ("validation/synthetic21_validation/soundscapes",),
    ),
    "validation": Subset(
        "validation",
        ("validation/validation.tsv",),
        ("validation/validation", "validation"),
    ),
    "public": Subset("testing", ("eval/public.tsv",), ("eval/public",)),
}


class DESED(LabeledClips):
    """The labeled clips of a DESED folder; targets are multi-hot, with `events`.

    `events` of a clip are (class name, start, end) in seconds, and None for the clips
    of "weak", whose labels have no times; `groups` are the recordings.

    Official subsets: 1,578 clips "weak", 3,470 "strong" and 10,000 "synthetic", for
    training; 2,500 "synthetic_validation" and 1,168 "validation", for validation; 692
    "public", the public evaluation, for testing. The 14,412 clips of
    train/unlabel_in_domain have no labels, so they are not loaded: use
    `kerasaudio.find_audio`.

    Known faults: the recordings are from YouTube, so copies lack some; those are left
    out, like empty files, and a UserWarning says how many. A row without times is a
    clip without events. Events that do not end after their start, and rows that are
    there twice, are left out. The archive of synthetic clips of 2021 spells the folder
    of its tables synhtetic21_train; both spellings are read.

    Args:
        folder: Folder with audio/ and metadata/.
        subsets: Names of subsets; None for those whose table and folder of clips are
            there.

    Raises:
        FileNotFoundError: There are no tables, or no clips of a subset.
        ValueError: A table is not DESED's, or a recording is in two parts.

    Examples:
        >>> clips = kerasaudio.datasets.DESED("DESED")
        >>> clips.categories[0], clips.events[0]
        ('Dog;Speech', None)
        >>> training, validation, testing = clips.published_split()
        >>> testing.events[0]
        (('Dog', 0.2, 1.5), ('Speech', 3.0, 4.25))
    """

    def __init__(
        self, folder: str | PathLike[str], *, subsets: Sequence[str] | None = None
    ) -> None:
        root = Path(folder)
        paths: list[Path] = []
        parts: list[str] = []
        labels: list[set[str]] = []
        events: list[tuple[Event, ...] | None] = []
        groups: list[str] = []
        for name, table in _tables(root, subsets).items():
            listed_clips = _weak(table) if name == "weak" else _strong(table)
            home = _audio(root, SUBSETS[name])
            files = list(listed_clips)
            found = [inside(home, file, str(table)) for file in files]
            for i in files_there(found, home, str(table), may_be_missing=True):
                of_clip = listed_clips[files[i]]
                paths.append(found[i])
                parts.append(SUBSETS[name].part)
                labels.append(
                    of_clip
                    if isinstance(of_clip, set)
                    else {label for label, _, _ in of_clip}
                )
                events.append(None if isinstance(of_clip, set) else of_clip)
                # Synthetic clips of two subsets may have the same names.
                is_synthetic = name.startswith("synthetic")
                groups.append(f"{name}/{files[i]}" if is_synthetic else files[i])
        place = {name: i for i, name in enumerate(CLASSES)}
        hot = [[place[label] for label in of_clip] for of_clip in labels]
        with naming(root):
            super().__init__(
                name="DESED",
                paths=tuple(paths),
                targets=multi_hot(hot, len(CLASSES)),
                class_names=CLASSES,
                groups=np.array(groups),
                parts=np.array(parts),
                partial=True,
                events=events_array(events),
            )


def _tables(root: Path, subsets: Sequence[str] | None) -> dict[str, Path]:
    """Return the table of each subset to load."""
    tables = {}
    for name in chosen_splits(subsets, SUBSETS):
        places = [root / "metadata" / table for table in SUBSETS[name].tables]
        there = [place for place in places if place.is_file()]
        if there and (subsets is not None or _audio(root, SUBSETS[name]).is_dir()):
            tables[name] = there[0]
        elif subsets is not None:
            require_table(places[0], NEEDS)
    if not tables:
        raise FileNotFoundError(f"{root} has no tables of DESED with clips. {NEEDS}")
    return tables


def _audio(root: Path, subset: Subset) -> Path:
    places = [root / "audio" / folder for folder in subset.folders]
    return next((place for place in places if place.is_dir()), places[0])


def _weak(table: Path) -> dict[str, set[str]]:
    """Return the labels of each file."""
    rows = read_rows(table, ("filename", "event_labels"))
    require_different([row["filename"] for row in rows], str(table))
    found = {
        row["filename"]: {text for text in row["event_labels"].split(",") if text}
        for row in rows
    }
    _require_known((label for labels in found.values() for label in labels), table)
    return found


def _strong(table: Path) -> dict[str, tuple[Event, ...]]:
    """Return the events of each file."""
    found: dict[str, list[Event]] = {}
    for row in read_rows(table, STRONG):
        events = found.setdefault(row["filename"], [])
        onset, offset, label = row["onset"], row["offset"], row["event_label"]
        if not (onset or offset or label):
            continue
        _require_known([label], table)
        event = event_of(label, onset, offset, str(table))
        if event is not None and event not in events:
            events.append(event)
    return {file: tuple(events) for file, events in found.items()}


def _require_known(labels: Iterable[str], table: Path) -> None:
    unknown = sorted(set(labels) - set(CLASSES))
    if unknown:
        raise ValueError(
            f"{table}: classes must be among {listed(CLASSES, 10)}. Received: "
            f"{listed(map(repr, unknown))}."
        )
