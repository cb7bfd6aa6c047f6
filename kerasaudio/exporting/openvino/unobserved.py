"""Import openvino without its telemetry, which reports each import."""

import sys
from types import ModuleType

_OBSERVER = "openvino_telemetry"


def import_openvino() -> ModuleType:
    """Import openvino as if its telemetry package were not installed.

    It then uses stubs in place of that package until the process ends. If openvino was
    imported before, nothing changes.
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
