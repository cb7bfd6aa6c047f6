"""Read files made of chunks: RIFF and its variants, AIFF, 8SVX, CAF and Wave64.

A chunk is a name of four letters, a length, and that many bytes. One chunk contains
the audio.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

# A writer that cannot seek back leaves this length or more.
UNKNOWN = 0x7FFFF000

_WAVES = (b"RIFF", b"RIFX", b"RF64", b"BW64")
_EXTENSIBLE = 0xFFFE


@dataclass(frozen=True)
class Chunk:
    """One chunk.

    Attributes:
        key: Name of the chunk.
        start: First byte of its content.
        length: Stated length of its content in bytes; None if it is not stated.
    """

    key: bytes
    start: int
    length: int | None


@dataclass(frozen=True)
class Wav:
    """The header of a wav.

    Attributes:
        code: Number of the coding; 1 is PCM.
        block_bytes: Bytes per block.
        block_samples: Samples per block, if the coding states them; otherwise 0.
        sound: Chunk of the audio.
        order: Byte order, "<" or ">".
    """

    code: int
    block_bytes: int
    block_samples: int
    sound: Chunk
    order: str


@dataclass(frozen=True)
class _Layout:
    first: int  # offset of the first chunk
    header: str
    pad: int  # chunks start at multiples of this
    counted: int  # bytes of the header that the length includes


def sound_chunk(file: IO[bytes]) -> Chunk | None:
    """Return the chunk of the audio; None if the file has none or has no chunks."""
    for chunk in _chunks(file):
        if chunk.key in (b"data", b"SSND", b"BODY"):
            return chunk
    return None


def read_wav(file: IO[bytes]) -> Wav | None:
    """Read the header of a wav (RIFF, RIFX, RF64, BW64); None if it is not a wav."""
    file.seek(0)
    head = file.read(12)
    if head[:4] not in _WAVES or head[8:] != b"WAVE":
        return None
    order = ">" if head[:4] == b"RIFX" else "<"
    form = b""
    for chunk in _chunks(file):
        if chunk.key == b"fmt ":
            file.seek(chunk.start)
            form = file.read(min(chunk.length or 0, 40))
        if chunk.key == b"data":
            if len(form) < 16:
                return None
            code, block_bytes = struct.unpack_from(f"{order}H10xH", form)
            samples = 0
            if len(form) >= 20:
                samples = struct.unpack_from(f"{order}H", form, 18)[0]
            if code == _EXTENSIBLE and len(form) >= 26:
                code = struct.unpack_from(f"{order}H", form, 24)[0]
            return Wav(code, block_bytes, samples, chunk, order)
    return None


def is_left_open(file: IO[bytes], wav: Wav, size: int) -> bool:
    """Return whether audio follows a length of 0, which its writer did not update."""
    if wav.sound.length or wav.sound.start == size:
        return False
    file.seek(wav.sound.start)
    behind = file.read(8)
    if len(behind) < 8 or not all(32 <= letter < 127 for letter in behind[:4]):
        return True
    (length,) = struct.unpack(f"{wav.order}I", behind[4:])
    return wav.sound.start + 8 + length > size + 1


def _chunks(file: IO[bytes]) -> Iterator[Chunk]:
    layout = _layout(file)
    if layout is None:
        return
    start, size = layout.first, struct.calcsize(layout.header)
    long_length = None
    end = file.seek(0, io.SEEK_END)
    while start < end:  # a length may exceed what seek accepts
        file.seek(start)
        fields = file.read(size)
        if len(fields) < size:
            return
        key, length = struct.unpack(layout.header, fields)
        length -= layout.counted
        if key == b"ds64":  # RF64 and BW64 store the length of the audio here
            long_length = int.from_bytes(file.read(16)[8:], "little")
        if key == b"data" and length == 0xFFFFFFFF and long_length is not None:
            length = long_length
            known = True
        else:
            known = length >= 0 and (length < UNKNOWN or size > 8)
        yield Chunk(key, start + size, length if known else None)
        if length < 0:
            return
        start += size + -(-length // layout.pad) * layout.pad


def _layout(file: IO[bytes]) -> _Layout | None:
    file.seek(0)
    head = file.read(40)
    if head[:4] in _WAVES and head[8:12] == b"WAVE":
        return _Layout(12, ">4sI" if head[:4] == b"RIFX" else "<4sI", 2, 0)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC", b"8SVX", b"16SV"):
        return _Layout(12, ">4sI", 2, 0)
    if head[:4] == b"caff":
        return _Layout(8, ">4sq", 1, 0)
    if head[:4] == b"riff" and head[24:28] == b"wave":  # Sony Wave64
        return _Layout(40, "<4s12xq", 8, 24)
    return None
