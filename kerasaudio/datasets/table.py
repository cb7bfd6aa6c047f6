"""Clips from a table: file or part of a file, labels, fold."""

import math
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.arguments import class_name
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.clips import LabeledClips
from kerasaudio.datasets.label_tracks import read_label_track
from kerasaudio.datasets.rows import (
    inside,
    naming,
    read_rows,
    require_columns,
    require_files,
)

Columns = dict[str, list[Any]]
_LARGEST_WHOLE = 2.0**53  # floats represent all whole numbers up to here
OPTIONAL = ("start", "end", "fold", "group", "part")


def from_table(
    table: Any,
    folder: str | PathLike[str] | None = None,
    *,
    path: str = "path",
    label: str | Sequence[str] = "label",
    start: str | None = None,
    end: str | None = None,
    fold: str | None = None,
    group: str | None = None,
    part: str | None = None,
    separator: str | None = None,
    classes: Sequence[str] | None = None,
    name: str | None = None,
) -> LabeledClips:
    """Load the clips that a CSV file or a DataFrame lists, one clip per row.

    Label tracks of Audacity and selection tables of Raven (`.txt`) are read, too: each
    label is a clip. Audacity's belong to the sound of the same name, such as `bark.wav`
    for `bark.txt`, in `folder`. So do Raven's, unless they name their sounds in the
    columns Begin Path or Begin File; their label is the column Annotation, unless
    `label` names another.

    Args:
        table: Path of a CSV file in UTF-8, whose columns are separated by commas, tabs
            or semicolons; or of a file of Audacity or Raven; or a pandas DataFrame (or
            any object with `columns` whose columns are found by name). None, NaN and
            pandas.NA are empty cells.
        folder: Folder that the paths are relative to and must not lead out of. None for
            the CSV file's own folder; with a DataFrame, None allows any path.
        path: Column with the path of the file.
        label: Column with the class name; or several columns of 0 and 1, one per class.
        start: Column with the start of the clip in its file, in seconds; an empty cell
            means the beginning of the file. None for the column "start" if the table
            has one; likewise for the next four arguments.
        end: Column with the end of the clip in its file, in seconds; an empty cell
            means the end of the file.
        fold: Column with the fold, numbered from 1 without gaps.
        group: Column with the recording that the clip is cut from. Without it, each
            file is a recording of its own.
        part: Column with "training", "validation" or "testing".
        separator: Text between several labels of a clip, such as ";". If given, targets
            are multi-hot, and clips may have no label.
        classes: Names of the classes in the wanted order; None for alphabetical order.
        name: Name of the data set; None for the file's name, or "table".

    Raises:
        ValueError: A column is missing, a line has too many fields, a number is
            invalid, a clip has no label, a label is not in `classes`, folds have gaps,
            or a path leads out of the folder.
        FileNotFoundError: The table or clips are missing.

    Examples:
        >>> kerasaudio.datasets.from_table("clips.csv")
        LabeledClips('clips', clips=8, classes=2, folds=2)
        >>> clips = kerasaudio.datasets.from_table("tags.csv", separator=";")
        >>> clips.categories
        ('animal;outdoors', 'indoors', 'outdoors')
    """
    labels_in = [label] if isinstance(label, str) else list(label)
    if separator == "":
        raise ValueError(
            'separator must not be empty. Pass the text between labels, such as ";", '
            "or leave it out if each clip has one label."
        )
    columns, lines, what, root = _columns(table, folder, [path, *labels_in])
    named = {"start": start, "end": end, "fold": fold, "group": group, "part": part}
    asked = [column for column in named.values() if column is not None]
    require_columns(list(columns), [path, *labels_in, *asked], what)
    have = {
        key: columns[column or key]
        for key, column in named.items()
        if (column or key) in columns
    }
    paths = tuple(_path(value, root, what) for value in columns[path])
    require_files(paths, root or Path(), what)
    if isinstance(label, str):
        names, labels = _named(columns[label], separator, classes, what, lines)
    else:
        flags = {key: columns[key] for key in labels_in}
        names, labels = _flags(flags, classes, what, lines)
    starts, ends = have.get("start"), have.get("end")
    with naming(what):
        return LabeledClips(
            name=name or (what if root is None else Path(what).stem),
            paths=paths,
            targets=labels,
            class_names=names,
            folds=_folds(have["fold"], what) if "fold" in have else None,
            groups=np.array([_text(v) for v in have["group"]])
            if "group" in have
            else None,
            starts=None if starts is None else _seconds(starts, 0.0, "start", what),
            ends=None if ends is None else _seconds(ends, math.inf, "end", what),
            parts=np.array([_text(v) for v in have["part"]])
            if "part" in have
            else None,
        )


def _columns(
    table: Any, folder: str | PathLike[str] | None, wanted: Sequence[str]
) -> tuple[Columns, Sequence[int], str, Path | None]:
    """Return the columns, the line of each row, the table's name and the folder."""
    if isinstance(table, str | PathLike):
        file = Path(table)
        if not file.is_file():
            raise FileNotFoundError(f"There is no table {str(file)!r}.")
        root = file.parent if folder is None else Path(folder)
        track = read_label_track(file, root)
        if track is not None:
            return *track, str(file), root
        rows = read_rows(file, wanted)
        columns = {key: [row[key] for row in rows] for key in rows[0]}
        return columns, _lines(rows), str(file), root
    if not (hasattr(table, "columns") and hasattr(table, "__getitem__")):
        raise ValueError(
            "table must be the path of a CSV file, or a DataFrame. Received: "
            f"{type(table).__name__}."
        )
    columns = {str(key): list(table[key]) for key in table.columns}
    if not columns or not next(iter(columns.values())):
        raise ValueError("The table lists no clips.")
    lines = _lines(next(iter(columns.values())))
    return columns, lines, "table", None if folder is None else Path(folder)


def _lines(rows: Sequence[Any]) -> range:
    """Return the lines of rows below a heading."""
    return range(2, len(rows) + 2)


def _path(value: Any, root: Path | None, what: str) -> Path:
    text = _text(value)
    if root is not None:
        return inside(root, text, what)
    if not text:
        raise ValueError(f"{what}: a clip has no path.")
    return Path(text)


def _text(value: Any) -> str:
    return "" if _is_gap(value) else str(value).strip()


def _is_gap(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or pandas.NA."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # from pandas.NA, which is neither equal nor different
        return True


def _label(value: Any) -> str:
    return class_name(_text(value))


def _named(
    values: list[Any],
    separator: str | None,
    classes: Sequence[str] | None,
    what: str,
    lines: Sequence[int],
) -> tuple[tuple[str, ...], np.ndarray]:
    if separator is None:
        of_clips = [[_label(value)] for value in values]
        empty = [i for i, (text,) in enumerate(of_clips) if not text]
        if empty:
            raise ValueError(
                f"{what}: {len(empty)} clips have no label, the first in line "
                f"{lines[empty[0]]}. If clips can have no label or several, pass "
                "separator=."
            )
    else:
        of_clips = [_several(value, separator) for value in values]
    used = sorted({text for texts in of_clips for text in texts})
    names = tuple(used if classes is None else map(class_name, classes))
    unknown = sorted(set(used) - set(names))
    if unknown:
        raise ValueError(
            f"{what} has labels that are not in classes: {listed(unknown)}. Classes: "
            f"{listed(names, 10)}."
        )
    if not names:
        raise ValueError(f"{what}: no clip has a label.")
    number = {text: i for i, text in enumerate(names)}
    if separator is None:
        return names, np.array([number[text] for (text,) in of_clips], np.int64)
    labels = np.zeros((len(values), len(names)), bool)
    for row, texts in zip(labels, of_clips, strict=True):
        row[[number[text] for text in texts]] = True
    return names, labels


def _several(value: Any, separator: str) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        parts = [_label(item) for item in value]
    else:
        parts = [part.strip() for part in _label(value).split(separator)]
    return [part for part in parts if part]


def _flags(
    columns: Columns, classes: Sequence[str] | None, what: str, lines: Sequence[int]
) -> tuple[tuple[str, ...], np.ndarray]:
    columns = {class_name(column): values for column, values in columns.items()}
    names = tuple(columns if classes is None else map(class_name, classes))
    if set(names) != set(columns):
        raise ValueError(
            f"{what}: classes must name the label columns {listed(columns, 10)}. "
            f"Received: {listed(names, 10)}."
        )
    truth = {"0": False, "1": True, "false": False, "true": True}
    truth |= {"0.0": False, "1.0": True}
    flags = np.zeros((len(columns[names[0]]), len(names)), bool)
    for i, column in enumerate(names):
        for row, value in enumerate(columns[column]):
            text = _text(value).lower()
            if text not in truth:
                raise ValueError(
                    f"{what}: the label column {column} must hold 0 or 1. Received: "
                    f"{value!r} in line {lines[row]}."
                )
            flags[row, i] = truth[text]
    return names, flags


def _seconds(values: list[Any], gap: float, column: str, what: str) -> np.ndarray:
    try:
        return np.array([float(_text(value) or gap) for value in values])
    except ValueError as error:
        raise ValueError(
            f"{what}: the column {column} must hold seconds or be empty: {error}."
        ) from error


def _folds(values: list[Any], what: str) -> np.ndarray:
    try:
        numbers = np.array([float(_text(value)) for value in values])
        whole = (np.rint(numbers) == numbers) & (abs(numbers) < _LARGEST_WHOLE)
        strange = numbers[~whole]
        if strange.size:
            raise ValueError(f"received {strange[0]:g}")
    except ValueError as error:
        raise ValueError(
            f"{what}: the column fold must hold whole numbers: {error}."
        ) from error
    return numbers.astype(np.int64)
