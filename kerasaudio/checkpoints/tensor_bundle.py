"""Read TensorFlow's checkpoints of two files, `.index` and `.data-...`, without it.

The index is a sorted table (`sstable`) of protocol buffers: the empty key has a header,
all other keys are names of tensors, with type, shape, place and CRC. The data files
hold the bare numbers. TensorFlow 2 and the Saver of late TensorFlow 1 write this
format; in a SavedModel the two files are in the folder `variables`.

Source: tensorflow/core/protobuf/tensor_bundle.proto,
tensorflow/core/util/tensor_bundle/tensor_bundle.cc.
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.crc32c import crc32c, unmask
from kerasaudio.checkpoints.protobuf import (
    BYTES,
    FOUR_BYTES,
    VARINT,
    Value,
    single,
)
from kerasaudio.checkpoints.sstable import read_table
from kerasaudio.checkpoints.tensor_proto import TYPES, plain, read_shape, shaped

_HEADER = {1: VARINT, 2: VARINT, 3: BYTES}
_ENTRY = {
    **{1: VARINT, 2: BYTES, 3: VARINT, 4: VARINT, 5: VARINT},
    **{6: FOUR_BYTES, 7: BYTES},
}


def read_tensor_bundle(
    index: str | os.PathLike[str], data: str | os.PathLike[str] | None = None
) -> dict[str, np.ndarray]:
    """Read the tensors of a checkpoint of two files; nothing in them is executed.

    Args:
        index: Path of the index, such as `variables.index`.
        data: Path of the data; default: next to the index, such as
            `variables.data-00000-of-00001`.

    Returns:
        Arrays by name: float32, float64, int32, int64. Tensors of other types (such as
        the description of the objects, a text) are left out.

    Raises:
        ValueError: A file is damaged, claims more than it contains, or is another kind
            of file; the checkpoint has several data files.
        OSError: A file cannot be opened.
    """
    index = Path(index)
    if data is None:
        data = index.with_name(f"{index.stem}.data-00000-of-00001")
    data = Path(data)
    if not data.is_file():
        raise FileNotFoundError(
            f"{index} needs the file with its numbers, {data.name}, in the same "
            "folder. It is not there."
        )
    numbers = memoryview(data.read_bytes())
    try:
        return _read(memoryview(index.read_bytes()), numbers)
    except ValueError as error:
        raise ValueError(
            f"{index} with {data} cannot be read as a TensorFlow checkpoint: {error}."
        ) from error


def _read(index: memoryview, numbers: memoryview) -> dict[str, np.ndarray]:
    table = read_table(index)
    key, value = next(table, (None, memoryview(b"")))
    if key != b"":
        raise ValueError(f"it begins with the key {key!r}, not with a header")
    header = single(value, _HEADER)
    if header.get(1, 1) != 1:
        raise ValueError(f"it has {header[1]} data files; only one is read")
    if header.get(2, 0) != 0:
        raise ValueError("its numbers are big-endian")
    arrays = {}
    room = len(numbers)
    for key, value in table:
        name = key.decode("utf-8")
        array = _array(single(value, _ENTRY), numbers, name)
        if array is not None:
            arrays[name] = array
            room -= array.nbytes
        if room < 0:  # a small file would fill the memory
            raise ValueError(f"{name!r} shares its numbers with other tensors")
    return arrays


def _array(
    entry: Mapping[int, Value], numbers: memoryview, name: str
) -> np.ndarray | None:
    stored = TYPES.get(_number(entry, 1))
    if stored is None:
        return None
    if 7 in entry:
        raise ValueError(f"{name!r} was saved in several parts")
    dtype, shape = np.dtype(stored.name), read_shape(entry.get(2))
    shard, start, size = (_number(entry, field) for field in (3, 4, 5))
    if size != dtype.itemsize * math.prod(shape):
        raise ValueError(f"{name!r} has {size} bytes for the shape {shape}")
    if shard or start + size > len(numbers):
        raise ValueError(f"{name!r} is at byte {start:,}, beyond the data")
    content = numbers[start : start + size]
    if crc32c(np.frombuffer(content, np.uint8)) != unmask(_number(entry, 6)):
        raise ValueError(f"the numbers of {name!r} are damaged: their CRC is wrong")
    return shaped(plain(content, dtype, name), shape, name)


def _number(entry: Mapping[int, Value], field: int) -> int:
    value = entry.get(field, 0)
    assert isinstance(value, int)
    return value
