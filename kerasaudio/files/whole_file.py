"""Write files atomically: other programs see all of a file or nothing."""

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
    """Yield a path of the same name in a hidden folder; the file is moved at the end.

    Raises:
        OSError: The folder is missing, read-only or full; no partial file remains.
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
    """Write text as UTF-8; undecodable bytes of file names are kept.

    Raises:
        OSError: The file cannot be written; no partial file remains.
    """
    with writing_whole(path) as temporary:
        temporary.write_bytes(text.encode(errors="surrogateescape"))


def write_csv(path: Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write a table, the heading first; text is made safe, see `text.cell`.

    Raises:
        OSError: The file cannot be written; no partial file remains.
    """
    text = io.StringIO()
    safe = (
        [cell(str(v)) if isinstance(v, str | Path) else v for v in row] for row in rows
    )
    csv.writer(text, lineterminator="\n").writerows(safe)
    write_text(path, text.getvalue())


def check_writable(path: Path) -> None:
    """Raise unless a file of this name can be created.

    Raises:
        OSError: The folder is missing or read-only.
    """
    try:
        with workplace(path.parent) as place:
            (place.folder / path.name).touch()
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> OSError:
    """Return the error for a file that cannot be written and leaves no partial file."""
    return type(error)(
        error.errno,
        f"the file cannot be written ({error.strerror or error}); no partial file "
        "remains",
        str(path),
    )
