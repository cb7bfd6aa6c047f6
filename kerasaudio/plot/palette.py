"""The look of classes: a color and a shape each, distinct without colors, too."""

import math
from typing import NamedTuple

Polygon = tuple[tuple[float, float], ...]

# Okabe & Ito 2008, "Color Universal Design", without yellow, too pale on white.
COLORS = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#444444",
)


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
        shape: Number in SHAPES.
    """

    color: str
    shape: int


def style(number: int) -> Style:
    """Return the look of a class; 7 colors and 8 shapes give 56 different ones."""
    return Style(COLORS[number % len(COLORS)], number % len(SHAPES))
