"""Imports go one way: from what users call down to what knows nothing of it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "kerasaudio"

# From the ground up: a room may import those in front of it, and itself.
ROOMS = (
    *("version", "extras", "start", "arguments", "cores", "text", "moved", "ontology"),
    *("files", "audio", "checkpoints", "weights"),
    *("layers", "core", "models", "loading"),
    *("metrics", "features", "plot", "streaming", "events", "similarity", "zero_shot"),
    *("interpret", "app"),
    *("datasets", "transfer", "evaluation", "training", "sklearn"),
    *("exporting", "sharing", "hear", "corpus", "cli", "kerasaudio"),
)


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path


MODULES = dict(modules())


def room(module):
    return module.split(".")[1] if "." in module else module


def imports(module):
    """Give the modules that one imports, at its top or inside its functions."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else node.module for name in names]
        else:
            continue
        yield from (name for name in names if name in MODULES)


IMPORTS = {module: sorted(set(imports(module)) - {module}) for module in MODULES}


def test_each_room_has_its_place():
    assert {room(module) for module in MODULES} == set(ROOMS)


@pytest.mark.parametrize("module", MODULES)
def test_no_arrow_up(module):
    here = ROOMS.index(room(module))
    up = [name for name in IMPORTS[module] if ROOMS.index(room(name)) > here]
    assert not up


def test_no_circle():
    """A package's own list of names is not on the way of its modules."""
    done = set()

    def visit(module, way):
        if module in way:
            pytest.fail(" -> ".join([*way[way.index(module) :], module]))
        if module not in done:
            for name in IMPORTS[module]:
                visit(name, [*way, module])
            done.add(module)

    for module in MODULES:
        visit(module, [])


@pytest.mark.parametrize("module", MODULES)
def test_what_is_private_stays_in_its_file(module):
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("kerasaudio"):
            names = [*node.module.split("."), *(alias.name for alias in node.names)]
            private = [n for n in names if n.startswith("_") and n != "__version__"]
            assert not private
