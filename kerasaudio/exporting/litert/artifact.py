"""LiteRT (TensorFlow Lite): a .tflite file for phones, browsers and small boards.

Its batch is one clip. The facts are files in a zip archive appended to the model, where
LiteRT's own tools keep associated files: `unzip -p model.tflite labels.txt`. The model
contains LiteRT's own metadata, see `kerasaudio.exporting.litert.metadata`.

Source: https://ai.google.dev/edge/litert, ai-edge-litert 2.3.
"""

import zipfile
from pathlib import Path

import numpy as np

from kerasaudio.checkpoints.exported_facts import litert_facts
from kerasaudio.core import AudioModel
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.facts import files
from kerasaudio.exporting.graph import SIGNATURE, Order, trace, write_saved_model
from kerasaudio.exporting.litert.metadata import with_metadata
from kerasaudio.exporting.timing import Ran, Step, run_and_time
from kerasaudio.files.workplace import temporary_folder
from kerasaudio.start import without_log

read_facts = litert_facts

# A fixed date instead of the clock, so that the same model gives the same bytes.
_ANY_DAY = (1980, 1, 1, 0, 0, 0)


def convert(model: AudioModel, order: Order, path: Path) -> None:
    """Write the file.

    Raises:
        ExportError: LiteRT lacks an operation of the model.
    """
    import tensorflow as tf

    graph = trace(model, order)
    with temporary_folder() as folder:
        saved = folder / "model"
        write_saved_model(graph, order, saved)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
        try:
            content = converter.convert()
        except Exception as error:  # the converter's own error class is not public
            raise ExportError(
                f"LiteRT does not support an operation of {model.name}: {error}"
            ) from error
    if order.quantize is not None:
        from kerasaudio.exporting.litert.quantize import quantize

        # The converter folds a normalization into the layer after it. The weights of
        # its inputs then differ by more than 8 bits can represent.
        leave = [*graph.frontend, *graph.few_weights, *graph.normalizations]
        content = quantize(content, order.quantize, leave, order.calibration)
    if not order.with_state:  # LiteRT's metadata describe one input and one output
        content = with_metadata(content, order.facts)
    path.write_bytes(content)
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in files(order.facts).items():
            # Uncompressed, as MediaPipe refuses a model with a compressed archive.
            archive.writestr(zipfile.ZipInfo(name, _ANY_DAY), text)


def run(path: Path, clips: np.ndarray, repeats: int, threads: int) -> Ran:
    """Run the file on clips (clips, samples) with ai-edge-litert.

    Raises:
        RuntimeError, ValueError: It does not run; the message is that of LiteRT.
    """
    from ai_edge_litert.interpreter import Interpreter

    with without_log():
        interpreter = Interpreter(model_path=str(path), num_threads=threads)
        place = interpreter.get_input_details()[0]["index"]
        result = interpreter.get_output_details()[0]["index"]
        interpreter.resize_tensor_input(place, (1, clips.shape[1]))
        interpreter.allocate_tensors()

    def one(waveform: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(place, waveform)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(result))

    return run_and_time(one, clips, repeats)


def open_step(path: Path, threads: int) -> Step:
    """Return a function that runs a file with a state.

    Raises:
        RuntimeError, ValueError: It does not run; the message is that of LiteRT.
    """
    from ai_edge_litert.interpreter import Interpreter

    with without_log():
        interpreter = Interpreter(model_path=str(path), num_threads=threads)
        runner: Step = interpreter.get_signature_runner(SIGNATURE)
    return runner
