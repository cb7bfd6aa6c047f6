"""Rows of a table of clips: the columns there must be, numbers, paths that stay in."""

import contextlib
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.datasets.check import listed

Row = dict[str, str]
_SHOWN = 80  # letters of a line
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}


def read_rows(table: Path, columns: Sequence[str] = ()) -> list[Row]:
    """Read a table of text with a heading.

    Args:
        table: UTF-8, with or without a byte order mark; commas, tabs or semicolons
            stand between the columns.
        columns: That it must have.

    Raises:
        ValueError: No text, lines cut short or with too many fields, no lines, columns
            missing.
        OSError: It cannot be read.
    """
    rows = []
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            delimiter = _delimiter(file.readline(), columns)
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter)
            found = list(reader.fieldnames or [])
            require_columns(found, columns, str(table))
            for row in reader:
                line = f"{table}, line {reader.line_num},"
                rows.append(_whole_row(row, found, delimiter, line))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is no table of text: {error}.") from error
    if not rows:
        raise ValueError(f"{table} lists no clips.")
    return rows


def _delimiter(heading: str, columns: Sequence[str]) -> str:
    """Tell what stands between columns: it must give those wanted, or the most."""

    def names(delimiter: str) -> list[str]:
        return next(csv.reader([heading], delimiter=delimiter), [])

    def fit(delimiter: str) -> tuple[bool, int]:
        found = names(delimiter)
        return set(columns) <= set(found), len(found)

    return max(DELIMITERS, key=fit)


def _whole_row(
    row: Mapping[str | None, Any], columns: list[str], delimiter: str, line: str
) -> Row:
    """Give a row that has a field for each column, and none besides."""
    fields = {column: row[column] for column in columns}
    if None in fields.values():
        raise ValueError(f"{line} is cut short.")
    more = row.get(None, [])  # where csv puts what has no column
    if any(text.strip() for text in more):
        told = delimiter.join([*fields.values(), *more])
        mark = DELIMITERS[delimiter]
        raise ValueError(
            f"{line} has {len(columns) + len(more)} fields, and the heading names "
            f"{len(columns)} columns. Received: {told[:_SHOWN]!r}. Put double quotes "
            f'around a field that holds a {mark}: "this{delimiter} and that".'
        )
    return fields


def require_columns(found: Sequence[str], columns: Iterable[str], what: str) -> None:
    """Raise a ValueError unless a table has some columns."""
    twice = [column for column in columns if list(found).count(column) > 1]
    if twice:
        raise ValueError(f"{what} has two columns called {twice[0]!r}. Rename one.")
    lacking = [column for column in columns if column not in found]
    if lacking:
        raise ValueError(
            f"{what} lacks the columns {listed(lacking, 9)}. Received: "
            f"{listed(list(found), 12)}."
        )


@contextlib.contextmanager
def naming(table: Path | str) -> Iterator[None]:
    """Let what is wrong with clips name the table that lists them.

    Raises:
        ValueError: One was raised inside.
    """
    try:
        yield
    except ValueError as error:
        if str(table) in str(error):
            raise
        raise ValueError(f"{table}: {error}") from error


def integers(values: Iterable[str], column: str, what: str) -> np.ndarray:
    """Read a column of whole numbers, int64.

    Raises:
        ValueError: One is none.
    """
    try:
        return np.array([int(value) for value in values], np.int64)
    except (TypeError, ValueError, OverflowError) as error:
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
    is_name = bool(name.strip()) and "\0" not in name
    if not is_name or not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(
            f"{what}: {name!r} is no name of a file in {root}, or leads out of it."
        )
    return path


def require_files(paths: Sequence[Path], root: Path, what: str) -> None:
    """Raise unless all clips are there, each once.

    Raises:
        FileNotFoundError: Some are missing.
    """
    missing = [path.name for path in paths if not _is_file(path)]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of the {len(paths)} clips that {what} lists are not in "
            f"{root}: {listed(missing)}."
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any file
        return False


def require_different(names: Sequence[str], what: str) -> None:
    """Raise a ValueError where a table lists a clip twice."""
    if len(set(names)) != len(names):
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        raise ValueError(f"{what} lists clips twice: {listed(twice)}.")
