"""Models as files that run without Keras: SavedModel, LiteRT, ONNX, OpenVINO.

Each format has a module; what they write is run and compared before it gets its name.
"""

from kerasaudio.exporting import model_method  # noqa: F401  (AudioModel.export)
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.exporting import export, read_facts
from kerasaudio.exporting.report import ExportReport, Verification

__all__ = ["ExportError", "ExportReport", "Verification", "export", "read_facts"]

# `kerasaudio.export` is the function: what this package offers can be had from it, too.
for _name in __all__:
    setattr(export, _name, globals()[_name])
