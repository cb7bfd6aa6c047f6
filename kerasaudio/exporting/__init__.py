"""Export models to files that run without Keras: SavedModel, LiteRT, ONNX, OpenVINO.

Each format has a module. A written file is run and compared with the model before it
appears at its path.
"""

from kerasaudio.exporting import model_method  # noqa: F401  (AudioModel.export)
from kerasaudio.exporting.errors import ExportError
from kerasaudio.exporting.exporting import export, read_facts
from kerasaudio.exporting.report import ExportReport, Verification

__all__ = ["ExportError", "ExportReport", "Verification", "export", "read_facts"]

# `kerasaudio.export` is the function; its attributes are the names of this package.
for _name in __all__:
    setattr(export, _name, globals()[_name])
