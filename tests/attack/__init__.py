"""Attacks: what disks, kills, servers and sheer numbers do, and what must hold.

An area is a module with a `NAME` and a function `run(quick)`, which gives for each case
its name and what went wrong, or None; `quick` is a sample in well under a minute. A
module with several areas lists objects of that kind as `AREAS`. The whole:
`python -m tests.attack`.
"""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

MODULES = (
    *("bounds", "damage", "growth", "growth_jax"),
    *("kills", "servers"),
)

_TESTS = str(Path(__file__).parents[1])
if _TESTS not in sys.path:  # for `support`; pytest adds it by itself
    sys.path.insert(0, _TESTS)


class Area(Protocol):
    """One kind of attack."""

    NAME: str

    def run(self, quick: bool) -> Iterator[tuple[str, str | None]]:
        """Give each case, and what went wrong or None."""
        ...


def areas(module: str) -> list[Area]:
    """Import a module of MODULES and give its areas."""
    found = importlib.import_module(f".{module}", __name__)
    return list(getattr(found, "AREAS", [found]))


def failures(area: Area, quick: bool = True) -> list[str]:
    """Run an area; give what went wrong, case by case."""
    return [f"{case}: {wrong}" for case, wrong in area.run(quick) if wrong is not None]
