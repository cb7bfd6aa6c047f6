"""Write a file that is seen whole or not at all."""

import contextlib
import csv
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kerasaudio.files.workplace import workplace
from kerasaudio.text import cell


@contextlib.contextmanager
def writing_whole(path: Path) -> Iterator[Path]:
    """Give a path of the same name in a hidden folder; the file is moved at the end.

    Raises:
        OSError: The folder is missing, read-only or full; nothing is left behind.
    """
    try:
        with workplace(path.parent) as place:
            temporary = place.folder / path.name
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write text, UTF-8; bytes in it that are no text (of a file's name) are kept.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    with writing_whole(path) as temporary:
        temporary.write_bytes(text.encode(errors="surrogateescape"))


def write_csv(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write a table, the heading first; text in it is harmless, see `text.cell`.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    text = io.StringIO()
    safe = (
        [cell(str(v)) if isinstance(v, str | Path) else v for v in row] for row in rows
    )
    csv.writer(text, lineterminator="\n").writerows(safe)
    write_text(path, text.getvalue())


def check_writable(path: Path) -> None:
    """Raise unless a file of this name can be made.

    Raises:
        OSError: The folder is missing or read-only.
    """
    try:
        with workplace(path.parent) as place:
            (place.folder / path.name).touch()
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> OSError:
    """Say that a file cannot be written, and that there is no half of it."""
    return type(error)(
        error.errno,
        f"the file cannot be written ({error.strerror or error}), and nothing of it "
        "was kept",
        str(path),
    )
