"""ONNX: a file for onnxruntime and whatever else reads the format.

The Fourier transform is a matrix product: onnxruntime refuses what tf2onnx makes of
one. The batch is any number of clips. The facts are in `metadata_props`.

Source: https://onnx.ai, opset 17; tf2onnx 1.17; onnxruntime 1.31.
"""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.facts import INPUT, KEY, facts_json
from kerasaudio.exporting.graph import Order, trace
from kerasaudio.exporting.timing import Ran, run_and_time

OPSET = 17


def convert(model: AudioModel, order: Order, path: Path) -> None:
    """Write the file.

    Raises:
        ExportError: ONNX lacks an operation.
    """
    import onnx
    import tf2onnx

    graph = trace(model, order)
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)  # its log of each rewriting
    try:
        proto, _ = tf2onnx.convert.from_function(
            graph.function,
            graph.function.input_signature,
            opset=OPSET,
            custom_op_handlers={"Erfc": (_erfc, [])},
        )
        onnx.checker.check_model(proto)
    except (ValueError, RuntimeError, onnx.checker.ValidationError) as error:
        raise ExportError(
            f"ONNX cannot take an operation of {model.name}: {error}"
        ) from error
    onnx.helper.set_model_props(
        proto,
        {
            KEY: facts_json(order.facts),
            "labels": "\n".join(order.facts["labels"] or ()),
            "sample_rate": str(order.facts["sample_rate"]),
            "clip_samples": str(order.facts["clip_samples"] or ""),
        },
    )
    onnx.save(proto, path)
    if order.quantize is not None:
        from kerasaudio.exporting.onnx.quantize import quantize

        quantize(path, order.quantize, graph.frontend, order.calibration)


def _erfc(context: Any, node: Any, name: str, arguments: Any) -> None:
    """Write erfc(x) as 1 - erf(x), which ONNX has: GELU needs it."""
    del arguments
    erf = context.make_node("Erf", [node.input[0]], name=f"{name}__erf").output[0]
    one = context.make_const(f"{name}__one", np.array(1, np.float32)).output[0]
    shapes, types = node.output_shapes, node.output_dtypes
    outputs = node.output
    context.remove_node(node.name)
    context.make_node(
        "Sub", [one, erf], outputs=outputs, name=name, shapes=shapes, dtypes=types
    )


def run(path: Path, clips: np.ndarray, repeats: int, threads: int) -> Ran:
    """Run it on clips (clips, samples), by onnxruntime.

    Raises:
        RuntimeError: It does not run there; what it said.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # of onnxruntime's own kinds, which share no base
        raise RuntimeError(str(error)) from error

    def one(waveform: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(None, {INPUT: waveform})[0])

    return run_and_time(one, clips, repeats)


def read_facts(path: Path) -> dict[str, Any] | None:
    """Read the facts in the metadata; None if there are none."""
    import onnx

    proto = onnx.load(path, load_external_data=False)
    found = {entry.key: entry.value for entry in proto.metadata_props}
    return dict(json.loads(found[KEY])) if KEY in found else None
