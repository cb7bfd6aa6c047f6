"""Read TensorFlow 1 checkpoints of the first format (one file), without TensorFlow.

The file is a sorted table (`sstable`) of protocol buffers. The empty key has a list of
the tensors, SavedTensorSlices.meta. Each tensor's numbers, SavedTensorSlices.data, have
a key made from its name. Tensors that were saved in several parts are rejected.

Source: tensorflow/core/util/saved_tensor_slice.proto, saved_tensor_slice_util.cc,
tensorflow/core/framework/{tensor,tensor_shape,tensor_slice}.proto.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasaudio.checkpoints.protobuf import (
    BYTES,
    VARINT,
    Value,
    fields,
    single,
    text,
)
from kerasaudio.checkpoints.sstable import read_table
from kerasaudio.checkpoints.tensor_proto import TYPES, packed, read_shape, shaped


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
    for number, value in fields(meta, {1: BYTES, 2: BYTES}):
        if number == 2:  # versions of the writer and its readers
            continue
        parts = single(value, {1: BYTES, 2: BYTES, 3: VARINT, 4: BYTES})
        name = text(parts.get(1), "a tensor")
        dtype = parts.get(3)
        if not isinstance(dtype, int):
            raise ValueError(f"{name!r} has no type")
        if name in listed:
            raise ValueError(f"it lists {name!r} twice")
        shape = read_shape(parts.get(2))
        _check_whole(parts.get(4), len(shape), name)
        listed[name] = _Listed(shape, dtype)
    return listed


def _saved_slice(value: memoryview, key: bytes) -> tuple[str, Value]:
    parts = single(value, {1: BYTES, 2: BYTES, 3: BYTES})
    name = text(parts.get(1), "a tensor")
    dimensions = sum(1 for _ in fields(parts.get(2), {1: BYTES}))
    _check_whole(parts.get(2), dimensions, name)
    if key != _key(name, dimensions):
        raise ValueError(f"{name!r} has another tensor's key")
    return name, parts.get(3, memoryview(b""))


def _check_whole(value: Value | None, dimensions: int, name: str) -> None:
    """Raise unless a slice is the whole tensor: an open extent for each dimension."""
    extents = list(fields(value, {1: BYTES}))
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


def _array(proto: Value, listed: _Listed, name: str) -> np.ndarray | None:
    stored = TYPES.get(listed.dtype)
    if stored is None:
        return None
    parts = single(proto, {1: VARINT, stored.field: BYTES})
    if parts.get(1, listed.dtype) != listed.dtype:
        raise ValueError(f"{name!r} is listed with another type")
    content = parts.get(stored.field, memoryview(b""))
    return shaped(packed(content, np.dtype(stored.name), name), listed.shape, name)


def _only(value: memoryview, number: int) -> memoryview:
    part = single(value, {number: BYTES}).get(number)
    if not isinstance(part, memoryview):
        raise ValueError("an entry is not part of a checkpoint")
    return part
