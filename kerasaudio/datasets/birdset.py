"""BirdSet: recordings of birds to train on, soundscapes of eight regions to test on.

Source: Rauch et al. 2025, "BirdSet: A Large-Scale Dataset for Audio Classification in
Avian Bioacoustics", arXiv:2403.10380; tables and archives in the branch "data" of
huggingface.co/datasets/DBD-research-group/BirdSet; each recording has a license of its
own.
"""

import re
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.audio.find import find_audio
from kerasaudio.datasets.audioset import multi_hot
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    chosen_splits,
    naming,
    read_rows,
    require_columns,
    say_left_out,
)
from kerasaudio.datasets.timed import Event, event_of, events_array
from kerasaudio.extras import install

PARTS_OF = {"train": "training", "test": "testing", "test_5s": "testing"}
DEFAULT = ("train", "test_5s")
SEVERAL, ONE = "ebird_code_multilabel", "ebird_code"
LABELS = {"train": (SEVERAL, ONE), "test": (ONE,), "test_5s": (SEVERAL,)}
COLUMNS = ("filepath", SEVERAL, ONE, "start_time", "end_time")
NEEDS = (
    "BirdSet needs the folder that contains tables such as HSN_metadata_train.parquet "
    "and HSN_metadata_test_5s.parquet (or .csv with the same columns), and the "
    "recordings, unpacked from its .tar.gz files."
)
_CODE = re.compile(r"[A-Za-z0-9_-]+")
_PIECE = re.compile(r"_\d+_\d+$")  # start and end of a piece of 5 s, in its name


class BirdSet(LabeledClips):
    """The recordings of one region of BirdSet; targets are multi-hot, of eBird codes.

    `parts`: "train" is for training, "test_5s", the soundscapes in pieces of 5 s, for
    testing. "test" has the whole soundscapes with `events`: (code, start, end) in
    seconds. `groups` are the recordings that pieces are cut from.

    Regions, with recordings of "train" and pieces of "test_5s": PER 16,802 and 15,120,
    NES 16,117 and 24,480, UHH 3,626 and 36,637, HSN 5,460 and 12,000, NBP 24,327 and
    563, POW 14,911 and 4,560, SSW 28,403 and 205,200, SNE 19,390 and 23,756. XCM
    (89,798) and XCL (528,434) are for training alone.

    Known faults: UHH has two species in its tests that it has no recordings of. A
    recording of "train" is labeled as a whole, and may have other birds in the
    background. Pieces without a bird have no label. A table that lists a file in
    several lines gives it the labels of all. Files that are missing or empty are left
    out; a UserWarning says how many.

    Args:
        folder: Folder with the region's tables, in Parquet or CSV. The columns used are
            filepath and ebird_code_multilabel ("train" may have ebird_code instead);
            "test" has ebird_code, start_time and end_time.
        region: Such as "HSN": the beginning of the names of the tables.
        audio: Folder with the recordings, at any depth, found by their names; None for
            `folder`.
        splits: Splits to load, of "train", "test" and "test_5s"; None for those of
            "train" and "test_5s" whose tables are there.

    Raises:
        FileNotFoundError: A table, or every recording, is missing.
        ImportError: The tables are in Parquet and pyarrow is not installed.
        ValueError: A table lacks a column, a recording has no label in "train", or two
            files have the same name.

    Examples:
        >>> clips = kerasaudio.datasets.BirdSet("HSN", "HSN")
        >>> clips.categories
        ('amerob', 'foxspa', 'amerob;foxspa', '')
        >>> training, testing = clips.published_split()
        >>> kerasaudio.datasets.BirdSet("HSN", "HSN", splits=["test"]).events[0]
        (('foxspa', 1.0, 2.5), ('amerob', 2.0, 4.0))
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        region: str,
        *,
        audio: str | PathLike[str] | None = None,
        splits: Sequence[str] | None = None,
    ) -> None:
        root = Path(folder)
        copies = _by_name(root if audio is None else Path(audio))
        paths: list[Path] = []
        parts: list[str] = []
        groups: list[str] = []
        labels: list[list[str]] = []
        events: list[tuple[Event, ...] | None] = []
        in_all = there = 0
        for split, table in _tables(root, region, splits).items():
            timed = split == "test"
            for name, (codes, found) in _clips(table, split).items():
                in_all += 1
                path = copies.get(name)
                if path is None:
                    continue
                there += 1
                if path.stat().st_size:
                    paths.append(path)
                    parts.append(PARTS_OF[split])
                    groups.append(_PIECE.sub("", path.stem))
                    labels.append(codes)
                    events.append(tuple(found) if timed else None)
        what = f"BirdSet's region {region}"
        if not paths:
            raise FileNotFoundError(
                f"None of the {in_all:,} recordings of {what} is there, or all are "
                f"empty files. {NEEDS}"
            )
        say_left_out(what, in_all, there, len(paths))
        classes = tuple(sorted({code for codes in labels for code in codes}))
        if not classes:
            raise ValueError(f"{root}: no clip of {what} has a label.")
        place = {code: i for i, code in enumerate(classes)}
        with naming(root):
            super().__init__(
                name=f"BirdSet {region}",
                paths=tuple(paths),
                targets=multi_hot(
                    [[place[code] for code in codes] for codes in labels], len(classes)
                ),
                class_names=classes,
                groups=np.array(groups),
                parts=np.array(parts),
                partial=True,
                events=events_array(events) if any(events) else None,
            )


def _by_name(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in find_audio(folder):
        if found.setdefault(path.name, path) != path:
            raise ValueError(
                f"{folder} has two files named {path.name}. Pass the folder of one of "
                "the copies as audio=."
            )
    return found


def _tables(root: Path, region: str, splits: Sequence[str] | None) -> dict[str, Path]:
    tables = {}
    for split in chosen_splits(DEFAULT if splits is None else splits, PARTS_OF):
        stems = [f"{region}_metadata_{split}"]
        if split == "train":  # XCM and XCL have one table
            stems.append(f"{region}_metadata")
        places = [
            root / f"{stem}{end}" for stem in stems for end in (".parquet", ".csv")
        ]
        there = [place for place in places if place.is_file()]
        if there:
            tables[split] = there[0]
        elif splits is not None:
            raise FileNotFoundError(f"There is no {places[0]}. {NEEDS}")
    if not tables:
        raise FileNotFoundError(f"{root} has no tables of the region {region}. {NEEDS}")
    return tables


def _clips(table: Path, split: str) -> dict[str, tuple[list[str], list[Event]]]:
    """Return the codes and events of each file, by its name without folders."""
    found: dict[str, tuple[list[str], list[Event]]] = {}
    timed = split == "test"
    for row in _rows(table, LABELS[split], ("start_time", "end_time") if timed else ()):
        name = str(row["filepath"] or "").replace("\\", "/").rpartition("/")[2]
        if not name:
            raise ValueError(f"{table} has a row without filepath.")
        codes, events = found.setdefault(name, ([], []))
        new = _codes(row["labels"])
        for code in new if timed else ():
            start, end = str(row["start_time"]), str(row["end_time"])
            event = event_of(code, start, end, str(table))
            if event is not None and event not in events:
                events.append(event)
        codes += [code for code in new if code not in codes]
    silent = [name for name, (codes, _) in found.items() if not codes]
    if silent and split == "train":
        raise ValueError(f"{table} has recordings without a label: {listed(silent)}.")
    return found


def _rows(
    table: Path, labels: Sequence[str], more: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield the rows with filepath, labels and more columns.

    Args:
        table: CSV or Parquet.
        labels: Columns that may hold the labels; the first that is there does.
        more: Other columns.
    """
    try:
        rows = read_rows(table) if table.suffix == ".csv" else _parquet(table)
    except ImportError as error:
        raise ImportError(
            f"{table} is Parquet, which needs pyarrow: {install('parquet')}."
        ) from error
    there = list(rows[0])
    column = next((name for name in labels if name in there), labels[0])
    columns = ("filepath", column, *more)
    require_columns(there, columns, str(table))
    for row in rows:
        yield {name: row[name] for name in columns} | {"labels": row[column]}


def _parquet(table: Path) -> list[dict[str, Any]]:
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(table) as file:
            names = [name for name in file.schema_arrow.names if name in COLUMNS]
            rows: list[dict[str, Any]] = file.read(names).to_pylist()
    except ArrowException as error:
        raise ValueError(f"{table} is not a Parquet table: {error}.") from error
    if not rows:
        raise ValueError(f"{table} lists no clips.")
    return rows


def _codes(value: Any) -> list[str]:
    """Return eBird codes of a list, or of the text that a CSV file has for it."""
    if value is None or value != value:  # NaN
        return []
    if isinstance(value, list):
        return [str(code) for code in value]
    found = _CODE.findall(str(value))
    return [code for code in found if code.lower() not in ("nan", "none")]
