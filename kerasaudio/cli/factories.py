"""The factories by name, read from the source: importing them takes seconds."""

import ast
import inspect
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def factory_files() -> dict[str, Path]:
    """Return the file of each factory, in the order of `kerasaudio.models`."""
    listing = ast.parse((_PACKAGE / "models" / "__init__.py").read_bytes())
    files: dict[str, Path] = {}
    for node in listing.body:
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module.startswith("kerasaudio.models."):
            path = _PACKAGE.parent.joinpath(*node.module.split("."))
            names = [alias.name for alias in node.names if alias.name[0].isupper()]
            files |= dict.fromkeys(names, path.with_suffix(".py"))
    return files


def description(factory: str) -> str:
    """Return the docstring of a factory, up to the arguments: what goes in and out."""
    for node in ast.parse(factory_files()[factory].read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == factory:
            own = inspect.cleandoc(ast.get_docstring(node) or "")
            return own.partition("\nArgs:")[0].strip()
    raise ValueError(f"{factory} has no description.")
