"""The whole page, made from the figures of all sections."""

from collections.abc import Callable, Mapping

from parity_tables import other_pages, windows_page
from parity_tables.markdown import TITLES, UNKNOWN, Backends, table

PAGES: Mapping[str, Callable[[Backends], str]] = {
    "windows": windows_page.section,
    "heads": other_pages.heads,
    "settings": other_pages.settings,
    "files": other_pages.files,
}
HEAD = """\
# The same numbers

How near networks are to their originals, and ways of hearing to each other. This page
is written by one command, which measures what it has no figures of with the versions
below, each backend in its own process:

```shell
python tools/measure_parity.py ../shared
```

`../shared` holds the originals' published files, what the originals gave, and the data
sets. Differences are absolute; scores lie between 0 and 1. They differ a little between
processors; figures as measured, with three digits, on CPUs.

"""
NOT_YET = f"""
*{UNKNOWN.capitalize()}*: each row is measured by itself on each backend, which takes
minutes where programs are compiled for many lengths, and the measurement has not come
so far; the command goes on from there. Meanwhile tests hold ways of hearing to each
other (`tests/models/test_one_window_rule.py`, to 5e-6): on PyTorch for every network of
"Everyone who answers", on TensorFlow and JAX for one of each kind.
"""


def page(found: Mapping[str, Backends]) -> str:
    """Write the page.

    Args:
        found: Figures by section and backend; sections without any are left out.
    """
    sections = [PAGES[name](backends) for name, backends in found.items() if backends]
    is_open = any(f"| {UNKNOWN} |" in section for section in sections)
    head = HEAD + _versions(found) + (NOT_YET if is_open else "")
    return "\n".join([head, *sections])


def _versions(found: Mapping[str, Backends]) -> str:
    """Write a table of all versions at work, a column a backend."""
    used: dict[str, dict[str, str]] = {}
    for backends in found.values():
        for backend, figures in backends.items():
            used.setdefault(backend, {}).update(figures.versions)
    libraries = dict.fromkeys(name for row in used.values() for name in row)
    rows = [[name, *(row.get(name) for row in used.values())] for name in libraries]
    return table(["", *(TITLES[backend] for backend in used)], rows)
