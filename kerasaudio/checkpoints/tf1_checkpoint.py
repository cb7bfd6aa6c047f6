"""Read TensorFlow 1 checkpoints of the first format (one file), without TensorFlow.

The file is a sorted table (`sstable`) of protocol buffers. The empty key has a list of
the tensors, SavedTensorSlices.meta. Each tensor's numbers, SavedTensorSlices.data, have
a key made from its name. Tensors that were saved in several parts are rejected.

Source: tensorflow/core/util/saved_tensor_slice.proto, saved_tensor_slice_util.cc,
tensorflow/core/framework/{tensor,tensor_shape,tensor_slice}.proto.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasaudio.checkpoints.sstable import read_table, varint

_Value = int | memoryview
_VARINT, _BYTES = 0, 2


class _Type(NamedTuple):
    """Storage of a DataType: its field in TensorProto, packed."""

    name: str
    field: int


_TYPES = {
    1: _Type("float32", 5),
    2: _Type("float64", 6),
    3: _Type("int32", 7),
    9: _Type("int64", 10),
}
_MOST_DIMENSIONS = 8


class _Listed(NamedTuple):
    shape: tuple[int, ...]
    dtype: int


def read_tf1_checkpoint(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read the tensors of a checkpoint that TensorFlow 1's Saver wrote (V1).

    Args:
        path: Path of the file, such as `vggish_model.ckpt`.

    Returns:
        Arrays by name of the variable: float32, float64, int32, int64. Variables of
        other types are left out.

    Raises:
        ValueError: The file is damaged, claims more than it contains, or is another
            kind of file.
        OSError: The file cannot be opened.
    """
    path = Path(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty.")
    content = np.memmap(path, np.uint8, mode="r").data
    try:
        return _read(content)
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be read as a TensorFlow 1 checkpoint of one file: {error}. "
            "(Checkpoints of several files, .index and .data-..., are another format.)"
        ) from error


def _read(content: memoryview) -> dict[str, np.ndarray]:
    table = read_table(content)
    key, value = next(table, (None, memoryview(b"")))
    if key != b"":
        raise ValueError(f"it begins with the key {key!r}, not with a list of tensors")
    listed = _list(_only(value, 1))
    arrays: dict[str, np.ndarray | None] = {}
    for key, value in table:
        name, numbers = _saved_slice(_only(value, 2), key)
        if name not in listed or name in arrays:
            raise ValueError(f"it contains {name!r} twice, or does not list it")
        arrays[name] = _array(numbers, listed[name], name)
    if missing := sorted(listed.keys() - arrays.keys()):
        raise ValueError(f"it lists {', '.join(missing[:4])}, but does not contain it")
    read = ((name, arrays[name]) for name in listed)
    return {name: array for name, array in read if array is not None}


def _list(meta: memoryview) -> dict[str, _Listed]:
    listed: dict[str, _Listed] = {}
    for number, value in _fields(meta, {1: _BYTES, 2: _BYTES}):
        if number == 2:  # versions of the writer and its readers
            continue
        parts = _single(value, {1: _BYTES, 2: _BYTES, 3: _VARINT, 4: _BYTES})
        name = _text(parts.get(1))
        dtype = parts.get(3)
        if not isinstance(dtype, int):
            raise ValueError(f"{name!r} has no type")
        if name in listed:
            raise ValueError(f"it lists {name!r} twice")
        shape = _shape(parts.get(2, memoryview(b"")))
        _check_whole(parts.get(4), len(shape), name)
        listed[name] = _Listed(shape, dtype)
    return listed


def _shape(value: _Value) -> tuple[int, ...]:
    shape = []
    for _, dimension in _fields(value, {2: _BYTES}):
        size = _single(dimension, {1: _VARINT}).get(1, 0)
        assert isinstance(size, int)
        shape.append(size)
    if len(shape) > _MOST_DIMENSIONS or math.prod(shape) > 2**40:
        raise ValueError(f"a tensor has the shape {shape}")
    return tuple(shape)


def _saved_slice(value: memoryview, key: bytes) -> tuple[str, _Value]:
    parts = _single(value, {1: _BYTES, 2: _BYTES, 3: _BYTES})
    name = _text(parts.get(1))
    dimensions = sum(1 for _ in _fields(parts.get(2, memoryview(b"")), {1: _BYTES}))
    _check_whole(parts.get(2), dimensions, name)
    if key != _key(name, dimensions):
        raise ValueError(f"{name!r} has another tensor's key")
    return name, parts.get(3, memoryview(b""))


def _check_whole(value: _Value | None, dimensions: int, name: str) -> None:
    """Raise unless a slice is the whole tensor: an open extent for each dimension."""
    extents = list(_fields(memoryview(b"") if value is None else value, {1: _BYTES}))
    for _, extent in extents:
        if not isinstance(extent, memoryview) or len(extent):
            raise ValueError(f"{name!r} was saved in several parts")
    if len(extents) != dimensions:
        raise ValueError(f"{name!r} has {dimensions} dimensions, but its slice differs")


def _key(name: str, dimensions: int) -> bytes:
    """Return the key of a whole tensor, in an order-preserving encoding."""
    escaped = name.encode().replace(b"\xff", b"\xff\x00").replace(b"\0", b"\0\xff")
    count = bytes([1, dimensions]) if dimensions else b"\0"
    return b"\0" + escaped + b"\0\x01" + count + dimensions * b"\x80\x7f"


def _array(proto: _Value, listed: _Listed, name: str) -> np.ndarray | None:
    stored = _TYPES.get(listed.dtype)
    if stored is None:
        return None
    parts = _single(proto, {1: _VARINT, stored.field: _BYTES})
    if parts.get(1, listed.dtype) != listed.dtype:
        raise ValueError(f"{name!r} is listed with another type")
    content = parts.get(stored.field, memoryview(b""))
    assert isinstance(content, memoryview)
    dtype = np.dtype(stored.name)
    if dtype.kind == "f":
        if len(content) % dtype.itemsize:
            raise ValueError(f"{name!r} ends in the middle of a number")
        values = np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype)
    else:
        values = _integers(content, dtype, name)
    if values.size != math.prod(listed.shape):
        raise ValueError(
            f"{name!r} has {values.size} numbers for the shape {listed.shape}"
        )
    return values.reshape(listed.shape)


def _integers(content: memoryview, dtype: np.dtype, name: str) -> np.ndarray:
    numbers, position = [], 0
    while position < len(content):
        number, position = varint(content, position)
        numbers.append(number)
    values = np.array(numbers, np.uint64).view(np.int64)  # negative: two's complement
    if values.size and not np.array_equal(values.astype(dtype), values):
        raise ValueError(f"{name!r} has numbers that do not fit {dtype}")
    return values.astype(dtype)


def _only(value: memoryview, number: int) -> memoryview:
    parts = _single(value, {number: _BYTES})
    part = parts.get(number)
    if not isinstance(part, memoryview):
        raise ValueError("an entry is not part of a checkpoint")
    return part


def _single(value: _Value, wires: dict[int, int]) -> dict[int, _Value]:
    """Return the fields of a message in which none is repeated."""
    parts: dict[int, _Value] = {}
    for number, part in _fields(value, wires):
        if number in parts:
            raise ValueError(f"a message has field {number} twice")
        parts[number] = part
    return parts


def _fields(message: _Value, wires: dict[int, int]) -> Iterator[tuple[int, _Value]]:
    """Yield the fields of a message; all must be known and of the known wire type."""
    assert isinstance(message, memoryview)
    position = 0
    while position < len(message):
        tag, position = varint(message, position)
        number, wire = tag >> 3, tag & 7
        if wires.get(number) != wire:
            raise ValueError(f"a message has a field {number} of wire type {wire}")
        length, position = varint(message, position)
        if wire == _VARINT:
            yield number, length
            continue
        if position + length > len(message):
            raise ValueError("a message is cut off")
        yield number, message[position : position + length]
        position += length


def _text(value: _Value | None) -> str:
    if not isinstance(value, memoryview):
        raise ValueError("a tensor has no name")
    return bytes(value).decode("utf-8")
