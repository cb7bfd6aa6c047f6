"""What TensorFlow's messages share: types, shapes, and the numbers of a tensor.

Source: tensorflow/core/framework/{tensor,tensor_shape,types}.proto.
"""

import math
from typing import NamedTuple

import numpy as np

from kerasaudio.checkpoints.protobuf import (
    BYTES,
    VARINT,
    Value,
    fields,
    single,
    varints,
)


class Type(NamedTuple):
    """A DataType that is read: NumPy's name, and its packed field in TensorProto."""

    name: str
    field: int


TYPES = {
    1: Type("float32", 5),
    2: Type("float64", 6),
    3: Type("int32", 7),
    9: Type("int64", 10),
}
_MOST_DIMENSIONS = 8


def read_shape(value: Value | None) -> tuple[int, ...]:
    """Return the shape in a TensorShapeProto.

    Raises:
        ValueError: The message is damaged, or the shape is beyond any tensor's.
    """
    shape = []
    for _, dimension in fields(value, {2: BYTES}):
        size = single(dimension, {1: VARINT}).get(1, 0)
        assert isinstance(size, int)
        shape.append(size)
    if len(shape) > _MOST_DIMENSIONS or math.prod(shape) > 2**40:
        raise ValueError(f"a tensor has the shape {shape}")
    return tuple(shape)


def packed(content: Value, dtype: np.dtype, name: str) -> np.ndarray:
    """Return the numbers of a packed field.

    Args:
        content: Bytes of the field.
        dtype: Type of the numbers.
        name: Name of the tensor, for messages.

    Raises:
        ValueError: A number is cut off, or does not fit the type.
    """
    assert isinstance(content, memoryview)
    if dtype.kind == "f":
        return plain(content, dtype, name)
    numbers = np.array(list(varints(content)), np.uint64)
    values = numbers.view(np.int64)  # negative: two's complement
    if values.size and not np.array_equal(values.astype(dtype), values):
        raise ValueError(f"{name!r} has numbers that do not fit {dtype}")
    return values.astype(dtype)


def plain(content: memoryview, dtype: np.dtype, name: str) -> np.ndarray:
    """Return numbers that are stored side by side, as a copy; arguments as `packed`.

    Raises:
        ValueError: The last number is cut off.
    """
    if len(content) % dtype.itemsize:
        raise ValueError(f"{name!r} ends in the middle of a number")
    return np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype)


def shaped(values: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Return values in a shape; arguments as `packed`.

    Raises:
        ValueError: The shape needs another number of values.
    """
    if values.size != math.prod(shape):
        raise ValueError(f"{name!r} has {values.size} numbers for the shape {shape}")
    return values.reshape(shape)
