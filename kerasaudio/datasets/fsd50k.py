"""FSD50K: 51,197 sounds of Freesound, 0.3 to 30 s, with 200 classes of AudioSet.

Source: Fonseca et al. 2022, "FSD50K: An Open Dataset of Human-Labeled Sound Events",
arXiv:2010.00475, doi:10.1109/TASLP.2021.3133208; doi:10.5281/zenodo.4060432, sounds
under licenses of Creative Commons.
"""

import csv
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.rows import (
    Row,
    chosen_splits,
    files_there,
    inside,
    naming,
    read_rows,
    require_different,
    require_table,
)

LABELS = Path("FSD50K.ground_truth")
VOCABULARY = LABELS / "vocabulary.csv"
PARTS_OF = {"train": "training", "val": "validation", "eval": "testing"}
COLUMNS = ("fname", "labels", "mids")
NEEDS = (
    "FSD50K needs the folder that contains FSD50K.ground_truth/, FSD50K.dev_audio/ and "
    "FSD50K.eval_audio/, as in the official archives of zenodo.org/records/4060432. "
    "The archives of sounds are in several parts (.z01, .z02 ..., .zip), which Python "
    "cannot read: join each with `zip -s 0 FSD50K.dev_audio.zip --out dev.zip`, then "
    "unzip it."
)


class FSD50K(LabeledClips):
    """The sounds of an FSD50K folder; targets are multi-hot.

    Official split: 36,796 training ("train") and 4,170 validation sounds ("val"), which
    are the development set, and 10,231 testing sounds ("eval"). Labels include all
    classes above a class in the ontology of AudioSet.

    Known faults: the labels of the development set are correct but may be incomplete;
    those of the evaluation set are complete. No sound is empty in the archives: if one
    is, unpacking was cut short; it is left out, and a UserWarning says so.

    Args:
        folder: Folder in the official layout: FSD50K.ground_truth/, FSD50K.dev_audio/
            and FSD50K.eval_audio/.
        splits: Splits to load, of "train", "val" and "eval"; None for all. Only their
            sounds need to be there.

    Raises:
        FileNotFoundError: A table or sounds are missing.
        ValueError: A table is not FSD50K's, or lists a sound twice or with an unknown
            class.

    Examples:
        >>> clips = kerasaudio.datasets.FSD50K("FSD50K")
        >>> clips.categories[0]
        'Bark;Dog'
        >>> training, validation, testing = clips.published_split()
        >>> kerasaudio.datasets.FSD50K("FSD50K", splits=["eval"]).take([0])
        LabeledClips('FSD50K', clips=1, classes=3)
    """

    def __init__(
        self, folder: str | PathLike[str], *, splits: Sequence[str] | None = None
    ) -> None:
        root = Path(folder)
        wanted = chosen_splits(splits, PARTS_OF)
        names, number = _vocabulary(root / VOCABULARY)
        rows = [row for row in _rows(root, wanted) if row["split"] in wanted]
        what = str(root / LABELS)
        if not rows:
            raise ValueError(f"{what} lists no clips of {listed(wanted)}.")
        require_different([row["fname"] for row in rows], what)
        paths = [_path(root, row, what) for row in rows]
        targets = np.zeros((len(rows), len(names)), bool)
        for hot, row in zip(targets, rows, strict=True):
            hot[_numbers(row, names, number, what)] = True
        keep = files_there(paths, root, what)
        with naming(what):
            super().__init__(
                name="FSD50K",
                paths=tuple(paths[i] for i in keep),
                targets=targets[keep],
                class_names=names,
                parts=np.array([PARTS_OF[rows[i]["split"]] for i in keep]),
                partial=splits is not None or len(keep) < len(rows),
            )


def _vocabulary(file: Path) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the class names, and the class number of each id."""
    require_table(file, NEEDS)
    with naming(file), file.open(newline="", encoding="utf-8") as text:
        try:
            rows = [row for row in csv.reader(text) if row]
        except csv.Error as error:
            raise ValueError(f"{file} is not a text table: {error}.") from error
    for place, row in enumerate(rows):
        if len(row) != 3 or row[0] != str(place):
            raise ValueError(
                f"{file} must have the columns number, name and id, without a heading, "
                f"numbered from 0. Received in row {place + 1}: {listed(row)}."
            )
    numbers = {mid: int(place) for place, _, mid in rows}
    if not rows or len(numbers) < len(rows):
        raise ValueError(f"{file} has no classes, or an id twice.")
    return tuple(name for _, name, _ in rows), numbers


def _rows(root: Path, wanted: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    if set(wanted) & {"train", "val"}:
        table = require_table(root / LABELS / "dev.csv", NEEDS)
        found = read_rows(table, (*COLUMNS, "split"))
        odd = sorted({row["split"] for row in found} - {"train", "val"})
        if odd:
            raise ValueError(
                f"{table}: split must be train or val. Received: {listed(odd)}."
            )
        rows += found
    if "eval" in wanted:
        table = require_table(root / LABELS / "eval.csv", NEEDS)
        rows += [row | {"split": "eval"} for row in read_rows(table, COLUMNS)]
    return rows


def _path(root: Path, row: Row, what: str) -> Path:
    folder = "FSD50K.eval_audio" if row["split"] == "eval" else "FSD50K.dev_audio"
    return inside(root / folder, f"{row['fname']}.wav", what)


def _numbers(
    row: Row, names: Sequence[str], number: dict[str, int], what: str
) -> list[int]:
    """Return the class numbers of a sound; its names and ids must agree."""
    mids, labels = row["mids"].split(","), row["labels"].split(",")
    unknown = [mid for mid in mids if mid not in number]
    if unknown:
        raise ValueError(
            f"{what}: clip {row['fname']} has ids that are not in {VOCABULARY.name}: "
            f"{listed(unknown)}."
        )
    found = [number[mid] for mid in mids]
    if sorted(labels) != sorted(names[i] for i in found):
        raise ValueError(
            f"{what}: the labels and mids of clip {row['fname']} differ. Received: "
            f"{row['labels']!r} and {row['mids']!r}."
        )
    return found
