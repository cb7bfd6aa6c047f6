"""`kerasaudio export`: a model as a file that runs without Keras."""

import argparse
import json
from typing import Any

from kerasaudio.cli.common import complain, positive_seconds
from kerasaudio.cli.wording import CLIP_WORDS, MODEL_WORDS, Words
from kerasaudio.text import printable

_DESCRIPTION = """Write a model as a file that runs without Keras: waveform to scores.

The suffix of OUT says the format: .tflite (LiteRT), .onnx, .xml (OpenVINO), or none for
the folder of a SavedModel. What was written is run in its own runtime and compared with
the model; what differs too much is not kept. Labels and sample rate travel with it."""

_EXAMPLES = """examples:
  kerasaudio export MusiCNN/mtat tagger.tflite
  kerasaudio export mine.keras mine.tflite --quantize int8 --calibrate sounds/
  kerasaudio export EfficientAT/audioset tagger.onnx --seconds 5
  kerasaudio export mine.keras mine.tflite --quantize dynamic --verify labeled/
      labeled/ holds a folder for each class: the report has the accuracy"""

_WORDS: Words = {
    **MODEL_WORDS,
    **CLIP_WORDS,
    **{name: f"--{name}" for name in ("format", "quantize", "calibrate", "verify")},
    "overwrite": "--overwrite",
    "input_seconds": "--seconds",
    'input_seconds="dynamic"': "--dynamic",
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
        "--weights", help="tag of published weights, or a file of yours"
    )
    export.add_argument(
        "--format",
        choices=("saved_model", "litert", "onnx", "openvino"),
        help="default: by the suffix of OUT",
    )
    export.add_argument(
        "--quantize",
        choices=("float16", "dynamic", "int8"),
        help="smaller numbers behind the front-end (default: float32)",
    )
    export.add_argument(
        "--calibrate",
        metavar="FOLDER",
        help="for int8: sounds like those that the model will hear",
    )
    length = export.add_mutually_exclusive_group()
    length.add_argument(
        "--seconds",
        type=positive_seconds,
        metavar="S",
        help="length of the input (default: the model's)",
    )
    length.add_argument(
        "--dynamic", action="store_true", help="take input of any length"
    )
    compare = export.add_mutually_exclusive_group()
    compare.add_argument(
        "--verify",
        metavar="FOLDER",
        help="sounds to compare on, a folder for each class (or a .csv table); "
        "default: those of --calibrate, or synthetic ones",
    )
    compare.add_argument(
        "--no-verify", action="store_true", help="keep what was written in any case"
    )
    export.add_argument("--overwrite", action="store_true", help="replace OUT")
    export.add_argument("--json", action="store_true", help="print the report as JSON")
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
        overwrite=options.overwrite,
    )
    print(json.dumps(report.to_dict(), indent=2) if options.json else report)
    complain(f"The model is in {printable(report.path)}.")
    return 0
