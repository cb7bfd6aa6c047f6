"""`AudioModel.export`: Keras' method by that name, which writes our formats."""

from os import PathLike
from typing import Any

from kerasaudio.export.exporting import export
from kerasaudio.export.formats import FORMATS
from kerasaudio.export.report import ExportReport
from kerasaudio.models import AudioModel

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
            'in samples by input_length=, or input_length="dynamic".'
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
