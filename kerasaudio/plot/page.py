"""The feature space as one self-contained HTML file."""

from pathlib import Path

import numpy as np

from kerasaudio.plot.clips import Clips
from kerasaudio.plot.document import write_document
from kerasaudio.plot.palette import SHAPES, style
from kerasaudio.plot.project import Projection


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
    media = "data: 'self' file:"
    write_document(path, "kerasaudio.plot", "page", title, data, media)
