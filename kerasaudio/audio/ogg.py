"""Read the pages of an Ogg file: whether all exist, and where each stream ends.

libsndfile stops after the first of several streams in a row ("links" of a chain), and
takes the end of the file as the end of the audio. Pages are numbered and the last one
is marked, so that missing pages can be detected. (Format: RFC 3533.)
"""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from kerasaudio.audio.shortfall import Shortfall

_CODECS = {
    b"\x01vorbis": "Vorbis",
    b"OpusHead": "Opus",
    b"\x7fFLAC": "FLAC",
    b"Speex   ": "Speex",
}
_OPUS_RATE = 48_000
_FIRST, _LAST = 2, 4  # flags of a page
_NO_POSITION = 2**64 - 1  # position of a page on which no packet ends
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class Link:
    """An audio stream from its first page to its last.

    Attributes:
        codec: "Vorbis", "Opus", "FLAC" or "Speex".
        start: First byte.
        end: Byte after the last one.
        tail: Samples from the end of the second last page to the end of the last page;
            the end of the last page is trimmed, so seeking by counting fails in it.
        loss: The missing part; None if the stream is complete.
    """

    codec: str
    start: int
    end: int
    tail: int
    loss: Shortfall | None


@dataclass(frozen=True)
class _Page:
    start: int
    end: int
    flags: int
    position: int
    serial: int
    number: int
    is_sound: bool  # the checksum is right
    body: bytes


@dataclass
class _Stream:
    """One logical stream while its pages are read."""

    codec: str
    start: int
    rate: int  # unit of the positions, in Hz; 0 if unknown
    end: int = 0
    positions: list[int] = field(default_factory=lambda: [0, 0])
    number: int = 0
    is_ended: bool = False
    loss: str | None = None
    cut: Shortfall | None = None

    def add(self, page: _Page) -> None:
        if page.number != self.number and self.positions[1]:
            # (After the headers, a recording of a broadcast may start at any page.)
            missing = page.number - self.number
            self.loss = self.loss or f"{max(1, missing)} of its pages are missing"
        if not page.is_sound:
            self.loss = self.loss or "one of its pages is damaged"
        self.number = page.number + 1
        self.end = page.end
        self.is_ended = bool(page.flags & _LAST)
        if page.position != _NO_POSITION:
            self.positions = [self.positions[1], page.position]

    def end_in(self, page: _Page, missing: int) -> None:
        """Record that a page is truncated."""
        seconds = None
        if page.position != _NO_POSITION and self.rate and page.number >= 0:
            seconds = max(0, page.position - self.positions[1]) / self.rate
        self.is_ended = False
        self.cut = Shortfall(f"at least {missing:,} bytes are missing", seconds=seconds)

    def link(self) -> Link:
        loss = None if self.loss is None else Shortfall(self.loss, kind="damaged")
        if not self.is_ended:
            end = self.cut or Shortfall("the last page is missing")
            loss = loss or end
        tail = max(0, self.positions[1] - self.positions[0])
        return Link(self.codec, self.start, self.end, tail, loss)


def read_links(file: IO[bytes]) -> list[Link]:
    """Read all pages of an Ogg file.

    Args:
        file: Open seekable binary file.

    Returns:
        The audio streams, one after the other; of several parallel streams only the
        first. The list is empty if this is not an Ogg file or has no audio.
    """
    size = file.seek(0, io.SEEK_END)
    found: list[_Stream] = []
    current: dict[int, _Stream | None] = {}
    in_headers = has_sound = False
    for page in _pages(file, size):
        if page.flags & _FIRST:
            if not in_headers:  # the streams of the next link begin
                current, has_sound = {}, False
            in_headers = True
            codec = _codec(page.body)
            stream = None
            if codec is not None and not has_sound:
                stream = _Stream(codec, page.start, _rate(codec, page.body))
                has_sound = True
                found.append(stream)
            current[page.serial] = stream
        else:
            in_headers = False
        if page.end > size:
            if found:
                found[-1].end_in(page, page.end - size)
            break
        stream = current.get(page.serial)
        if stream is not None:
            stream.add(page)
    return [stream.link() for stream in found]


def _rate(codec: str, body: bytes) -> int:
    if codec == "Vorbis":
        return int.from_bytes(body[12:16], "little")
    return _OPUS_RATE if codec == "Opus" else 0


def _codec(body: bytes) -> str | None:
    for magic, name in _CODECS.items():
        if body.startswith(magic):
            return name
    return None


def _pages(file: IO[bytes], size: int) -> Iterator[_Page]:
    """Yield the pages in order; the last may be truncated by the end of the file."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(27 + 255)
        if head[:5] != b"OggS\0":
            at = _next_page(file, at + 1)
            if at < 0:
                return
            continue
        if len(head) < 27 or len(head) < 27 + head[26]:
            yield _Page(at, size + 1, 0, _NO_POSITION, _serial(head), -1, True, b"")
            return
        segments = head[26]
        body_start = 27 + segments
        length = body_start + sum(head[27:body_start])
        file.seek(at)
        data = file.read(length)
        yield _Page(
            start=at,
            end=at + length,
            flags=data[5],
            position=int.from_bytes(data[6:14], "little"),
            serial=_serial(data),
            number=int.from_bytes(data[18:22], "little"),
            is_sound=len(data) < length or _checksum(data) == data[22:26],
            body=data[body_start : body_start + 16],
        )
        at += length


def _serial(head: bytes) -> int:
    return int.from_bytes(head[14:18], "little")


def _next_page(file: IO[bytes], at: int) -> int:
    file.seek(at)
    while block := file.read(2**16):
        found = block.find(b"OggS\0")
        if found >= 0:
            return at + found
        at += max(1, len(block) - 4)
        file.seek(at)
    return -1


def _checksum(page: bytes) -> bytes:
    """Return a page's CRC: zlib's polynomial, with reversed bits, starting at zero."""
    blank = page[:22] + bytes(4) + page[26:]
    mirrored = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return mirrored.to_bytes(4, "big").translate(_REVERSED)
