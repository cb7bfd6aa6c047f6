"""Figures, saved at once, so that an interrupted measurement can resume."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kerasaudio.files.whole_file import write_text

Row = dict[str, Any]


class Measurement(NamedTuple):
    """A row that can be measured.

    Attributes:
        table: Where it stands.
        name: What is measured, the row's heading.
        measure: Gives the figures by column.
    """

    table: str
    name: str
    measure: Callable[[], Row]


class Figures:
    """The figures of one section on one backend, in a file.

    Args:
        path: A JSON file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Any] = {"versions": {}, "tables": {}}
        if path.exists():
            self._kept = json.loads(path.read_text(encoding="utf-8"))

    @property
    def versions(self) -> Mapping[str, str]:
        """Of the libraries that were used, by name."""
        return self._kept["versions"]

    def rows(self, table: str) -> Mapping[str, Row]:
        """Give a table's rows by their names."""
        return self._kept["tables"].get(table, {})

    def fill(
        self,
        measurements: Iterable[Measurement],
        versions: Mapping[str, str],
        names: Iterable[str] | None = None,
    ) -> None:
        """Measure what is not there yet, and keep each row as it comes.

        Args:
            measurements: All rows of the section, or of some of its tables, in the
                order in which they are kept.
            versions: Of the libraries at work; rows of other versions go.
            names: Only rows whose names begin with one of these; None for all.
        """
        if versions != self.versions:
            self._kept = {"versions": dict(versions), "tables": {}}
        wanted = None if names is None else tuple(names)
        measurements = list(measurements)
        for table, name, measure in measurements:
            rows = self._kept["tables"].setdefault(table, {})
            if name in rows or (wanted is not None and not name.startswith(wanted)):
                continue
            row = measure()
            print(table, name, json.dumps(row), flush=True)
            kept = rows | {name: row}
            order = [m.name for m in measurements if m.table == table]
            self._kept["tables"][table] = {
                n: kept[n] for n in dict.fromkeys([*order, *kept]) if n in kept
            }
            write_text(self._path, json.dumps(self._kept, indent=1))
