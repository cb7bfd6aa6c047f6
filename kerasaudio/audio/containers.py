"""What an audio file says of its own length, to tell when it has been cut short.

libsndfile trims the length in a header to the bytes that are there and says nothing,
so the headers are read here once more.
"""

import io
import struct
from typing import IO

# A writer that cannot seek back leaves a length of this much or more.
_UNKNOWN = 0x7FFFF000


def missing_bytes(file: IO[bytes]) -> int:
    """Bytes of sound that a header promises and the file does not hold.

    Args:
        file: Open binary file that can be sought.

    Returns:
        The bytes missing; 0 where none are, or where the format does not tell (mp3
        and FLAC tell when they are decoded, if their header states a length; an Ogg
        file that ends between two pages does not tell at all).
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(40)
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        end = _end_of_chunk(file, b"data", 12, "<4sI", pad=2)
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        end = _end_of_chunk(file, b"SSND", 12, ">4sI", pad=2)
    elif head[:4] == b"caff":
        end = _end_of_chunk(file, b"data", 8, ">4sq", pad=1)
    elif head[:4] == b"riff" and head[24:28] == b"wave":
        # Sony Wave64: chunk sizes count their own 24 bytes of header.
        end = _end_of_chunk(file, b"data", 40, "<4s12xq", pad=8, counted=24)
    elif head[:4] == b".snd" and len(head) >= 12:
        start, length = struct.unpack(">II", head[4:12])
        end = None if length >= _UNKNOWN else start + length
    elif head[:4] == b"OggS":
        end = _end_of_last_page(file, size)
    else:
        end = None
    return 0 if end is None else max(0, end - size)


def _end_of_chunk(
    file: IO[bytes], wanted: bytes, start: int, form: str, pad: int, counted: int = 0
) -> int | None:
    header = struct.calcsize(form)
    long_size = None
    while True:
        file.seek(start)
        fields = file.read(header)
        if len(fields) < header:
            return None
        key, length = struct.unpack(form, fields)
        if key == b"ds64":  # RF64 keeps the length of its data chunk here
            long_size = int.from_bytes(file.read(16)[8:], "little")
        if key == wanted:
            if length == 0xFFFFFFFF and long_size is not None:
                return start + header + long_size
            known = 0 <= length < _UNKNOWN or header > 8
            return start + header + length - counted if known and length >= 0 else None
        if length < counted:
            return None
        start += header + -(-(length - counted) // pad) * pad


def _end_of_last_page(file: IO[bytes], size: int) -> int | None:
    # An Ogg page has at most 27 + 255 + 255 * 255 bytes.
    tail_start = max(0, size - 2 * 65_307)
    file.seek(tail_start)
    tail = file.read()
    at = tail.rfind(b"OggS\0")
    if at < 0:
        return None
    segments = tail[at + 26] if at + 26 < len(tail) else 1
    return tail_start + at + 27 + segments + sum(tail[at + 27 : at + 27 + segments])
