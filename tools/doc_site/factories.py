"""Factories in the reference as they are at run time, with their shared arguments.

Their source names their own arguments only; `kerasaudio.core.build` completes them.
mkdocs.yml names this file as an extension of griffe.
"""

import inspect
import os
from typing import Any

import griffe


class Factories(griffe.Extension):
    """Gives factories their whole signatures and docstrings."""

    def on_function(self, *, func: griffe.Function, **kwargs: Any) -> None:
        """Complete a function that takes what factories share."""
        if "shared" not in [parameter.name for parameter in func.parameters]:
            return
        found = _factories().get(func.name)
        if found is None or func.path != f"{found.__module__}.{found.__qualname__}":
            return
        func.docstring = griffe.Docstring(inspect.getdoc(found) or "", parent=func)
        func.parameters = griffe.Parameters(
            *(
                griffe.Parameter(
                    parameter.name,
                    annotation=_annotation(parameter),
                    kind=griffe.ParameterKind[parameter.kind.name.lower()],
                    default=repr(parameter.default),
                )
                for parameter in inspect.signature(found).parameters.values()
            )
        )


def _factories() -> dict[str, Any]:
    os.environ.setdefault("KERAS_BACKEND", "jax")  # which the extra `docs` installs
    from kerasaudio.models import FACTORIES

    return FACTORIES


def _annotation(parameter: inspect.Parameter) -> str:
    text = inspect.formatannotation(parameter.annotation)
    for module in ("collections.abc.", "typing.", "os."):
        text = text.replace(module, "")
    return text
