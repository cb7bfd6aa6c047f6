"""Find the module that writes, runs and reads a format."""

import importlib
from pathlib import Path
from types import ModuleType

from kerasaudio.core import AudioModel
from kerasaudio.exporting.formats import Format
from kerasaudio.exporting.graph import Order


def module_of(form: Format) -> ModuleType:
    """Return the module of a format, with `convert`, `run` and `read_facts`."""
    return importlib.import_module(f"kerasaudio.exporting.{form.name}.artifact")


def convert(model: AudioModel, order: Order, path: Path) -> None:
    """Write the exported file in this process, which must run on TensorFlow.

    Raises:
        ExportError: The format lacks an operation of the model.
    """
    module_of(order.format).convert(model, order, path)
