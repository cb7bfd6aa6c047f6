"""Half-precision and integer weights for OpenVINO; the front-end stays in float32.

As for LiteRT, only the layers after `frontend` are rounded, and of these the operations
with many weights; weights have one scale per channel.

Source: nncf 3.4, nncf.quantize and nncf.compress_weights.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.facts import INPUT
from kerasaudio.exporting.formats import FEW_WEIGHTS
from kerasaudio.exporting.openvino.unobserved import import_openvino
from kerasaudio.exporting.process import last_words
from kerasaudio.files.workplace import temporary_folder

RUNNER = Path(__file__).with_name("run_nncf.py")
OPERATIONS = (
    "Convolution",
    "GroupConvolution",
    "ConvolutionBackpropData",
    "GroupConvolutionBackpropData",
    "MatMul",
)


def quantize(
    network: Any,
    path: Path,
    kind: str,
    frontend: Sequence[str],
    calibration: np.ndarray | None,
) -> None:
    """Write a network with rounded weights, and with "int8" rounded activations.

    Args:
        network: Network in float32, with TensorFlow's names of operations. It is
            changed.
        path: Path of the .xml file to write; its .bin is written next to it.
        kind: "float16", "dynamic" (int8 weights; OpenVINO computes with them in
            float32) or "int8" (weights, and activations to their ranges on the clips).
        frontend: Names of the layers that stay in float32.
        calibration: Clips for "int8", float32 (clips, samples).

    Raises:
        ExportError: nncf cannot round the network; the message quotes nncf.
    """
    openvino = import_openvino()
    if kind == "float16":
        _halve(openvino, network, frontend)
        openvino.save_model(network, path, compress_to_fp16=False)
        return
    _join_dense(openvino, network)
    body = {operation.get_friendly_name() for operation in _body(network, frontend)}
    words: dict[str, Any] = {
        "path": str(path.absolute()),
        "leave": [
            operation.get_friendly_name()
            for operation in network.get_ops()
            if operation.get_friendly_name() not in body
            and operation.get_type_name() != "Constant"
        ],
        "input": INPUT,
    }
    with temporary_folder() as folder:
        given, request = folder / "float.xml", folder / "request.json"
        openvino.save_model(network, given, compress_to_fp16=False)
        words |= {"network": str(given), "calibration": None}
        if kind == "int8":
            assert calibration is not None
            np.save(folder / "clips.npy", calibration)
            words["calibration"] = str(folder / "clips.npy")
        request.write_text(json.dumps(words), encoding="utf-8")
        done = subprocess.run(
            # -P: modules in this folder must not hide others with the same names
            [sys.executable, "-P", str(RUNNER), str(request)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ExportError(
            f"nncf cannot round the network to {kind!r}: {last_words(done.stderr)}"
        )


def _halve(openvino: Any, network: Any, frontend: Sequence[str]) -> None:
    """Store weights as float16; they are cast back when the model is loaded.

    `save_model(compress_to_fp16=True)` would also round the front-end's constants.
    """
    made = openvino.opset8
    for operation in _body(network, frontend):
        for put in operation.inputs():
            weights = put.get_source_output().get_node()
            if weights.get_type_name() == "Constant":
                half = made.constant(weights.get_data().astype("float16"))
                put.replace_source_output(made.convert(half, "f32").output(0))


def _join_dense(openvino: Any, network: Any) -> None:
    """Multiply by a dense layer's weights without reshaping the clips to a matrix.

    TensorFlow's Tensordot reshapes them. OpenVINO 2026.4 then refuses the scales of a
    rounded product that is reshaped to (clips, frames, units), if there are at least
    two frames per unit.
    """
    for product in network.get_ordered_ops():
        name = product.get_friendly_name()
        if (
            not name.endswith("/Tensordot/MatMul")
            or product.get_type_name() != "MatMul"
        ):
            continue
        flat = _inputs(product)[0]
        users = [put.get_node() for put in product.output(0).get_target_inputs()]
        if [op.get_type_name() for op in (flat, *users)] != ["Reshape"] * 2:
            continue
        values, weights = flat.input_value(0), product.input_value(1)
        if values.get_partial_shape().rank != users[0].get_output_partial_shape(0).rank:
            continue
        joined = openvino.opset8.matmul(values, weights, False, False)
        joined.set_friendly_name(name)
        users[0].output(0).replace(joined.output(0))
    network.validate_nodes_and_infer_types()


def _body(network: Any, frontend: Sequence[str]) -> list[Any]:
    """Return the operations to round: after the front-end and with many weights."""
    front = frontend_operations(network, frontend)
    heard: set[str] = set()  # operations that depend on the waveform
    body = []
    for operation in network.get_ordered_ops():
        name, kind = operation.get_friendly_name(), operation.get_type_name()
        known = [
            put.get_partial_shape()
            for put in operation.inputs()
            if put.get_source_output().get_node().get_friendly_name() not in heard
        ]
        if kind == "Parameter" or len(known) < operation.get_input_size():
            heard.add(name)
        many = any(
            shape.is_static and prod(shape.to_shape()) >= FEW_WEIGHTS for shape in known
        )
        if kind in OPERATIONS and many and name not in front:
            body.append(operation)
    return body


def frontend_operations(network: Any, frontend: Sequence[str]) -> set[str]:
    """Return the names of the front-end's operations and of all their inputs.

    OpenVINO names operations MODEL/LAYER_1/..., like the TensorFlow operations they
    come from, but not those that it inserts between them.
    """
    inside = re.compile(rf"^[^/]+/({'|'.join(map(re.escape, frontend))})(_\d+)?/")
    waiting = [op for op in network.get_ops() if inside.match(op.get_friendly_name())]
    found: set[str] = set()
    while waiting:
        operation = waiting.pop()
        if operation.get_friendly_name() not in found:
            found.add(operation.get_friendly_name())
            waiting += _inputs(operation)
    return found


def _inputs(operation: Any) -> list[Any]:
    return [put.get_source_output().get_node() for put in operation.inputs()]
