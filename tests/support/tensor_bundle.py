"""TensorFlow checkpoints of two files, written without TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.crc32c import crc32c, mask
from support.frozen_graph import CODES
from support.tf1_checkpoint import Entries, message, number, table, varint

HEADER = number(1, 1) + message(3, number(1, 1))


def write_tensor_bundle(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write NAME.index and NAME.data-00000-of-00001 beside it."""
    entries, numbers = bundle(tensors)
    path.write_bytes(table(entries))
    data_path(path).write_bytes(numbers)


def data_path(index: Path) -> Path:
    """Give the path of the file with the numbers."""
    return index.with_name(f"{index.stem}.data-00000-of-00001")


def bundle(tensors: Mapping[str, np.ndarray]) -> tuple[Entries, bytes]:
    """Give the entries of the index, and the numbers."""
    entries: Entries = [(b"", HEADER)]
    numbers = b""
    for name in sorted(tensors):
        array = tensors[name]
        content = array.astype(array.dtype.newbyteorder("<")).tobytes()
        code, _ = CODES[array.dtype.name]
        value = entry(code, array.shape, len(numbers), content)
        entries.append((name.encode(), value))
        numbers += content
    return entries, numbers


def entry(code: int, shape: tuple[int, ...], start: int, content: bytes) -> bytes:
    """Give a BundleEntryProto; as in TensorFlow's, what is zero is left out."""
    sizes = b"".join(message(2, number(1, size)) for size in shape)
    value = number(1, code) + message(2, sizes)
    value += number(4, start) if start else b""
    value += number(5, len(content)) if content else b""
    return value + fixed(6, mask(crc32c(content)))


def fixed(field: int, value: int) -> bytes:
    """Give a field of four bytes."""
    return varint(field << 3 | 5) + value.to_bytes(4, "little")
