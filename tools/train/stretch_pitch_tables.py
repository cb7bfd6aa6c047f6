"""The tables of docs/results/stretch-pitch.md, from the rows of `stretch_pitch.py`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

DRAWS = 5
AUGMENTS = ("none", "stretch", "pitch", "both")
BY_CLASS = 8  # clips a class in the table of classes

Row = dict[str, Any]


def tables(rows: Sequence[Row]) -> str:
    """Give the tables as Markdown, for each number of steps and each size measured."""
    parts = []
    for steps in sorted({row["steps"] for row in rows if row["how"] == "scratch"}):
        own = [row for row in rows if row.get("steps") == steps]
        parts += _both(own, f"From scratch, {steps:,} steps")
    own = [row for row in rows if row["how"] == "transfer"]
    return "\n\n".join(parts + _both(own, "By transfer"))


def _both(rows: Sequence[Row], title: str) -> list[str]:
    heading = f"### {title}, {BY_CLASS} clips a class, by class"
    return [f"### {title}", _by_size(rows), heading, _by_class(rows)]


def _of(rows: Sequence[Row], clips: int, augment: str) -> dict[int, Row]:
    """Give the rows of a combination by draw."""
    return {
        row["draw"]: row
        for row in rows
        if (row["clips"], row["augment"]) == (clips, augment)
    }


def _by_size(rows: Sequence[Row]) -> str:
    lines = [
        "| clips a class | versions | draws | accuracy, % | difference | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for clips in sorted({row["clips"] for row in rows}):
        plain = _of(rows, clips, "none")
        for augment in AUGMENTS:
            found = _of(rows, clips, augment)
            name = f"| {clips} | {augment} | {len(found)} of {DRAWS} "
            if not found:
                lines.append(f"{name}| not measured | | |")
                continue
            each = np.array([100 * row["accuracy"] for row in found.values()])
            seconds = np.mean([row["processor_seconds"] for row in found.values()])
            lines.append(
                f"{name}| {_spread(each)} | {_gain(found, plain, augment)} "
                f"| {seconds:.1f} |"
            )
    return "\n".join(lines)


def _gain(found: dict[int, Row], plain: dict[int, Row], augment: str) -> str:
    """Give the gain over no versions, in the draws that have both."""
    both = sorted(found.keys() & plain.keys())
    if augment == "none" or not both:
        return ""
    gains = [100 * (found[d]["accuracy"] - plain[d]["accuracy"]) for d in both]
    return _spread(np.array(gains), "+")


def _spread(values: np.ndarray, sign: str = "") -> str:
    """Give the mean, and the deviation if there are several draws."""
    deviation = f" ± {values.std():.1f}" if len(values) > 1 else ""
    return f"{values.mean():{sign}.1f}{deviation}"


def _by_class(rows: Sequence[Row]) -> str:
    each = {
        augment: list(_of(rows, BY_CLASS, augment).values()) for augment in AUGMENTS
    }
    names = sorted(
        {name for found in each.values() for r in found for name in r["right"]}
    )
    if not names:
        return "Not measured."
    headings = [f"{augment} ({len(found)})" for augment, found in each.items()]
    lines = [
        f"| class | {' | '.join(headings)} |",
        f"|---|{'---|' * len(AUGMENTS)}",
    ]
    for name in names:
        cells = []
        for found in each.values():
            clips = sum(row["held_out"] // len(row["right"]) for row in found)
            right = sum(row["right"][name] for row in found)
            cells.append(f"{100 * right / clips:.1f}" if clips else "not measured")
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)
