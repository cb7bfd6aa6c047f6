"""TensorFlow 1 checkpoints of one file, written without TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.crc32c import crc32c, mask
from kerasaudio.checkpoints.sstable import MAGIC

Entries = list[tuple[bytes, bytes]]
_CODES = {"float32": (1, 5), "float64": (2, 6), "int32": (3, 7), "int64": (9, 10)}


def write_tf1_checkpoint(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write a checkpoint as `tf.compat.v1.train.Saver(write_version=V1)` does."""
    path.write_bytes(table(checkpoint_entries(tensors)))


def checkpoint_entries(tensors: Mapping[str, np.ndarray]) -> Entries:
    """Give the keys and messages of a checkpoint, in order."""
    metas, entries = [], []
    for name, array in tensors.items():
        code, field = _CODES[array.dtype.name]
        extents = message(1, b"") * array.ndim
        shape = b"".join(message(2, number(1, size)) for size in array.shape)
        metas.append(
            message(1, name.encode())
            + message(2, shape)
            + number(3, code)
            + message(4, extents)
        )
        proto = message(field, packed(array))
        data = message(1, name.encode()) + message(2, extents) + message(3, proto)
        entries.append((slice_key(name, array.ndim), message(2, data)))
    meta = b"".join(message(1, meta) for meta in metas) + message(2, number(1, 21))
    return [(b"", message(1, meta)), *sorted(entries)]


def packed(array: np.ndarray) -> bytes:
    """Give the numbers of an array as a packed field holds them."""
    if array.dtype.kind == "f":
        return array.astype(array.dtype.newbyteorder("<")).tobytes()
    return b"".join(varint(int(value) % (1 << 64)) for value in array.ravel())


def slice_key(name: str, dimensions: int) -> bytes:
    """Give the key of a whole tensor with an ASCII name."""
    count = bytes([1, dimensions]) if dimensions else b"\0"
    return b"\0" + name.encode() + b"\0\x01" + count + b"\x80\x7f" * dimensions


def table(entries: Entries, *, block_size: int = 1 << 18, kind: int = 0) -> bytes:
    """Give a sorted table of the entries."""
    content, index = b"", []
    pending: list[tuple[bytes, bytes]] = []
    chunks: list[bytes] = []
    length = 0

    def flush() -> None:
        nonlocal length
        if pending:
            body = block(pending)
            index.append((pending[-1][0], varint(length) + varint(len(body))))
            chunks.append(sealed(body, kind))
            length += len(body) + 5
            pending.clear()

    for entry in entries:
        pending.append(entry)
        if sum(len(value) for _, value in pending) >= block_size:
            flush()
    flush()
    places = []
    for body in (block([]), block(index)):
        places.append(varint(length) + varint(len(body)))
        chunks.append(sealed(body, 0))
        length += len(body) + 5
    content = b"".join(chunks)
    return content + b"".join(places).ljust(40, b"\0") + MAGIC.to_bytes(8, "little")


def block(entries: Entries) -> bytes:
    """Give a block; its first key is whole, others leave out what they share."""
    body, last = [], b""
    for key, value in entries:
        shared = 0
        while shared < min(len(key), len(last)) and key[shared] == last[shared]:
            shared += 1
        sizes = varint(shared) + varint(len(key) - shared) + varint(len(value))
        body.append(sizes + key[shared:] + value)
        last = key
    restarts = (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
    return b"".join(body) + restarts


def sealed(body: bytes, kind: int = 0) -> bytes:
    """Give a block with its type and CRC."""
    whole = body + bytes([kind])
    return whole + mask(crc32c(whole)).to_bytes(4, "little")


def message(field: int, content: bytes) -> bytes:
    """Give a field of bytes."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def number(field: int, value: int) -> bytes:
    """Give a field of a number."""
    return varint(field << 3) + varint(value)


def varint(value: int) -> bytes:
    """Give a number in seven bits a byte."""
    octets = []
    while value >= 0x80:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])
