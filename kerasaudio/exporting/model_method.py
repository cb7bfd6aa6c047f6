"""`AudioModel.export`: Keras' method by that name, which writes our formats."""

from os import PathLike
from typing import Any

from kerasaudio.core.audio_model import WRITERS, AudioModel
from kerasaudio.exporting.exporting import export
from kerasaudio.exporting.formats import FORMATS
from kerasaudio.exporting.report import ExportReport

_KERAS = {"tf_saved_model": "saved_model"}


def export_method(
    model: AudioModel,
    path: str | PathLike[str],
    format: str | None,
    verbose: bool | None,
    input_signature: Any,
    **arguments: Any,
) -> ExportReport:
    """Export a model; see `AudioModel.export`."""
    if input_signature is not None:
        raise ValueError(
            "input_signature is not taken: the input is a waveform. Say its length "
            'by input_seconds=, or input_seconds="dynamic".'
        )
    format = _KERAS.get(format, format) if isinstance(format, str) else format
    if format == "torch":
        raise ValueError(
            f"There is no format 'torch' here. There are: {', '.join(FORMATS)}. "
            "keras.Model.export(model, path, format='torch') is Keras' own: without "
            "labels, and not compared."
        )
    report = export(model, path, format, **arguments)
    if verbose:
        print(report)
    return report


WRITERS["export"] = export_method
