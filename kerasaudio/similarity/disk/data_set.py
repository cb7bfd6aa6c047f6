"""The Parquet files of a data set, and whether they are those that were indexed."""

import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from kerasaudio.files.digests import digest
from kerasaudio.files.file_state import FileState

SUFFIX = ".parquet"
_HIDDEN = ("_", ".")
_TOLD = 3  # names in a message


class Source(NamedTuple):
    """A file of the data set, as it was indexed.

    Attributes:
        name: Path in the data set, with slashes.
        size: Size in bytes.
        modified_ns: Time of the last change.
        sha256: Hash of the content.
    """

    name: str
    size: int
    modified_ns: int
    sha256: str


def parquet_files(data: str | PathLike[str]) -> list[Path]:
    """Return the files of a data set, sorted by path.

    Args:
        data: A Parquet file, or a folder of them, searched recursively. Names that
            begin with ``_`` or ``.`` are skipped, as Parquet readers do.

    Raises:
        ValueError: There are none.
        FileNotFoundError: There is no such file or folder.
    """
    top = Path(data)
    if top.is_file():
        return [top]
    if not top.is_dir():
        raise FileNotFoundError(f"There is no file or folder named {str(top)!r}.")
    found = []
    for here, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        found += [
            Path(here, name)
            for name in names
            if name.endswith(SUFFIX) and not name.startswith(_HIDDEN)
        ]
    if not found:
        raise ValueError(f"There are no {SUFFIX} files in {str(top)!r}.")
    return sorted(found, key=lambda path: path.relative_to(top).parts)


def default_folder(data: str | PathLike[str]) -> Path:
    """Return the folder beside, or in, a data set, which its readers skip."""
    top = Path(data)
    return top / "_index" if top.is_dir() else top.with_name(f"_{top.name}.index")


def source_of(data: Path, file: Path) -> Source:
    """Return the state of a file, with its hash.

    Raises:
        OSError: It cannot be read.
    """
    state = FileState.of(file)
    return Source(
        name_in(data, file), state.size, state.modified_ns, digest(file, "sha256")
    )


def name_in(data: Path, file: Path) -> str:
    """Return the name of a file in its data set."""
    return file.relative_to(data).as_posix() if data.is_dir() else file.name


def changes(data: Path, sources: Sequence[Source]) -> str:
    """Return how the files differ from those that were indexed, or "".

    A file is hashed only if its time has changed and its size has not.

    Raises:
        OSError: A file cannot be read.
    """
    known = {source.name: source for source in sources}
    now = {name_in(data, file): file for file in parquet_files(data)}
    told = [f"{name!r} is new" for name in sorted(now.keys() - known.keys())]
    told += [f"{name!r} is missing" for name in sorted(known.keys() - now.keys())]
    for name in sorted(now.keys() & known.keys()):
        state, was = FileState.of(now[name]), known[name]
        same = (state.size, state.modified_ns) == (was.size, was.modified_ns)
        if same or (
            state.size == was.size and digest(now[name], "sha256") == was.sha256
        ):
            continue
        told.append(f"{name!r} has changed")
    others = f", and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return ", ".join(told[:_TOLD]) + others
