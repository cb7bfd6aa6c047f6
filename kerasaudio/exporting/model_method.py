"""`AudioModel.export`: Keras' method of this name, which writes our formats."""

from os import PathLike
from typing import Any

from kerasaudio.core.audio_model import WORKERS, AudioModel
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
            "input_signature is not supported: the input is a waveform. Pass its "
            'length as input_seconds=, or input_seconds="dynamic".'
        )
    format = _KERAS.get(format, format) if isinstance(format, str) else format
    if format == "torch":
        raise ValueError(
            f"format must be one of {', '.join(FORMATS)}. Received: 'torch'. "
            "keras.Model.export(model, path, format='torch') is Keras' own export, "
            "without labels and without verification."
        )
    report = export(model, path, format, **arguments)
    if verbose:
        print(report)
    return report


WORKERS["export"] = export_method
