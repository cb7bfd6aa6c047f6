"""Half-precision and integer weights for ONNX; the front-end stays in float32.

As for LiteRT, only the layers after `frontend` are rounded, and of these the operations
with many weights; weights have one scale per channel.

Source: onnxruntime 1.31, onnxruntime.quantization, onnxruntime.transformers.float16.
"""

import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.exporting.facts import INPUT
from kerasaudio.exporting.formats import FEW_WEIGHTS

OPERATIONS = ("Conv", "ConvTranspose", "MatMul", "Gemm")
LOOP = "Loop"  # over the steps of a recurrent layer; its weights are inputs


def quantize(
    path: Path,
    kind: str,
    frontend: Sequence[str],
    calibration: np.ndarray | None,
) -> None:
    """Round the weights of a model, and with "int8" its activations, in place.

    Args:
        path: Path of the float32 file.
        kind: "float16", "dynamic" or "int8"; see `litert.quantize`.
        frontend: Names of the layers that stay in float32.
        calibration: Clips for "int8", float32 (clips, samples).
    """
    import onnx
    from onnxruntime import quantization

    network = onnx.load(path)
    # tf2onnx names nodes MODEL/LAYER_1/..., like the TensorFlow nodes they come from.
    inside = re.compile(rf"^[^/]+/({'|'.join(map(re.escape, frontend))})(_\d+)?/")
    weights = {tensor.name: prod(tensor.dims) for tensor in network.graph.initializer}
    leave = [
        node.name
        for node in network.graph.node
        if inside.match(node.name)
        or max((weights.get(name, 0) for name in node.input), default=0) < FEW_WEIGHTS
    ]
    facts = list(network.metadata_props)
    settings: dict[str, Any] = {
        "op_types_to_quantize": list(OPERATIONS),
        "nodes_to_exclude": leave,
        "per_channel": True,
        "weight_type": quantization.QuantType.QInt8,
    }
    if kind == "float16":
        _halve(network.graph, set(leave))
    else:
        with _quiet():
            if kind == "dynamic":
                quantization.quantize_dynamic(path, path, **settings)
            else:
                assert calibration is not None
                quantization.quantize_static(
                    path,
                    path,
                    _reader(calibration),
                    activation_type=quantization.QuantType.QInt8,
                    # An output is rounded where it enters the next operation: before
                    # an activation its range would be wider than needed.
                    extra_options={
                        "OpTypesToExcludeOutputQuantization": list(OPERATIONS)
                    },
                    **settings,
                )
        network = onnx.load(path)
        _round_recurrent(network.graph, set(leave))
    del network.metadata_props[:]
    network.metadata_props.extend(facts)
    onnx.save(network, path)


def _halve(graph: Any, leave: set[str]) -> None:
    """Store weights as float16; they are cast back when the model is loaded."""
    from onnx import TensorProto, helper, numpy_helper

    made = []
    for weight, name, values in _weights(graph, leave, {*OPERATIONS, LOOP}):
        half = numpy_helper.from_array(values.astype("float16"), f"{name}__half")
        weight.CopyFrom(half)
        made.append(
            helper.make_node(
                "Cast",
                [half.name],
                [name],
                name=f"{name}__cast",
                to=TensorProto.FLOAT,
            )
        )
    _put_first(graph, made)


def _round_recurrent(graph: Any, leave: set[str]) -> None:
    """Store weights of loops in 8 bits, as onnxruntime's quantizer skips them."""
    from onnx import helper, numpy_helper

    made = []
    for weight, name, values in _weights(graph, leave, {LOOP}):
        scale = np.abs(values).max(axis=0) / 127
        scale[scale == 0] = 1
        parts = {
            "int8": np.round(values / scale).astype("int8"),
            "scale": scale,
            "zero": np.zeros(len(scale), "int8"),
        }
        tensors = [
            numpy_helper.from_array(part, f"{name}__{what}")
            for what, part in parts.items()
        ]
        weight.CopyFrom(tensors[0])
        graph.initializer.extend(tensors[1:])
        made.append(
            helper.make_node(
                "DequantizeLinear",
                [tensor.name for tensor in tensors],
                [name],
                name=f"{name}__float",
                axis=1,
            )
        )
    _put_first(graph, made)


def _weights(
    graph: Any, leave: set[str], operations: set[str]
) -> list[tuple[Any, str, np.ndarray]]:
    """Return weights used only by the given operations of the body, with values."""
    from onnx import TensorProto, numpy_helper

    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    found = []
    for weight in graph.initializer:
        used_by = users.get(weight.name, [])
        in_body = used_by and all(
            node.op_type in operations and node.name not in leave for node in used_by
        )
        is_state = len(weight.dims) < 2 and any(n.op_type == LOOP for n in used_by)
        if weight.data_type == TensorProto.FLOAT and in_body and not is_state:
            found.append((weight, weight.name, numpy_helper.to_array(weight)))
    return found


def _put_first(graph: Any, made: list[Any]) -> None:
    nodes = [*made, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the advice to optimize models, since tf2onnx has already done so."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _reader(clips: np.ndarray) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Clips(CalibrationDataReader):
        def __init__(self) -> None:
            self._rows: Iterator[np.ndarray] = iter(clips)

        def get_next(self) -> dict[str, np.ndarray] | None:
            row = next(self._rows, None)
            return None if row is None else {INPUT: row[None]}

    return Clips()
