"""The public names of the package, read from its source without importing it.

A name is public if `__all__` of a module lists it. In a module without `__all__`, the
functions and classes that it defines are public.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeGuard

CHECKOUT = Path(__file__).parents[2]
PACKAGE = "kerasaudio"


class Home(NamedTuple):
    """Where a name is defined.

    Attributes:
        module: Dotted name of the module that defines it; of itself, for a module.
        name: Its name there; empty for a module.
        kind: "function", "class", "module" or "data".
    """

    module: str
    name: str
    kind: str

    @property
    def path(self) -> str:
        """Dotted path, such as `kerasaudio.models.yamnet.YAMNet`."""
        return f"{self.module}.{self.name}" if self.name else self.module


def public_names(module: str) -> list[str]:
    """List the public names of a module, in the order of its source.

    Raises:
        ValueError: `__all__` holds something that cannot be read without running it.
    """
    for statement in _statements(module):
        if isinstance(statement, ast.Assign) and "__all__" in _targets(statement):
            return [*dict.fromkeys(_listed(module, statement.value))]
    return [
        statement.name
        for statement in _statements(module)
        if isinstance(statement, ast.FunctionDef | ast.ClassDef)
        and not statement.name.startswith("_")
    ]


def find_home(module: str, name: str) -> Home:
    """Follow imports to where a name is defined.

    Raises:
        LookupError: The module neither defines nor imports it.
    """
    for statement in _statements(module):
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            return Home(module, name, "function")
        if isinstance(statement, ast.ClassDef) and statement.name == name:
            return Home(module, name, "class")
        if name in _targets(statement):
            return Home(module, name, "data")
        if _is_own(statement) and statement.module != module:  # else of a submodule
            home = _imported(statement, name)
            if home is not None:
                return home
    if source(f"{module}.{name}") is not None:
        return Home(f"{module}.{name}", "", "module")
    raise LookupError(f"{module} has no {name}.")


def first_line(home: Home) -> str:
    """Give the first line of a docstring, without its full stop; "" without one."""
    node: ast.AST = _tree(home.module)
    if home.name:
        node = next(
            (
                statement
                for statement in _statements(home.module)
                if getattr(statement, "name", None) == home.name
            ),
            node,
        )
        if isinstance(node, ast.Module):
            return ""
    assert isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
    return (ast.get_docstring(node) or "").partition("\n")[0].rstrip(".")


def source(module: str) -> Path | None:
    """Give the file of a module of the package, or None."""
    path = CHECKOUT.joinpath(*module.split("."))
    files = (path / "__init__.py", path.with_suffix(".py"))
    return next((file for file in files if file.is_file()), None)


def forget() -> None:
    """Read files anew from now on."""
    _tree.cache_clear()


@cache
def _tree(module: str) -> ast.Module:
    file = source(module)
    if file is None:
        raise LookupError(f"There is no module {module}.")
    return ast.parse(file.read_text(encoding="utf-8"))


def _statements(module: str) -> Iterator[ast.stmt]:
    """Give the statements of a module, also those under a condition."""
    waiting: list[ast.stmt] = [*_tree(module).body]
    while waiting:
        statement = waiting.pop(0)
        yield statement
        if isinstance(statement, ast.If):
            waiting[:0] = statement.body


def _targets(statement: ast.stmt) -> list[str]:
    """Give the names that a statement assigns to."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _is_own(statement: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return (
        isinstance(statement, ast.ImportFrom)
        and (statement.module or "").partition(".")[0] == PACKAGE
    )


def _imported(statement: ast.ImportFrom, name: str) -> Home | None:
    origin = statement.module or ""
    for alias in statement.names:
        if alias.name == "*" and name in public_names(origin):
            return find_home(origin, name)
        if name == (alias.asname or alias.name):
            return find_home(origin, alias.name)
    return None


def _listed(module: str, value: ast.expr) -> list[str]:
    """Read the items of an `__all__`: texts, `*other.__all__` and `*FACTORIES`."""
    names: list[str] = []
    for item in getattr(value, "elts", [value]):
        match item:
            case ast.Constant(value=str(name)):
                names.append(name)
            case ast.Starred(
                value=ast.Attribute(value=ast.Name(id=other), attr="__all__")
            ):
                names += public_names(find_home(module, other).path)
            case ast.Starred(value=ast.Name(id="FACTORIES")):
                names += _factories(module)
            case _:
                raise ValueError(
                    f"Cannot read {ast.unparse(item)} in __all__ of {module}. Write "
                    "names, *module.__all__ or *FACTORIES."
                )
    return names


def _factories(module: str) -> list[str]:
    """List the imported functions whose names begin with a capital."""
    return [
        alias.name
        for statement in _statements(module)
        if _is_own(statement)
        for alias in statement.names
        if alias.name[0].isupper() and find_home(module, alias.name).kind == "function"
    ]
