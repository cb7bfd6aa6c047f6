"""Rows of a table of clips: required columns, numbers, paths inside the folder."""

import contextlib
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.datasets.check import listed
from kerasaudio.text import warn

Row = dict[str, str]
_SHOWN = 80  # most characters of a line that an error message shows
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}


def read_rows(table: Path, columns: Sequence[str] = ()) -> list[Row]:
    """Read a text table with a header line.

    Args:
        table: File in UTF-8, with or without a byte order mark; commas, tabs or
            semicolons separate the columns.
        columns: Columns that the table must have.

    Raises:
        ValueError: The file is not text, has no lines, lacks columns, or has lines with
            too few or too many fields.
        OSError: The file cannot be read.
    """
    rows = list(iter_rows(table, columns))
    if not rows:
        raise ValueError(f"{table} lists no clips.")
    return rows


def iter_rows(table: Path, columns: Sequence[str] = ()) -> Iterator[Row]:
    """Yield the rows of a text table one by one; see `read_rows`.

    Raises:
        ValueError, OSError: As `read_rows`, when a faulty line is reached.
    """
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            delimiter = _delimiter(file.readline(), columns)
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter)
            found = list(reader.fieldnames or [])
            require_columns(found, columns, str(table))
            for row in reader:
                line = f"{table}, line {reader.line_num},"
                yield _whole_row(row, found, delimiter, line)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{table} is not a text table: {error}.") from error


def _delimiter(heading: str, columns: Sequence[str]) -> str:
    """Return the delimiter that yields the wanted columns, or else the most columns."""

    def names(delimiter: str) -> list[str]:
        return next(csv.reader([heading], delimiter=delimiter), [])

    def fit(delimiter: str) -> tuple[bool, int]:
        found = names(delimiter)
        return set(columns) <= set(found), len(found)

    return max(DELIMITERS, key=fit)


def _whole_row(
    row: Mapping[str | None, Any], columns: list[str], delimiter: str, line: str
) -> Row:
    """Return the row, or raise a ValueError unless it has one field per column."""
    fields = {column: row[column] for column in columns}
    if None in fields.values():
        raise ValueError(f"{line} has fewer fields than the heading has columns.")
    more = row.get(None, [])  # csv puts fields without a column here
    if any(text.strip() for text in more):
        told = delimiter.join([*fields.values(), *more])
        mark = DELIMITERS[delimiter]
        raise ValueError(
            f"{line} has {len(columns) + len(more)} fields, but the heading names "
            f"{len(columns)} columns. Received: {told[:_SHOWN]!r}. Put double quotes "
            f'around a field that contains a {mark}: "this{delimiter} and that".'
        )
    return fields


def require_columns(found: Sequence[str], columns: Iterable[str], what: str) -> None:
    """Raise a ValueError unless a table has each of some columns exactly once."""
    twice = [column for column in columns if list(found).count(column) > 1]
    if twice:
        raise ValueError(f"{what} has two columns named {twice[0]!r}. Rename one.")
    lacking = [column for column in columns if column not in found]
    if lacking:
        raise ValueError(
            f"{what} lacks the columns {listed(lacking, 9)}. Received: "
            f"{listed(list(found), 12)}."
        )


@contextlib.contextmanager
def naming(table: Path | str) -> Iterator[None]:
    """Add the name of the table to a ValueError about its clips.

    Raises:
        ValueError: A ValueError was raised inside.
    """
    try:
        yield
    except ValueError as error:
        if str(table) in str(error):
            raise
        raise ValueError(f"{table}: {error}") from error


def integers(values: Iterable[str], column: str, what: str) -> np.ndarray:
    """Return a column of whole numbers as int64.

    Raises:
        ValueError: A value is not a whole number.
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
    """Return the name of each class number that occurs, in ascending order.

    Raises:
        ValueError: A number has two names, or a name has two numbers.
    """
    known: dict[int, str] = {}
    for number, name in zip(numbers.tolist(), names, strict=True):
        if known.setdefault(number, name) != name:
            raise ValueError(
                f"{what}: {column} {number} is both {known[number]!r} and {name!r}."
            )
    if len(set(known.values())) != len(known):
        raise ValueError(f"{what}: two values of {column} have the same class name.")
    return tuple(known[number] for number in sorted(known))


def inside(root: Path, name: str, what: str) -> Path:
    """Return the path of a file that a table names, inside a folder.

    Raises:
        ValueError: The name is empty, or leads out of the folder.
    """
    # By the rules of POSIX and of Windows: a table may come from either.
    path = root / name.replace("\\", "/")
    is_name = bool(name.strip()) and "\0" not in name
    if not is_name or not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(
            f"{what}: {name!r} is not a name of a file in {root}, or leads out of it."
        )
    return path


def require_files(paths: Sequence[Path], root: Path, what: str) -> None:
    """Raise unless the files of all clips exist.

    Raises:
        FileNotFoundError: Files are missing.
    """
    missing = [path.name for path in paths if not _is_file(path)]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of the {len(paths)} clips that {what} lists are not in "
            f"{root}: {listed(missing)}."
        )


def require_table(table: Path, needs: str) -> Path:
    """Return the path of a table, or raise a FileNotFoundError.

    Args:
        table: File.
        needs: Sentence that says which folder the data set needs.
    """
    if not table.is_file():
        raise FileNotFoundError(f"There is no {table}. {needs}")
    return table


def chosen_splits(splits: Sequence[str] | None, known: Iterable[str]) -> list[str]:
    """Return the splits to load, in the order of the known ones.

    Raises:
        ValueError: There is none, or one is unknown.
    """
    order = list(known)
    if splits is None:
        return order
    asked = [splits] if isinstance(splits, str) else list(splits)
    unknown = [split for split in asked if split not in order]
    if unknown or not asked:
        raise ValueError(
            f"splits must be among {', '.join(order)}. Received: {splits!r}."
        )
    return [split for split in order if split in asked]


def files_there(
    paths: Sequence[Path],
    root: Path,
    what: str,
    *,
    may_be_missing: bool = False,
    stacklevel: int = 4,
) -> list[int]:
    """Return the positions of the files that exist and are not empty.

    A UserWarning says how many are left out.

    Args:
        paths: Files of all clips.
        root: Their folder, for the messages.
        what: What lists them.
        may_be_missing: Whether files may be missing, as in sets from YouTube.
        stacklevel: Of the warning; 4 if the caller is what the user calls.

    Raises:
        FileNotFoundError: A file is missing that must not be, or there is none that is
            not empty.
    """
    if not may_be_missing:
        require_files(paths, root, what)
    there = [i for i, path in enumerate(paths) if _is_file(path)]
    kept = [i for i in there if paths[i].stat().st_size]
    if not kept:
        raise FileNotFoundError(
            f"None of the {len(paths):,} clips that {what} lists is in {root}, or all "
            f"are empty: {listed(path.name for path in paths)}."
        )
    say_left_out(what, len(paths), len(there), len(kept), stacklevel=stacklevel)
    return kept


def say_left_out(
    what: str, in_all: int, there: int, kept: int, *, stacklevel: int = 3
) -> None:
    """Warn about clips that are left out, if any; see `files_there`."""
    faults = {"not there": in_all - there, "empty files": there - kept}
    told = [f"{number:,} are {fault}" for fault, number in faults.items() if number]
    if told:
        warn(
            f"{what}: of {in_all:,} clips, {' and '.join(told)}; they are left out.",
            stacklevel=stacklevel,
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for any file
        return False


def require_different(names: Sequence[str], what: str) -> None:
    """Raise a ValueError if a table lists a clip twice."""
    if len(set(names)) != len(names):
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        raise ValueError(f"{what} lists clips twice: {listed(twice)}.")
