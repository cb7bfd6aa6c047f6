"""The look of classes: a color and a shape each, distinct without colors, too."""

import math
from typing import Any, NamedTuple

Polygon = tuple[tuple[float, float], ...]

# Okabe & Ito 2008, "Color Universal Design", without yellow, too pale on white; then
# colors far from these and from each other, CIEDE2000 of 18 or more. Color-blind eyes
# confuse some of them. Shapes help: they repeat after 8 classes, and the order is such
# that classes of one shape also differ in color for these eyes.
COLORS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#444444",
    "#874bd2",
    "#a5a596",
    "#875a5a",
    "#784b00",
    "#787800",
    "#e1a596",
    "#006969",
    "#87c31e",
    "#ff2d4b",
    "#690f00",
    "#b4b4d2",
    "#002d78",
    "#69004b",
    "#004b00",
)

# The same classes on dark ground.
DARK_COLORS = (
    "#0f8fe0",
    "#e69f00",
    "#00b888",
    "#e08cbf",
    "#8fd3ff",
    "#f0703c",
    "#bbbbbb",
    "#a596ff",
    "#fff03c",
    "#786978",
    "#965a00",
    "#96a50f",
    "#ffc3a5",
    "#007878",
    "#87ff78",
    "#d2003c",
    "#69694b",
    "#96fff0",
    "#3c5ae1",
    "#c300a5",
    "#00870f",
)
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1)), "-.")


def _ring(corners: int, radii: tuple[float, ...] = (1.0,), turn: float = 0) -> Polygon:
    """Return corners on a circle, from the top, turned by a fraction of a circle."""
    points = []
    for corner in range(corners):
        angle = 2 * math.pi * (corner / corners + turn)
        radius = radii[corner % len(radii)]
        points.append(
            (round(radius * math.sin(angle), 4), round(radius * math.cos(angle), 4))
        )
    return tuple(points)


def _cross(turn: float) -> Polygon:
    """Return a cross with four arms, 0.7 wide, turned by a fraction of a circle."""
    inner, outer = math.hypot(0.35, 0.35), math.hypot(1, 0.35)
    step = math.atan2(0.35, 1) / (2 * math.pi)
    points = []
    for arm in range(4):
        middle = arm / 4 + turn
        for at, radius in ((-step, outer), (step, outer), (1 / 8, inner)):
            angle = 2 * math.pi * (middle + at)
            points.append(
                (round(radius * math.sin(angle), 4), round(radius * math.cos(angle), 4))
            )
    return tuple(points)


# Corners in units of the marker's radius, y upwards.
SHAPES: tuple[Polygon, ...] = (
    _ring(24, (0.9,)),
    _ring(4, (1.15,), turn=1 / 8),
    _ring(3, (1.25,)),
    _ring(4, (1.2,)),
    _cross(1 / 8),
    _ring(3, (1.25,), turn=1 / 2),
    _ring(10, (1.35, 0.6)),
    _cross(0),
)


class Style(NamedTuple):
    """Look of a class.

    Attributes:
        color: "#rrggbb".
        dark: Color on dark ground, "#rrggbb".
        shape: Number in SHAPES.
        dash: Line style of matplotlib.
    """

    color: str
    dark: str
    shape: int
    dash: Any


def style(number: int) -> Style:
    """Return the look of a class; 21 colors and 8 shapes give 168 different ones."""
    color = number % len(COLORS)
    return Style(
        COLORS[color],
        DARK_COLORS[color],
        number % len(SHAPES),
        DASHES[number % len(DASHES)],
    )
