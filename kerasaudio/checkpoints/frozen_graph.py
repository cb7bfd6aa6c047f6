"""Read the constants of a frozen TensorFlow graph (`.pb`), without TensorFlow.

The file is one protocol buffer, a GraphDef: a row of nodes, each with name, operation
and attributes. Freezing turns each variable into a node `Const` of the same name, whose
attribute `value` has the numbers. Of the other nodes only the strides of convolutions
are read. No node is executed.

Source: tensorflow/core/framework/{graph,node_def,attr_value,tensor}.proto;
tensorflow/core/framework/tensor_util (a tensor whose numbers end early repeats the
last).
"""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasaudio.checkpoints.protobuf import (
    BYTES,
    FOUR_BYTES,
    VARINT,
    Value,
    fields,
    single,
    text,
    varints,
)
from kerasaudio.checkpoints.tensor_proto import (
    TYPES,
    packed,
    plain,
    read_shape,
    shaped,
)

_GRAPH = {1: BYTES, 2: BYTES, 3: VARINT, 4: BYTES, 5: BYTES}
_NODE = dict.fromkeys(range(1, 8), BYTES)
_PAIR = {1: BYTES, 2: BYTES}
_ATTRIBUTE = {
    **{1: BYTES, 2: BYTES, 3: VARINT, 4: FOUR_BYTES, 5: VARINT},
    **{6: VARINT, 7: BYTES, 8: BYTES, 9: BYTES, 10: BYTES},
}
_LIST = dict.fromkeys(range(2, 10), BYTES)
_TENSOR = {1: VARINT, 2: BYTES, 3: VARINT, **dict.fromkeys(range(4, 18), BYTES)}
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_MOST_REPEATED = 2**24  # numbers of a file that only repeat others


class FrozenGraph(NamedTuple):
    """What is read of a graph.

    Attributes:
        constants: Arrays by name of the node.
        strides: Strides of the convolutions by name of the node, one per axis of the
            input, in its order.
    """

    constants: dict[str, np.ndarray]
    strides: dict[str, tuple[int, ...]]


def read_frozen_graph(path: str | os.PathLike[str]) -> FrozenGraph:
    """Read the constants of a frozen graph; nothing in it is executed.

    Args:
        path: Path of the file, such as `DS_CNN_S.pb`.

    Returns:
        The constants (float32, float64, int32, int64; those of other types are left
        out) and the strides of the convolutions.

    Raises:
        ValueError: The file is damaged, claims more than it contains, or is another
            kind of file.
        OSError: The file cannot be read.
    """
    path = Path(path)
    try:
        graph = _read(memoryview(path.read_bytes()))
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be read as a frozen TensorFlow graph: {error}."
        ) from error
    if not graph.constants:
        raise ValueError(f"{path} is not a frozen TensorFlow graph: no constant in it.")
    return graph


def _read(content: memoryview) -> FrozenGraph:
    graph = FrozenGraph({}, {})
    seen, room = set(), _MOST_REPEATED
    for number, node in fields(content, _GRAPH):
        # The other fields: functions, versions of the writer, traces of it.
        if not isinstance(node, memoryview) or number != 1:
            continue
        name, operation, attributes = _node(node)
        if name in seen:
            raise ValueError(f"it has two nodes {name!r}")
        seen.add(name)
        if operation == "Const":
            array = _constant(attributes, name, room)
            if array is not None:
                graph.constants[name] = array
                room -= array.size if array.nbytes > len(node) else 0
        elif operation in _CONVOLUTIONS and "strides" in attributes:
            graph.strides[name] = _integers(attributes["strides"], name)
    return graph


def _node(node: Value) -> tuple[str, str, dict[str, Value]]:
    named: dict[int, Value] = {}
    attributes: dict[str, Value] = {}
    for number, part in fields(node, _NODE):
        if number == 5:
            pair = single(part, _PAIR)
            key = text(pair.get(1), "an attribute")
            if key in attributes:
                raise ValueError(f"a node has the attribute {key!r} twice")
            attributes[key] = pair.get(2, memoryview(b""))
        elif number in (1, 2):
            if number in named:
                raise ValueError(f"a node has field {number} twice")
            named[number] = part
    name = text(named.get(1), "a node")
    return name, text(named.get(2), f"the operation of {name!r}"), attributes


def _integers(attribute: Value, name: str) -> tuple[int, ...]:
    listed = single(single(attribute, _ATTRIBUTE).get(1), _LIST).get(3)
    if not isinstance(listed, memoryview):
        raise ValueError(f"{name!r} has strides that are no numbers")
    return tuple(varints(listed))


def _constant(
    attributes: Mapping[str, Value], name: str, room: int
) -> np.ndarray | None:
    attribute = attributes.get("value", memoryview(b""))
    tensor = single(attribute, _ATTRIBUTE).get(8)
    if tensor is None:
        raise ValueError(f"the constant {name!r} has no value")
    parts = single(tensor, _TENSOR)
    code = parts.get(1, 0)
    assert isinstance(code, int)
    stored = TYPES.get(code)
    if stored is None:
        return None
    dtype, shape = np.dtype(stored.name), read_shape(parts.get(2))
    content = parts.get(4, memoryview(b""))
    assert isinstance(content, memoryview)
    if len(content):
        return shaped(plain(content, dtype, name), shape, name)
    values = packed(parts.get(stored.field, memoryview(b"")), dtype, name)
    return shaped(_repeated(values, math.prod(shape), name, room), shape, name)


def _repeated(values: np.ndarray, size: int, name: str, room: int) -> np.ndarray:
    """Repeat the last value up to a size; a tensor without values is zero."""
    if values.size >= size:
        return values
    if size > room:
        raise ValueError(f"{name!r} has {values.size} numbers for {size:,}")
    last = values[-1:] if values.size else np.zeros(1, values.dtype)
    return np.concatenate([values, np.repeat(last, size - values.size)])
