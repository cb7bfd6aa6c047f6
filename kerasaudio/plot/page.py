"""The feature space as one self-contained HTML file."""

import html
import json
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.plot.clips import Clips
from kerasaudio.plot.palette import SHAPES, style
from kerasaudio.plot.project import Projection
from kerasaudio.plot.web_page import part, policy_hash, write_filled
from kerasaudio.text import escaped


def write_page(
    path: Path,
    projection: Projection,
    classes: list[str],
    of_points: np.ndarray,
    names: list[str],
    playable: Clips | None,
    title: str,
) -> None:
    """Write the page.

    Args:
        path: HTML file to write.
        projection: Coordinates of the points.
        classes: Names of the classes; empty for points without labels.
        of_points: Class number of each point.
        names: Name of each point.
        playable: Sounds; None if there are none.
        title: Title above the map.
    """
    data = {
        "points": [
            [float(f"{x:.5g}"), float(f"{y:.5g}"), int(number), name, sound]
            for (x, y), number, name, sound in zip(
                projection.coordinates,
                of_points,
                names,
                playable.of_points if playable else [None] * len(names),
                strict=True,
            )
        ],
        "classes": [
            [name, look.color, look.dark, look.shape]
            for name, look in (
                (name, style(number)) for number, name in enumerate(classes or [""])
            )
        ],
        "shapes": SHAPES,
        "axes": projection.axes,
        "sounds": playable.sources if playable else [],
    }
    script, looks = part("page.js"), part("page.css")
    parts = {
        "title": html.escape(escaped(title)),
        "policy": (
            # Nothing is loaded and no other script runs, whatever labels contain.
            f"default-src 'none'; script-src {policy_hash(script)}; "
            f"style-src {policy_hash(looks)}; media-src data: 'self' file:"
        ),
        "style": looks,
        "script": script,
        "data": _json(data),
    }
    write_filled(path, "page.html", parts)


def _json(data: Any) -> str:
    """Return JSON without characters that begin or end markup."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
