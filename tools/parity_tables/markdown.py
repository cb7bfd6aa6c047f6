"""Tables of figures in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from parity_tables.figures import Figures

TITLES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
UNKNOWN = "not yet"
Backends = Mapping[str, Figures]


def cell(value: Any) -> str:
    """Write a value: floats with three digits, nothing as a dash."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "0" if value == 0 else f"{value:.2e}"
    return str(value).replace("|", "\\|")


def table(heading: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table."""
    lines = [heading, ["---"] * len(heading), *([cell(v) for v in r] for r in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def names(backends: Backends, of: str) -> list[str]:
    """Give the names of a table's rows, each once, in order."""
    return list(dict.fromkeys(n for f in backends.values() for n in f.rows(of)))


def fact(backends: Backends, of: str, name: str, column: str) -> Any:
    """Give what a row has in a column that is the same on all backends."""
    for figures in backends.values():
        if column in (row := figures.rows(of).get(name, {})):
            return row[column]
    return None


def on_each(backends: Backends, of: str, name: str, *columns: str) -> list[Any]:
    """Give what a row has in some columns, backend by backend for each column.

    Args:
        backends: Figures by backend.
        of: The table.
        name: The row.
        *columns: "column", or "group/column" for a column of a group.
    """
    values = []
    for column in columns:
        for figures in backends.values():
            found: Any = figures.rows(of).get(name)
            if found is None:
                values.append(UNKNOWN)
                continue
            for key in column.split("/"):
                found = found.get(key) if isinstance(found, Mapping) else None
            values.append(found)
    return values


def headings(backends: Backends, *columns: str) -> list[str]:
    """Give the headings of what `on_each` gives."""
    return [
        f"{column}: {TITLES[backend]}" if column else TITLES[backend]
        for column in columns
        for backend in backends
    ]
