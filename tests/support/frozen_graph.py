"""Frozen TensorFlow graphs, written without TensorFlow."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from support.tf1_checkpoint import message, number, packed, varint

CODES = {"float32": (1, 5), "float64": (2, 6), "int32": (3, 7), "int64": (9, 10)}
Strides = Mapping[str, Sequence[int]]


def write_frozen_graph(
    path: Path, constants: Mapping[str, np.ndarray], strides: Strides | None = None
) -> None:
    """Write a graph with constants, and convolutions of which only strides are told."""
    path.write_bytes(graph(constants, strides))


def graph(constants: Mapping[str, np.ndarray], strides: Strides | None = None) -> bytes:
    """Give a GraphDef."""
    nodes = [node("input", "Placeholder", dtype=number(6, 1))]
    for name, array in constants.items():
        nodes.append(constant(name, tensor(array)))
        nodes.append(node(f"{name}/read", "Identity", name))
    for name, steps in (strides or {}).items():
        operation = "Conv2D" if name.endswith("Conv2D") else "DepthwiseConv2dNative"
        listed = message(3, b"".join(map(varint, steps)))
        attributes = {"strides": message(1, listed), "padding": message(2, b"SAME")}
        nodes.append(node(name, operation, "input", **attributes))
    return b"".join(message(1, one) for one in nodes) + message(4, number(1, 21))


def constant(name: str, content: bytes, code: int = 1) -> bytes:
    """Give a node of a TensorProto."""
    return node(name, "Const", value=message(8, content), dtype=number(6, code))


def node(name: str, operation: str, *inputs: str, **attributes: bytes) -> bytes:
    """Give a NodeDef; attributes are AttrValues."""
    content = message(1, name.encode()) + message(2, operation.encode())
    content += b"".join(message(3, one.encode()) for one in inputs)
    for key, value in attributes.items():
        content += message(5, message(1, key.encode()) + message(2, value))
    return content


def tensor(array: np.ndarray) -> bytes:
    """Give a TensorProto, which holds one number as a field and more as bytes."""
    code, field = CODES[array.dtype.name]
    if array.size == 1:
        content = message(field, packed(array))
    else:
        content = message(4, array.astype(array.dtype.newbyteorder("<")).tobytes())
    return number(1, code) + shape(array.shape) + content


def shape(sizes: Sequence[int]) -> bytes:
    """Give a TensorShapeProto as a field of a TensorProto."""
    return message(2, b"".join(message(2, number(1, size)) for size in sizes))
