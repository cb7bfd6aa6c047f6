"""Open a path or a file as seekable bytes, and describe unknown content."""

import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from kerasaudio.files.workplace import temporary_folder

AudioFile = str | os.PathLike[str] | IO[bytes]

HEAD_BYTES = 64
# Data from a pipe is kept in memory up to this size, and on disk above it.
_SPOOL_BYTES = 32 * 2**20

# First bytes of other files that often have an audio file's name.
_LOOKALIKES = (
    (b"<!doctype html", "an HTML page (a failed download?)"),
    (b"<html", "an HTML page (a failed download?)"),
    (b"version https://git-lfs", "a Git LFS pointer: fetch the file with git lfs pull"),
    (b"#extm3u", "a playlist: pass the files that it lists"),
    (b"pk\x03\x04", "a zip archive: unpack it first"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"%pdf", "a PDF document"),
    (b"\x89png", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
)


@dataclass
class Source:
    """Encoded bytes: `file` is seekable; `path` is absolute, None if there is none."""

    name: str
    file: IO[bytes]
    path: str | None
    head: bytes

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self.file.seek(0, io.SEEK_END)


@contextmanager
def open_source(path_or_file: AudioFile) -> Iterator[Source]:
    """Open a path or an open binary file, which is read from its start.

    A file that is not seekable (a pipe, a socket) is copied to a temporary file first.
    """
    if isinstance(path_or_file, str | os.PathLike):
        name = os.fsdecode(path_or_file)
        if "://" in name and not os.path.exists(name):
            raise ValueError(
                f"Audio must be a file, not an address. Download it first. "
                f"Received: {name!r}."
            )
        if os.path.isdir(name):
            raise IsADirectoryError(
                f"{name!r} is a folder: list its audio with kerasaudio.find_audio."
            )
        with open(name, "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            # Absolute, because libsndfile takes the name "-" for its standard input.
            path = os.path.abspath(name) if regular else None
            with _seekable(file) as bytes_file:
                yield Source(repr(name), bytes_file, path, _head(bytes_file))
        return
    if not callable(getattr(path_or_file, "read", None)):
        raise ValueError(
            f"Audio must be a path or an open binary file (wrap bytes in io.BytesIO; "
            f"a waveform needs no loading). Received: {type(path_or_file).__name__}."
        )
    title = getattr(path_or_file, "name", None)
    name = repr(title) if isinstance(title, str) else type(path_or_file).__name__
    with _seekable(path_or_file) as bytes_file:
        yield Source(name, bytes_file, None, _head(bytes_file))


class CallbackFile:
    """A file for libsndfile's callbacks; seeking before its start is not an error.

    It can be a part of a file, seem larger than it is, and replace some bytes. Reading
    stops at the real end; only the last 128 bytes before the apparent end can be read
    too, as zeros, because libmpg123 looks for an ID3v1 tag there.
    """

    def __init__(
        self,
        file: IO[bytes],
        start: int = 0,
        end: int | None = None,
        *,
        seeming_size: int | None = None,
        patches: Mapping[int, bytes] | None = None,
    ) -> None:
        """Wrap `file` from byte `start` to `end`; `patches` maps offsets to bytes."""
        self._file = file
        self._start = start
        size = file.seek(0, io.SEEK_END)
        self._there = (size if end is None else min(end, size)) - start
        self._end = self._there
        self._zeros_from = None
        if seeming_size is not None:
            self._end = max(seeming_size, self._end + 128)
            self._zeros_from = self._end - 128
        self._patches = patches or {}
        self._position = 0

    def tell(self) -> int:
        """Return the position in bytes from `start`."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, as for any file."""
        base = (0, self._position, self._end)[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        at = self._position
        if self._zeros_from is not None and at >= self._zeros_from:
            data = bytes(max(0, min(size, self._end - at)))
        else:
            self._file.seek(self._start + at)
            data = self._file.read(max(0, min(size, self._there - at)))
            for place, patch in self._patches.items():
                data = _patched(data, place - at, patch)
        self._position += len(data)
        return data


def _patched(data: bytes, at: int, patch: bytes) -> bytes:
    first, last = max(at, 0), min(at + len(patch), len(data))
    if first >= last:
        return data
    return data[:first] + patch[first - at : last - at] + data[last:]


def is_utf16_text(head: bytes) -> bool:
    """Return whether bytes look like UTF-16, which resembles MPEG layer I frames."""
    if head[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return False
    text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    return _is_printable(text)


def looks_like(source: Source) -> str:
    """Return a description of a file that cannot be decoded."""
    if not source.size:
        return "an empty file"
    head = source.head.lower()
    for magic, description in _LOOKALIKES:
        if head.startswith(magic):
            return description
    if is_utf16_text(source.head):
        return "a text file (UTF-16)"
    # The last character may be incomplete.
    text = source.head.decode("utf-8", "replace").rstrip("\ufffd")
    if "\ufffd" not in text and _is_printable(text):
        return f"a text file that starts with {text[:20]!r}"
    return f"{source.size:,} bytes that start with {source.head[:12]!r}"


def _is_printable(text: str) -> bool:
    return all(letter.isprintable() or letter.isspace() for letter in text)


@contextmanager
def on_disk(source: Source) -> Iterator[str]:
    """Yield a path to the source's bytes, for decoders that need one."""
    if source.path is not None:
        yield source.path
        return
    # Not a NamedTemporaryFile, which other programs cannot open on Windows.
    with temporary_folder() as folder:
        path = os.path.join(folder, "audio")
        source.file.seek(0)
        with open(path, "xb") as copy:
            shutil.copyfileobj(source.file, copy)
        yield path


@contextmanager
def _seekable(file: Any) -> Iterator[IO[bytes]]:
    # Decoders call the file from C, where its exceptions would be lost. Therefore
    # other kinds of file are copied here, where errors are raised.
    if isinstance(file, io.BytesIO | io.BufferedReader) and file.seekable():
        yield file
        return
    if callable(seekable := getattr(file, "seekable", None)) and seekable():
        file.seek(0)
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as copy:
        while chunk := file.read(2**20):
            copy.write(_bytes(chunk))
        yield cast(IO[bytes], copy)


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return _bytes(file.read(HEAD_BYTES))


def _bytes(chunk: Any) -> bytes:
    if not isinstance(chunk, bytes | bytearray | memoryview):
        raise ValueError(
            f"The file returns {type(chunk).__name__}, not bytes. Open it in binary "
            f"mode."
        )
    return bytes(chunk)
