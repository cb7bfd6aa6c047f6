"""Vectors on disk, written file by file, so that a killed process loses none.

A store is a folder of logs, one per run. A log is a magic line, then for each file a
record (see `files.records`: path, size, modified_ns, rows, width, crc) and its rows:
vectors float32, starts and ends float64, little-endian. Rows that were truncated when
their process died, or whose bytes changed, count as absent, and so does everything
after a damaged record. Several processes may add to one store: each has its own log.
"""

import contextlib
import os
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from kerasaudio.features.rows import Rows
from kerasaudio.files.file_state import FileState
from kerasaudio.files.records import read_record, record, write_all

_MAGIC = b"kerasaudio features 1\n"


@dataclass(frozen=True, slots=True)
class _Place:
    log: Path
    offset: int
    rows: int
    width: int
    crc: int

    @property
    def length(self) -> int:
        return self.rows * (self.width * 4 + 16)


class Store:
    """The vectors that one extractor has computed so far."""

    def __init__(self, folder: Path) -> None:
        """Open a folder of logs, which may not exist yet."""
        self._folder = folder
        self._log: Any = None
        # A file that was computed again has several places, and one may be damaged.
        self._places: dict[FileState, list[_Place]] = {}
        for log in sorted(folder.glob("*.log")) if folder.is_dir() else ():
            for file, place in _index(log):
                self._places.setdefault(file, []).append(place)

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def rows_of(self, file: FileState) -> int | None:
        """Return the number of rows of a file; None if it was not computed."""
        places = self._places.get(file)
        return places[-1].rows if places else None

    def get(self, file: FileState) -> Rows | None:
        """Return the rows of a file; None if they are absent or damaged."""
        places = self._places.get(file, [])
        while places:
            place = places[-1]
            try:
                with place.log.open("rb") as log:
                    log.seek(place.offset)
                    content = log.read(place.length)
            except OSError:
                content = b""  # another process cleared the cache
            if len(content) == place.length and zlib.crc32(content) == place.crc:
                return Rows.from_bytes(content, place.rows, place.width)
            places.pop()
        return None

    def open_log(self) -> None:
        """Create this run's log.

        Raises:
            OSError: It cannot be created; the message says what to do.
        """
        path = self._folder / f"{uuid.uuid4().hex}.log"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Unbuffered, so that written bytes are kept when the process is killed.
            self._log = path.open("xb", buffering=0)
            write_all(self._log, _MAGIC)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def add(self, file: FileState, rows: Rows) -> None:
        """Store the rows of a file.

        Raises:
            OSError: The disk is full or fails; rows added before are kept.
        """
        if self._log is None:
            self.open_log()
        content = rows.to_bytes()
        count, width = rows.vectors.shape
        crc = zlib.crc32(content)
        head = record({**asdict(file), "rows": count, "width": width, "crc": crc})
        begin = self._log.tell()
        try:
            write_all(self._log, head + content)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._log.truncate(begin)
            raise _unwritable(self._folder, error) from error
        place = _Place(Path(self._log.name), begin + len(head), count, width, crc)
        self._places.setdefault(file, []).append(place)


def _index(log: Path) -> Iterator[tuple[FileState, _Place]]:
    """Yield the records of a log up to where it was truncated."""
    # If the log is gone or cannot be read, its records count as absent.
    with contextlib.suppress(OSError), log.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        if file.read(len(_MAGIC)) != _MAGIC:
            return
        while facts := read_record(file):
            try:
                place = _Place(log, file.tell(), *(facts.pop(k) for k in _SIZES))
                state = FileState(**facts)
            except (TypeError, KeyError):
                return  # complete, but not written by kerasaudio
            # Negative sizes would lead back and make this loop endless.
            sizes = (place.rows, place.width)
            if not all(type(size) is int and size >= 0 for size in sizes):
                return
            if place.offset + place.length > end:
                return
            yield state, place
            file.seek(place.length, os.SEEK_CUR)


_SIZES = ("rows", "width", "crc")


def _unwritable(folder: Path, error: OSError) -> OSError:
    return type(error)(
        error.errno,
        f"the features cannot be stored: {error.strerror or error}. Free some space, "
        "or pass another folder by cache= or by KERASAUDIO_CACHE; features computed "
        "before are kept, and the same call resumes from there",
        str(folder),
    )
