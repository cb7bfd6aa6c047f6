"""The feature space as a picture."""

from typing import Any

import numpy as np

from kerasaudio.plot.figure import Place, add_legend, plain
from kerasaudio.plot.palette import SHAPES, style
from kerasaudio.plot.project import Projection

_ROWS = 28  # rows per column of the legend
_MOST_ENTRIES = 4 * _ROWS


def write_picture(
    place: Place,
    projection: Projection,
    classes: list[str],
    of_points: np.ndarray,
    title: str,
) -> Any:
    """Draw points by class, with a legend if there are classes.

    Args:
        place: Where the picture goes.
        projection: Coordinates of the points.
        classes: Names of the classes; empty for points without labels.
        of_points: Class number of each point.
        title: Title above the picture.
    """
    listed = len(classes) if len(classes) <= _MOST_ENTRIES else _MOST_ENTRIES - 1
    columns = -(-listed // _ROWS)
    figure, axes = place.axes(8 + 1.6 * columns, 7)
    x, y = projection.coordinates.T
    size = 12 if len(x) > 2000 else 30
    handles = []
    for number in range(max(1, len(classes))):
        look = style(number)
        mine = of_points == number
        outline = np.array(SHAPES[look.shape])
        handles.append(
            axes.scatter(
                x[mine],
                y[mine],
                s=size * np.abs(outline).max() ** 2,  # matplotlib shrinks it to 1
                marker=outline,
                color=look.color,
                alpha=0.85,
                linewidths=0.4,
                edgecolors="white",
            )
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(projection.axes[0])
    axes.set_ylabel(projection.axes[1])
    axes.set_title(plain(title))
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if classes:
        handles = handles[:listed]
        texts = classes[:listed]
        if listed < len(classes):
            handles.append(axes.scatter([], [], s=0))
            texts = [*texts, f"and {len(classes) - listed} more"]
        layout: dict[str, Any] = {
            "ncols": columns,
            "fontsize": 9 if len(classes) <= _ROWS else 7,
        }
        if place.ax is None:
            layout |= {"loc": "outside right upper", "frameon": False}
        add_legend(figure if place.ax is None else axes, handles, texts, **layout)
    return place.finish(figure)
