"""OpenVINO: an .xml file with its .bin of weights, for Intel's processors.

The batch can have any number of clips. The facts are in the runtime information
`kerasaudio`; pass their `compile_with` to
`Core().compile_model(path, "CPU", compile_with)`.

Source: https://docs.openvino.ai, openvino 2026.4.
"""

from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.exported_facts import openvino_facts
from kerasaudio.core import AudioModel
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.facts import COMPILE_WITH, INPUT, KEY, facts_json
from kerasaudio.exporting.graph import Order, trace, write_saved_model
from kerasaudio.exporting.openvino.unobserved import import_openvino
from kerasaudio.exporting.timing import Ran, Untold, run_and_time
from kerasaudio.files.workplace import temporary_folder

read_facts = openvino_facts


def convert(model: AudioModel, order: Order, path: Path) -> None:
    """Write the two files.

    Raises:
        ExportError: OpenVINO lacks an operation of the model, or nncf cannot round the
            network.
    """
    openvino = import_openvino()
    with temporary_folder() as folder:
        saved = folder / "model"
        graph = trace(model, order)
        write_saved_model(graph, order, saved)
        try:
            # Not convert_model, which sends telemetry about each use.
            network = openvino.Core().read_model(saved)
        except RuntimeError as error:
            raise ExportError(
                f"OpenVINO does not support an operation of {model.name}: {error}"
            ) from error
        facts = {**order.facts, "compile_with": COMPILE_WITH}
        network.set_rt_info(facts_json(facts), [KEY])
        if order.quantize is None:
            openvino.save_model(network, path, compress_to_fp16=False)
        else:
            from kerasaudio.exporting.openvino.quantize import quantize

            quantize(network, path, order.quantize, graph.frontend, order.calibration)


def run(path: Path, clips: np.ndarray, repeats: int, threads: int) -> Ran:
    """Run the file on clips (clips, samples) with openvino, in float32.

    Raises:
        RuntimeError: It does not run; the message is that of openvino.
    """
    compiled = (
        import_openvino()
        .Core()
        .compile_model(
            path,
            "CPU",
            COMPILE_WITH
            | {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"},
        )
    )

    def one(waveform: np.ndarray) -> np.ndarray:
        return np.asarray(compiled({INPUT: waveform})[0])

    return run_and_time(one, clips, repeats)


def run_untold(path: Path, clips: np.ndarray) -> Untold:
    """Run the file with openvino's default settings.

    On CPUs that support it (AMX, AVX512-BF16), openvino then computes in bfloat16,
    whatever the file says: in 2026.4, neither runtime options in the file nor its
    operations' attribute `precise` change that.

    Raises:
        RuntimeError: It does not run; the message is that of openvino.
    """
    compiled = import_openvino().Core().compile_model(path, "CPU")
    hint = compiled.get_property("INFERENCE_PRECISION_HINT")
    outputs = [np.array(compiled({INPUT: row[None]})[0]) for row in clips]
    return Untold(np.concatenate(outputs), hint.get_type_name())
