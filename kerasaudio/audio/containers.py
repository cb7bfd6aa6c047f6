"""Read the length that an audio file states, to detect truncated files.

libsndfile silently reduces the length in a header to the bytes that exist, and ffmpeg
does not always report truncation. Therefore the headers are read again here.
"""

import io
import struct
from typing import IO

from kerasaudio.audio.ogg import read_links
from kerasaudio.audio.riff import UNKNOWN, sound_chunk
from kerasaudio.audio.shortfall import Shortfall

_ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"
_ASF_FACTS = b"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65"
_WAVPACK_UNKNOWN = 0xFFFFFFFF


def shortfall(file: IO[bytes], decoded: int | None = None) -> Shortfall | None:
    """Compare the length in the header with the file.

    Args:
        file: Open seekable binary file.
        decoded: Number of frames that a decoder returned, to compare that as well.

    Returns:
        The missing part; None if nothing is missing or the format does not state a
        length (mp3 and FLAC are checked during decoding, if their header states one).
    """
    file.seek(0)
    head = file.read(1024)
    if head[:4] == b"OggS":
        return next((link.loss for link in read_links(file) if link.loss), None)
    if head[:4] == b"wvpk" and decoded is not None:
        return _wavpack_shortfall(head, decoded)
    bounds = _bounds(file, head)
    if bounds is None:
        return None
    start, end = bounds
    there = file.seek(0, io.SEEK_END)
    if end <= max(start, there):
        return None
    share = max(0, there - start) / (end - start) if start else None
    return Shortfall(f"{end - there:,} bytes are missing", share)


def _bounds(file: IO[bytes], head: bytes) -> tuple[int, int] | None:
    """Return where the sound starts (0 if unknown) and should end, in bytes."""
    chunk = sound_chunk(file)
    if chunk is not None:
        length = chunk.length
        return None if length is None else (chunk.start, chunk.start + length)
    if head[:4] in (b".snd", b"dns."):  # Sun and NeXT; DEC with swapped bytes
        return _au_bounds(head)
    if head[:7] == b"NIST_1A":
        return _nist_bounds(head)
    if head[:8] == _ASF:
        return _asf_bounds(file)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _box_bounds(file)
    return None


def _au_bounds(head: bytes) -> tuple[int, int] | None:
    if len(head) < 12:
        return None
    start, length = struct.unpack((">" if head[:1] == b"." else "<") + "II", head[4:12])
    return None if length >= UNKNOWN else (start, start + length)


def _nist_bounds(head: bytes) -> tuple[int, int] | None:
    """Read the header of a NIST Sphere file: lines with a name, a type and a value."""
    lines = [line.split(None, 2) for line in head.decode("latin-1").split("\n")]
    fields = {line[0]: line[2] for line in lines if len(line) == 3}
    try:
        start = int(lines[1][0])
        length = int(fields["sample_count"]) * int(fields["sample_n_bytes"])
        length *= int(fields.get("channel_count", 1))
    except (IndexError, KeyError, ValueError):
        return None
    return start, start + length


def _asf_bounds(file: IO[bytes]) -> tuple[int, int] | None:
    """Find the size of the file in a wma header; live streams do not state it."""
    file.seek(0)
    header = file.read(2**16)
    at = header.find(_ASF_FACTS)
    if at < 0 or len(header) < at + 104:
        return None
    size, flags = struct.unpack_from("<Q40xI", header, at + 40)
    return None if flags & 1 or not size else (0, size)


def _box_bounds(file: IO[bytes]) -> tuple[int, int]:
    """Find the end of the last box of an mp4 or mov."""
    size = file.seek(0, io.SEEK_END)
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:], "big")
        is_box = len(head) >= 8 and all(letter >= 32 for letter in head[4:8])
        if length < 8 or not is_box:  # the box extends to the end, or is not a box
            break
        at += length
    return 0, at


def _wavpack_shortfall(head: bytes, decoded: int) -> Shortfall | None:
    promised = int.from_bytes(head[12:16], "little")
    if promised == _WAVPACK_UNKNOWN or decoded >= promised:
        return None
    return Shortfall(f"{promised - decoded:,} samples are missing", decoded / promised)
