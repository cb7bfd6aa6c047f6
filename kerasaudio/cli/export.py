"""`kerasaudio export`: write a model as a file that runs without Keras."""

import argparse
import sys
from typing import Any

from kerasaudio.cli.common import complain, positive_seconds
from kerasaudio.cli.wording import CLIP_WORDS, MODEL_WORDS, Words
from kerasaudio.cli.writer import add_json_option, json_line
from kerasaudio.text import printable

_DESCRIPTION = """Write a model, waveform to scores, as a file that runs without Keras.

The suffix of OUT chooses the format: .tflite (LiteRT), .onnx, .xml (OpenVINO), or no
suffix for the folder of a SavedModel. The export is run in its own runtime and compared
with the model; if it differs too much, it is not kept. The file contains the labels and
the sample rate."""

_EXAMPLES = """examples:
  kerasaudio export MusiCNN/mtat tagger.tflite
  kerasaudio export mine.keras mine.tflite --quantize int8 --calibrate sounds/
  kerasaudio export EfficientAT/audioset tagger.onnx --seconds 5
  kerasaudio export SileroVAD/16k vad.onnx --with-state
  kerasaudio export mine.keras mine.tflite --quantize dynamic --verify labeled/
      labeled/ contains one folder per class: the report has the accuracy"""

_WORDS: Words = {
    **MODEL_WORDS,
    **CLIP_WORDS,
    **{name: f"--{name}" for name in ("format", "quantize", "calibrate", "verify")},
    "overwrite": "--overwrite",
    "input_seconds": "--seconds",
    'input_seconds="dynamic"': "--dynamic",
    "with_state": "--with-state",
    "calibrate=clips": "--calibrate",
    "verify=False": "--no-verify",
    "It takes: None.": "It takes no --quantize.",
    "It takes: None, ": "It takes: ",
}


def add(commands: Any) -> None:
    """Register the command."""
    export = commands.add_parser(
        "export",
        help="write a model for phones, servers and browsers",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument(
        "model",
        metavar="MODEL",
        help="factory, factory/tag, or the path of a saved .keras model",
    )
    export.add_argument("out", metavar="OUT", help="the file or folder to write")
    export.add_argument(
        "--weights", help="tag of published weights, or path of your own file"
    )
    export.add_argument(
        "--format",
        choices=("saved_model", "litert", "onnx", "openvino"),
        help="default: by the suffix of OUT",
    )
    export.add_argument(
        "--quantize",
        choices=("float16", "dynamic", "int8"),
        help="store the layers after the front-end in fewer bits (default: float32)",
    )
    export.add_argument(
        "--calibrate",
        metavar="FOLDER",
        help="for int8: sounds like those that the model will be used on",
    )
    length = export.add_mutually_exclusive_group()
    length.add_argument(
        "--seconds",
        type=positive_seconds,
        metavar="S",
        help="length of the input (default: the model's)",
    )
    length.add_argument(
        "--dynamic", action="store_true", help="accept input of any length"
    )
    export.add_argument(
        "--with-state",
        action="store_true",
        help="for networks with a state, such as SileroVAD: take it step by step, and "
        "return the next (.tflite and .onnx)",
    )
    compare = export.add_mutually_exclusive_group()
    compare.add_argument(
        "--verify",
        metavar="FOLDER",
        help="sounds for the comparison, one folder per class (or a .csv table); "
        "default: the sounds of --calibrate, or synthetic sounds",
    )
    compare.add_argument(
        "--no-verify", action="store_true", help="keep the export in any case"
    )
    export.add_argument("--overwrite", action="store_true", help="replace OUT")
    add_json_option(export)
    export.set_defaults(run=_export, wording=_WORDS)


def _export(options: argparse.Namespace) -> int:
    from kerasaudio.cli.measure import load_clips
    from kerasaudio.exporting import export
    from kerasaudio.loading import load

    verify: Any = not options.no_verify
    if options.verify is not None:
        verify = load_clips(options.verify)
    report = export(
        load(options.model, options.weights),
        options.out,
        options.format,
        quantize=options.quantize,
        calibrate=options.calibrate,
        verify=verify,
        input_seconds="dynamic" if options.dynamic else options.seconds,
        with_state=options.with_state,
        overwrite=options.overwrite,
    )
    sys.stdout.write(json_line(report.to_dict()) if options.json else f"{report}\n")
    complain(f"The model is in {printable(report.path)}.")
    return 0
