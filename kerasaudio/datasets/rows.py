"""Rows of a table of clips: the columns there must be, numbers, paths that stay in."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from kerasaudio.datasets.check import listed

Row = dict[str, str]


def read_rows(
    table: Path, columns: Sequence[str] = (), delimiter: str = ","
) -> list[Row]:
    """Read a table of text with a heading.

    Args:
        table: UTF-8, with or without a byte order mark.
        columns: That it must have.
        delimiter: Between the columns.

    Raises:
        ValueError: No text, lines cut short, no lines, columns missing.
        OSError: It cannot be read.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            rows, found = list(reader), list(reader.fieldnames or [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is no table of text: {error}.") from error
    require_columns(found, columns, str(table))
    for number, row in enumerate(rows, start=2):
        if any(row[column] is None for column in found):
            raise ValueError(f"{table}, line {number}, is cut short.")
    if not rows:
        raise ValueError(f"{table} lists no clips.")
    return rows


def require_columns(found: Sequence[str], columns: Iterable[str], what: str) -> None:
    """Raise a ValueError unless a table has some columns."""
    lacking = [column for column in columns if column not in found]
    if lacking:
        raise ValueError(
            f"{what} lacks the columns {listed(lacking, 9)}. Received: "
            f"{listed(list(found), 12)}."
        )


def integers(values: Iterable[str], column: str, what: str) -> np.ndarray:
    """Read a column of whole numbers, int64.

    Raises:
        ValueError: One is none.
    """
    try:
        return np.array([int(value) for value in values], np.int64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what}: the column {column} must hold whole numbers: {error}."
        ) from error


def numbered_names(
    numbers: np.ndarray, names: Sequence[str], what: str, column: str
) -> tuple[str, ...]:
    """Give the name of each class number that is there, in their order.

    Raises:
        ValueError: A number has two names, or a name two numbers.
    """
    known: dict[int, str] = {}
    for number, name in zip(numbers.tolist(), names, strict=True):
        if known.setdefault(number, name) != name:
            raise ValueError(
                f"{what}: {column} {number} is both {known[number]!r} and {name!r}."
            )
    if len(set(known.values())) != len(known):
        raise ValueError(f"{what}: two {column}s have the same category.")
    return tuple(known[number] for number in sorted(known))


def inside(root: Path, name: str, what: str) -> Path:
    """Give the path that a table names below a folder.

    Raises:
        ValueError: It is empty, or leads out of the folder.
    """
    # By the rules of either system: a table may come from the other one.
    path = root / name.replace("\\", "/")
    if not name.strip() or not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(
            f"{what}: {name!r} is no name of a file in {root}, or leads out of it."
        )
    return path


def require_files(paths: Sequence[Path], root: Path, what: str) -> None:
    """Raise unless all clips are there, each once.

    Raises:
        FileNotFoundError: Some are missing.
    """
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of the {len(paths)} clips that {what} lists are not in "
            f"{root}: {listed(missing)}."
        )


def require_different(names: Sequence[str], what: str) -> None:
    """Raise a ValueError where a table lists a clip twice."""
    if len(set(names)) != len(names):
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        raise ValueError(f"{what} lists clips twice: {listed(twice)}.")
