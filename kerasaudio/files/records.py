"""Facts in a log, each record with its checksum; what a disk did to one is seen.

A record is two 32-bit numbers, little-endian (length of the facts, their CRC-32), and
the facts: a JSON object. What follows a damaged record cannot be found.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import IO, Any

_PREFIX = struct.Struct("<II")
_LONGEST = 2**20


def record(facts: Mapping[str, Any]) -> bytes:
    """Give the bytes of a record."""
    content = json.dumps(facts).encode()
    return _PREFIX.pack(len(content), zlib.crc32(content)) + content


def read_record(file: IO[bytes]) -> dict[str, Any] | None:
    """Read the record that begins here; None at the end, or where none is whole.

    Raises:
        OSError: The file cannot be read.
    """
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size:
        return None
    length, crc = _PREFIX.unpack(prefix)
    # A power cut can leave zeros, and zero is the checksum of nothing.
    if not 0 < length <= _LONGEST:
        return None
    content = file.read(length)
    if len(content) < length or zlib.crc32(content) != crc:
        return None
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError):  # whole, but not written by us
        return None
    return facts if isinstance(facts, dict) else None


def write_all(file: IO[bytes], content: bytes | memoryview) -> None:
    """Write all of it: a raw file may take less at a time."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
