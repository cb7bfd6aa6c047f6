"""Models as files that run without Keras: SavedModel, LiteRT, ONNX, OpenVINO.

Each format has a module; what they write is run and compared before it gets its name.
"""

from kerasaudio.export.errors import ExportError
from kerasaudio.export.exporting import export, read_facts
from kerasaudio.export.report import ExportReport, Verification

__all__ = ["ExportError", "ExportReport", "Verification", "export", "read_facts"]
