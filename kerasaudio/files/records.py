"""Records in a log, each with a checksum, so that damage on disk is detected.

A record is two 32-bit numbers, little-endian (length and CRC-32 of the content), and
the content, a JSON object. The records after a damaged one cannot be found.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import IO, Any

_PREFIX = struct.Struct("<II")
_LONGEST = 2**20


def record(facts: Mapping[str, Any]) -> bytes:
    """Return the bytes of a record."""
    content = json.dumps(facts).encode()
    return _PREFIX.pack(len(content), zlib.crc32(content)) + content


def read_record(file: IO[bytes]) -> dict[str, Any] | None:
    """Read the record at the current position; None at the end, or if it is damaged.

    Raises:
        OSError: The file cannot be read.
    """
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size:
        return None
    length, crc = _PREFIX.unpack(prefix)
    # A power cut can leave zeros, and the checksum of no bytes is zero.
    if not 0 < length <= _LONGEST:
        return None
    content = file.read(length)
    if len(content) < length or zlib.crc32(content) != crc:
        return None
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError):  # undamaged, but not written by us
        return None
    return facts if isinstance(facts, dict) else None


def write_all(file: IO[bytes], content: bytes | memoryview) -> None:
    """Write all bytes, as a raw file may write only some of them at a time."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
