"""ONNX: a file for onnxruntime and other programs that read the format.

The Fourier transform is a matrix product, as onnxruntime refuses the one that tf2onnx
writes. The batch can have any number of clips. The facts are in `metadata_props`.

Source: https://onnx.ai, opset 17; tf2onnx 1.17; onnxruntime 1.31.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.checkpoints.exported_facts import onnx_facts
from kerasaudio.core import AudioModel
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.facts import INPUT, KEY, facts_json
from kerasaudio.exporting.graph import Order, trace
from kerasaudio.exporting.timing import Ran, Step, run_and_time

read_facts = onnx_facts

OPSET = 17


def convert(model: AudioModel, order: Order, path: Path) -> None:
    """Write the file.

    Raises:
        ExportError: ONNX lacks an operation of the model.
    """
    import onnx
    import tf2onnx

    graph = trace(model, order)
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)  # it logs each rewriting
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
            f"ONNX does not support an operation of {model.name}: {error}"
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
    """Write erfc(x), which GELU needs, as 1 - erf(x), since ONNX has only erf."""
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
    """Run the file on clips (clips, samples) with onnxruntime.

    Raises:
        RuntimeError: It does not run; the message is that of onnxruntime.
    """
    session = _session(path, threads)

    def one(waveform: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(None, {INPUT: waveform})[0])

    return run_and_time(one, clips, repeats)


def open_step(path: Path, threads: int) -> Step:
    """Return a function that runs a file with a state.

    Raises:
        RuntimeError: It does not run; the message is that of onnxruntime.
    """
    session = _session(path, threads)
    names = [output.name for output in session.get_outputs()]

    def step(**inputs: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, inputs), strict=True))

    return step


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own errors share no base class
        raise RuntimeError(str(error)) from error
