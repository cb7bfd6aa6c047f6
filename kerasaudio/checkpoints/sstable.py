"""Read LevelDB's sorted tables, as TensorFlow 1 writes them: keys and values in order.

file = data blocks, an empty meta-index, an index (last key -> place of a block), footer
block = entries (shared, own, value lengths, key, value), restart points, type, CRC

Only files as written by TensorFlow are read: uncompressed consecutive blocks that fill
the file. Every byte is covered by a CRC or a value that is checked.

Source: google/leveldb, doc/table_format.md; tensorflow/core/lib/io/table_builder.cc.
"""

from collections.abc import Iterator

import numpy as np

from kerasaudio.checkpoints.crc32c import crc32c, unmask
from kerasaudio.checkpoints.protobuf import varint

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
_TRAILER = 5  # type and CRC
_LONGEST_KEY = 4096


def read_table(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the keys, ascending, and their values, which are views of `content`.

    Raises:
        ValueError: The file is damaged, compressed, or not such a table.
    """
    if len(content) < FOOTER + 2 * _TRAILER:
        raise ValueError(f"it has {len(content)} bytes, too few for a table")
    end = len(content) - FOOTER
    if int.from_bytes(content[-8:], "little") != MAGIC:
        raise ValueError("it does not end as a table does")
    meta, position = _handle(content, end)
    index, position = _handle(content, position)
    if any(content[position:-8]):
        raise ValueError("its footer has unexpected content")
    blocks = [
        (key, *_only_handle(place)) for key, place in _entries(_block(content, *index))
    ]
    _check_places([place for _, *place in blocks] + [list(meta), list(index)], end)
    if any(True for _ in _entries(_block(content, *meta))):
        raise ValueError("its meta-index is not empty")
    last = None
    for limit, start, size in blocks:
        for key, value in _entries(_block(content, start, size)):
            if last is not None and key <= last:
                raise ValueError(f"the key {key!r} is out of order")
            yield key, value
            last = key
        if last is None or last > limit:
            raise ValueError(f"the index puts {last!r} before {limit!r}")


def _check_places(places: list[list[int]], end: int) -> None:
    position = 0
    for start, size in places:
        if start != position:
            raise ValueError(f"a block is at byte {start:,}, not {position:,}")
        position += size + _TRAILER
    if position != end:
        raise ValueError(f"its blocks end at byte {position:,}, not {end:,}")


def _block(content: memoryview, start: int, size: int) -> memoryview:
    """Return the entries of a block, after checking its CRC."""
    if start + size + _TRAILER > len(content) - FOOTER:
        raise ValueError(f"a block at byte {start:,} reaches beyond the file")
    sealed = content[start : start + size + 1]
    if sealed[-1] != 0:
        raise ValueError(f"the block at byte {start:,} is compressed")
    stored = int.from_bytes(content[start + size + 1 :][:4], "little")
    if crc32c(np.frombuffer(sealed, np.uint8)) != unmask(stored):
        raise ValueError(f"the block at byte {start:,} is damaged: its CRC is wrong")
    restarts = int.from_bytes(sealed[size - 4 : size], "little") if size >= 4 else 0
    entries = size - 4 * (restarts + 1)
    if restarts < 1 or entries < 0:
        raise ValueError(f"the block at byte {start:,} has no restart points")
    return sealed[:entries]


def _entries(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    key, position = b"", 0
    while position < len(block):
        shared, position = varint(block, position)
        own, position = varint(block, position)
        length, position = varint(block, position)
        if shared > len(key) or shared + own > _LONGEST_KEY:
            raise ValueError(f"a key shares {shared} bytes and has {own} of its own")
        if position + own + length > len(block):
            raise ValueError("an entry reaches beyond its block")
        key = key[:shared] + bytes(block[position : position + own])
        position += own
        yield key, block[position : position + length]
        position += length


def _only_handle(place: memoryview) -> tuple[int, int]:
    handle, position = _handle(place, 0)
    if position != len(place):
        raise ValueError("its index has unexpected content")
    return handle


def _handle(data: memoryview, position: int) -> tuple[tuple[int, int], int]:
    start, position = varint(data, position)
    size, position = varint(data, position)
    return (start, size), position
