"""Vectors on disk, read row by row: records in NAME.rows, their paths in NAME.paths.

A record is a vector with its times, the place of its path, and a checksum of all of it
and of its number, so that damage is found when, and only where, a row is read. Rows are
read by `pread`, as reading a memory-mapped file makes it resident.
"""

import errno
import os
import weakref
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.files.records import write_all

ROWS, PATHS = ".rows", ".paths"
_CRC = 4  # bytes
_AT_ONCE = 4096  # rows of a scan


class Found(NamedTuple):
    """What is known of rows besides their vectors.

    Attributes:
        path: File of the sound; None if unknown.
        start: Start in seconds; None if unknown.
        end: End in seconds; None if unknown.
    """

    path: str | None
    start: float | None
    end: float | None


def _record(width: int) -> np.dtype:
    return np.dtype(
        [
            ("crc", "<u4"),
            ("path_length", "<u4"),  # 0 if unknown
            ("path_offset", "<u8"),
            ("start", "<f8"),  # NaN if unknown
            ("end", "<f8"),
            ("vector", "<f4", (width,)),
        ]
    )


class RowWriter:
    """Write vectors with paths and times; a context that closes the files.

    Args:
        folder: Folder of the files.
        name: Their name, without suffix.
        width: Number of features.

    Raises:
        OSError: The files exist or cannot be written.
    """

    def __init__(self, folder: Path, name: str, width: int) -> None:
        self._record = _record(width)
        self.rows = 0
        self._last: tuple[str | None, int, int] = None, 0, 0
        self._end = 0
        self._rows = (folder / f"{name}{ROWS}").open("xb", buffering=0)
        try:
            self._paths = (folder / f"{name}{PATHS}").open("xb")
        except OSError:
            self._rows.close()
            raise

    def __enter__(self) -> "RowWriter":
        """Return the writer."""
        return self

    def __exit__(self, *_: Any) -> None:
        """Close the files; they are on disk afterwards."""
        with self._rows, self._paths:
            self._paths.flush()
            os.fsync(self._rows.fileno())
            os.fsync(self._paths.fileno())

    def write(
        self,
        vectors: np.ndarray,
        paths: Sequence[str | None],
        starts: np.ndarray,
        ends: np.ndarray,
    ) -> None:
        """Append rows.

        Args:
            vectors: Checked vectors, float32 (rows, features).
            paths: Path of each row; None if unknown.
            starts: Start of each row in seconds, NaN if unknown.
            ends: End of each row in seconds, NaN if unknown.

        Raises:
            OSError: The disk is full or fails.
        """
        for start in range(0, len(vectors), _AT_ONCE):
            here = slice(start, start + _AT_ONCE)
            self._write(vectors[here], paths[here], starts[here], ends[here])

    def _write(
        self,
        vectors: np.ndarray,
        paths: Sequence[str | None],
        starts: np.ndarray,
        ends: np.ndarray,
    ) -> None:
        records = np.zeros(len(vectors), self._record)
        records["vector"], records["start"], records["end"] = vectors, starts, ends
        places = [self._place(path) for path in paths]
        records["path_offset"] = [offset for offset, _ in places]
        records["path_length"] = [length for _, length in places]
        content = bytearray(records.tobytes())
        size = self._record.itemsize
        for number in range(len(records)):
            here = memoryview(content)[number * size : (number + 1) * size]
            here[:_CRC] = _crc(here[_CRC:], self.rows + number)
        write_all(self._rows, memoryview(content))
        self.rows += len(records)

    def _place(self, path: str | None) -> tuple[int, int]:
        if path is None:
            return 0, 0
        if path != self._last[0]:  # windows of a file follow each other
            text = path.encode(errors="surrogateescape")
            self._paths.write(_crc(text, 0) + text)
            self._last = path, self._end, len(text) + _CRC
            self._end += len(text) + _CRC
        return self._last[1:]


class RowFile:
    """Read rows that `RowWriter` wrote. Threads can share it.

    Args:
        folder: Folder of the files.
        name: Their name, without suffix.
        width: Number of features.
        rows: Number of rows that they must have.

    Raises:
        ValueError: The files have another size.
        OSError: They are missing or cannot be read.
    """

    def __init__(self, folder: Path, name: str, width: int, rows: int) -> None:
        self._record, self.width, self.rows = _record(width), width, rows
        self._name = folder / f"{name}{ROWS}"
        self._rows = _opened(self, self._name)
        self._text = folder / f"{name}{PATHS}"
        self._paths = _opened(self, self._text)
        size = os.fstat(self._rows).st_size
        if size != rows * self._record.itemsize:
            raise ValueError(
                f"{str(self._name)!r} has {size:,} bytes instead of "
                f"{rows * self._record.itemsize:,}"
            )

    def vectors(self, numbers: Iterable[int]) -> np.ndarray:
        """Return the vectors of rows, float32 (rows, features).

        Raises:
            ValueError: A row is damaged.
            OSError: The file cannot be read.
        """
        return self._read(numbers)["vector"]

    def found(self, number: int) -> Found:
        """Return path and times of a row.

        Raises:
            ValueError: The row or its path is damaged.
            OSError: The files cannot be read.
        """
        record = self._read([number])[0]
        length, offset = int(record["path_length"]), int(record["path_offset"])
        path = None
        if length:
            text = os.pread(self._paths, length, offset)
            if len(text) < length or _crc(text[_CRC:], 0) != text[:_CRC]:
                raise _damaged(self._text, number)
            path = text[_CRC:].decode(errors="surrogateescape")
        return Found(path, *(_known(record[name]) for name in ("start", "end")))

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all vectors in order, float32 (up to 4096, features).

        Raises:
            ValueError: A row is damaged.
            OSError: The file cannot be read.
        """
        for _, records in self._blocks():
            yield records["vector"]

    def copy_to(self, writer: RowWriter) -> None:
        """Append all rows to another file.

        Raises:
            ValueError: A row is damaged.
            OSError: A file cannot be read or written.
        """
        for first, records in self._blocks():
            numbers = range(first, first + len(records))
            paths = [self.found(number).path for number in numbers]
            writer.write(records["vector"], paths, records["start"], records["end"])

    def _blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        for start in range(0, self.rows, _AT_ONCE):
            stop = min(start + _AT_ONCE, self.rows)
            size = self._record.itemsize
            content = os.pread(self._rows, (stop - start) * size, start * size)
            yield start, self._checked([content], range(start, stop))

    def _read(self, numbers: Iterable[int]) -> np.ndarray:
        wanted, size = [int(number) for number in numbers], self._record.itemsize
        parts = [os.pread(self._rows, size, number * size) for number in wanted]
        return self._checked(parts, wanted)

    def _checked(self, parts: Sequence[bytes], numbers: Sequence[int]) -> np.ndarray:
        content, size = memoryview(b"".join(parts)), self._record.itemsize
        if len(content) != len(numbers) * size:
            raise _damaged(self._name, numbers[0])
        for at, number in enumerate(numbers):
            row = content[at * size : (at + 1) * size]
            if row[:_CRC] != _crc(row[_CRC:], number):
                raise _damaged(self._name, number)
        return np.frombuffer(content, self._record)


def _damaged(path: Path, number: int) -> ValueError:
    return ValueError(
        f"row {number} of {str(path)!r} is damaged. Build the index again."
    )


def _opened(owner: RowFile, path: Path) -> int:
    """Open a file until its owner is no longer used."""
    file = os.open(path, os.O_RDONLY)
    weakref.finalize(owner, os.close, file)
    if not os.path.isfile(file):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return file


def _crc(content: Any, number: int) -> bytes:
    # Begun with the number: a row in the place of another one is damage, too.
    return zlib.crc32(content, number & 0xFFFFFFFF).to_bytes(_CRC, "little")


def _known(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)
