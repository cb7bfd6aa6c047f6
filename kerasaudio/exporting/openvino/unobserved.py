"""Importing openvino without its telling its makers of each import."""

import sys
from types import ModuleType

_OBSERVER = "openvino_telemetry"


def import_openvino() -> ModuleType:
    """Import openvino as where the package that sends its telemetry is not installed.

    Once imported so, it has stubs in that package's place for as long as the process
    lasts. What imported it before is left as it is.
    """
    before = sys.modules.get(_OBSERVER)
    sys.modules[_OBSERVER] = None  # type: ignore[assignment]  # cannot be imported
    try:
        import openvino
    finally:
        if before is None:
            del sys.modules[_OBSERVER]
        else:
            sys.modules[_OBSERVER] = before
    return openvino
