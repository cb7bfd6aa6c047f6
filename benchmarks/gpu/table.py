"""The page: two tables in Markdown, with the card and the versions."""

import datetime
from collections.abc import Mapping, Sequence

from benchmarks import report
from benchmarks.gpu.rows import BEFORE, Row
from benchmarks.gpu.worker import Result

Measured = Sequence[tuple[str, Row, Result]]  # backend, row, what it gave
TITLES = {
    "exact": "Exact: largest difference, of the largest magnitude",
    "fast": "Fast: milliseconds",
}


QUICK = "**Tiny sizes and single calls (`--quick`): the times mean nothing.**\n"


def page(
    tables: Mapping[str, Measured], card: str, command: str, quick: bool = False
) -> str:
    """Return both tables, after the conditions."""
    parts = [f"Card: {card}. {report.conditions(command)}"]
    parts += [QUICK] if quick else []
    for name, measured in tables.items():
        if measured:
            write = exact if name == "exact" else fast
            parts.append(f"## {TITLES[name]}\n\n{write(measured)}\n")
    return "\n".join(parts)


def exact(measured: Measured) -> str:
    """Return the table of differences."""
    lines = ["| what | backend | exact | backend's own | to reach, exact |"]
    lines.append("|---|---|---|---|---|")
    for backend, row, result in measured:
        figures = result.get("figures")
        if figures is None:
            cells = [_why(result), "", ""]
        else:
            limit = row.reach[backend]
            verdict = "met" if figures["exact"] <= limit else "**missed**"
            cells = [f"{figures[mode]:.1e}" for mode in ("exact", "backend")]
            cells.append(f"{verdict} (<= {limit:.0e})")
        lines.append(f"| {row.title} | {backend} | {' | '.join(cells)} |")
    return "\n".join(lines)


def fast(measured: Measured) -> str:
    """Return the table of times."""
    lines = [f"| work | backend | ms | more | to reach | before ({BEFORE}) |"]
    lines.append("|---|---|---|---|---|---|")
    for backend, row, result in measured:
        before = row.before.get("", row.before.get(backend))
        limit = row.reach.get(backend)
        figures = dict(result.get("figures") or {})
        if figures:
            first = figures.pop("ms")
            cells = [f"{first:.2f}"]
            cells.append(", ".join(f"{n} {v:.2f}" for n, v in figures.items()))
            verdict = ""
            if limit is not None:
                met = "met" if first <= limit else "**missed**"
                verdict = f"{met} (<= {limit:g})"
            elif "ratio" in figures:
                met = "met" if figures["ratio"] <= 1.5 else "**missed**"
                verdict = f"{met} (ratio <= 1.5)"
            elif "second process ms" in figures:
                met = "met" if figures["second process ms"] <= 3_000 else "**missed**"
                verdict = f"{met} (second process <= 3000)"
            cells.append(verdict)
        else:
            cells = [_why(result), "", "" if limit is None else f"<= {limit:g}"]
        cells.append("" if before is None else f"{before:g}")
        lines.append(f"| {row.title} | {backend} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _why(result: Result) -> str:
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"not measured on {date}: {result['trouble']}"
