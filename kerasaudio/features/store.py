"""Vectors on disk, file by file, as they are computed: a killed process loses none.

A store is a folder of logs, one a run. A log is a line of magic, then records: two
32-bit numbers (length of the header, CRC-32 of the header), the header (JSON: path,
size, modified_ns, rows, width, crc), then the rows: vectors float32, starts and ends
float64, little-endian. A record that was cut off when its process died, or whose bytes
changed, counts as absent, and so does what follows a damaged header. Processes may add
to one store at once: each has its own log.
"""

import contextlib
import json
import os
import struct
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kerasaudio.features.rows import Rows

_MAGIC = b"kerasaudio features 1\n"
_PREFIX = struct.Struct("<II")
_LONGEST_HEADER = 2**20


@dataclass(frozen=True)
class FileState:
    """Which content of a file was read: its path, size and time of change."""

    path: str
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file.

        Raises:
            OSError: It cannot be looked at.
        """
        status = path.stat()
        return cls(os.path.abspath(path), status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
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
        """Open a folder of logs, which need not exist."""
        self._folder = folder
        self._log: Any = None
        self._places: dict[FileState, _Place] = {}
        for log in sorted(folder.glob("*.log")) if folder.is_dir() else ():
            self._places.update(_index(log))

    def __enter__(self) -> Self:
        """Begin to use the store."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def rows_of(self, file: FileState) -> int | None:
        """Say how many rows there are for a file; None if it was not computed."""
        place = self._places.get(file)
        return None if place is None else place.rows

    def get(self, file: FileState) -> Rows | None:
        """Read the rows of a file; None where they are absent or damaged."""
        place = self._places.get(file)
        if place is None:
            return None
        try:
            with place.log.open("rb") as log:
                log.seek(place.offset)
                content = log.read(place.length)
        except OSError:
            content = b""  # another process cleared the cache
        if len(content) != place.length or zlib.crc32(content) != place.crc:
            del self._places[file]
            return None
        return Rows.from_bytes(content, place.rows, place.width)

    def open_log(self) -> None:
        """Make this run's log.

        Raises:
            OSError: It cannot be made, with what to do.
        """
        path = self._folder / f"{uuid.uuid4().hex}.log"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what was written is there when the process is killed.
            self._log = path.open("xb", buffering=0)
            self._write(_MAGIC)
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def add(self, file: FileState, rows: Rows) -> None:
        """Keep the rows of a file.

        Raises:
            OSError: The disk is full or fails; what was added before stays.
        """
        if self._log is None:
            self.open_log()
        content = rows.to_bytes()
        count, width = rows.vectors.shape
        crc = zlib.crc32(content)
        header = json.dumps(
            {**vars(file), "rows": count, "width": width, "crc": crc}
        ).encode()
        prefix = _PREFIX.pack(len(header), zlib.crc32(header))
        begin = self._log.tell()
        try:
            self._write(prefix + header + content)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._log.truncate(begin)
            raise _unwritable(self._folder, error) from error
        offset = begin + len(prefix) + len(header)
        self._places[file] = _Place(Path(self._log.name), offset, count, width, crc)

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        while left:  # a raw file may take less than all of it
            left = left[self._log.write(left) :]


def _index(log: Path) -> Iterator[tuple[FileState, _Place]]:
    """Give the records of a log up to where it was cut off."""
    # Where it is gone or cannot be read, its records are absent, too.
    with contextlib.suppress(OSError), log.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        if file.read(len(_MAGIC)) != _MAGIC:
            return
        while prefix := file.read(_PREFIX.size):
            if len(prefix) < _PREFIX.size:
                return
            length, crc = _PREFIX.unpack(prefix)
            # A power cut can leave zeros, and zero is the checksum of nothing.
            if not 0 < length <= _LONGEST_HEADER:
                return
            header = file.read(length)
            if zlib.crc32(header) != crc:
                return
            try:
                facts = json.loads(header)
                place = _Place(log, file.tell(), *(facts.pop(k) for k in _SIZES))
                state = FileState(**facts)
            except (ValueError, TypeError, KeyError, AttributeError):
                return  # whole, but not written by us
            # Whole numbers: less than nothing would lead back, and be read for ever.
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
        f"the features cannot be kept: {error.strerror or error}. Free some space, or "
        "name another folder by cache= or by KERASAUDIO_CACHE; what was computed "
        "before is kept, and the same call goes on from there",
        str(folder),
    )
