"""Tables in Markdown: reading those of a page, and writing new ones."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path


def read_table(page: Path, *columns: str) -> list[dict[str, str]]:
    """Read the first table of a page that has all of these columns.

    Raises:
        ValueError: There is none.
    """
    heading: list[str] = []
    rows: list[dict[str, str]] = []
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            if rows:
                return rows
            heading = []
        elif not heading:
            heading = cells
        elif set(columns) <= set(heading) and not set(line) <= set("|-: "):
            rows.append(dict(zip(heading, cells, strict=True)))
    if not rows:
        raise ValueError(f"{page} has no table with the columns {', '.join(columns)}.")
    return rows


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    written = ["| " + " | ".join(cells) + " |" for cells in lines]
    written[1] = "|" + "---|" * len(heading)
    return "\n".join(re.sub(r"\|  (?=\|)", "| ", line) for line in written)
