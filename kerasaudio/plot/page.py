"""The feature space as one self-contained HTML file."""

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.files.whole_file import writing_whole
from kerasaudio.plot.clips import Clips
from kerasaudio.plot.palette import SHAPES, style
from kerasaudio.plot.project import Projection
from kerasaudio.text import escaped

_FOLDER = files("kerasaudio.plot") / "web"


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
    script, looks = _part("page.js"), _part("page.css")
    parts = {
        "title": html.escape(escaped(title)),
        "policy": (
            # Nothing is loaded and no other script runs, whatever labels contain.
            f"default-src 'none'; script-src {_hash(script)}; "
            f"style-src {_hash(looks)}; media-src data: 'self' file:"
        ),
        "style": looks,
        "script": script,
        "data": _json(data),
    }
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _part("page.html"))
    with writing_whole(path) as temporary:
        # A file name may contain bytes that are not UTF-8.
        temporary.write_bytes(page.encode("utf-8", "xmlcharrefreplace"))


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"'sha256-{digest.decode('ascii')}'"


def _json(data: Any) -> str:
    """Return JSON without characters that begin or end markup."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
