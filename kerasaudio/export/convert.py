"""Which module writes, runs and reads which format."""

import importlib
from pathlib import Path
from types import ModuleType

from kerasaudio.export.formats import Format
from kerasaudio.export.graph import Order
from kerasaudio.models import AudioModel


def module_of(form: Format) -> ModuleType:
    """Give the module of a format: it has convert, run and read_facts."""
    return importlib.import_module(f"kerasaudio.export.{form.name}")


def convert(model: AudioModel, order: Order, path: Path) -> None:
    """Write the artefact in this process, which runs on TensorFlow.

    Raises:
        ExportError: The format lacks an operation.
    """
    module_of(order.format).convert(model, order, path)
