"""Shapes on a square of 200 x 200, as SVG."""

INK = "#33302e"
WHITE = "#ffffff"
PINK = "#f2a0a5"
TONGUE = "#e4616b"
MOUTH = "#7c2f3a"


def circle(x: float, y: float, radius: float, fill: str, **more: str) -> str:
    """Return a circle."""
    return _element("circle", cx=x, cy=y, r=radius, fill=fill, **more)


def ellipse(
    x: float, y: float, width: float, height: float, fill: str, turn: float = 0
) -> str:
    """Return an ellipse by its radii, turned clockwise by degrees."""
    more = {"transform": f"rotate({turn:g} {x:g} {y:g})"} if turn else {}
    return _element("ellipse", cx=x, cy=y, rx=width, ry=height, fill=fill, **more)


def box(
    x: float, y: float, width: float, height: float, fill: str, round_by: float = 0
) -> str:
    """Return a rectangle by its upper left corner."""
    return _element(
        "rect", x=x, y=y, width=width, height=height, rx=round_by, fill=fill
    )


def area(path: str, fill: str) -> str:
    """Return a filled path."""
    return _element("path", d=path, fill=fill)


def line(path: str, color: str = INK, width: float = 4) -> str:
    """Return a drawn path with round ends."""
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width:g}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def both(*shapes: str) -> str:
    """Return shapes, and their mirror images at the middle."""
    inside = "".join(shapes)
    return f'{inside}<g transform="translate(200 0) scale(-1 1)">{inside}</g>'


def eyes(apart: float, y: float, radius: float = 7, is_shut: bool = False) -> str:
    """Return two eyes at a distance from the middle."""
    x = 100 - apart
    if is_shut:
        return both(
            line(
                f"M{x - radius:g} {y + 3:g} q{radius:g} -{radius + 3:g} "
                f"{2 * radius:g} 0"
            )
        )
    shine = circle(x + radius / 3, y - radius / 3, radius / 3.2, WHITE)
    return both(circle(x, y, radius, INK)) + shine + _moved(shine, 2 * apart)


def smile(y: float, width: float, depth: float) -> str:
    """Return a closed mouth: two bows below a nose."""
    return line(
        f"M{100 - width:g} {y:g} q{width / 2:g} {depth:g} {width:g} 0 "
        f"q{width / 2:g} {depth:g} {width:g} 0"
    )


def shout(y: float, width: float, height: float) -> str:
    """Return an open mouth with a tongue."""
    return ellipse(100, y, width, height, MOUTH) + ellipse(
        100, y + 0.5 * height, 0.6 * width, 0.42 * height, TONGUE
    )


def waves(x: float, y: float, color: str = "#e0903a") -> str:
    """Return three bows of sound that leave to both upper sides of a place."""
    bows = "".join(
        line(
            f"M{x - 8 - 7 * n:g} {y - 14 - 8 * n:g} q{-10 - 3 * n:g} {8 + 4 * n:g} "
            f"-4 {22 + 9 * n:g}",
            color,
        )
        for n in range(3)
    )
    return both(bows)


def document(shapes: list[str], title: str) -> str:
    """Return an SVG file."""
    inside = "\n".join(shapes)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200" '
        'viewBox="0 0 200 200">\n'
        f"<title>{title}</title>\n{inside}\n</svg>\n"
    )


def _moved(shape: str, x: float) -> str:
    return f'<g transform="translate({x:g} 0)">{shape}</g>'


def _element(name: str, **attributes: object) -> str:
    words = " ".join(
        f'{key}="{value:g}"' if isinstance(value, int | float) else f'{key}="{value}"'
        for key, value in attributes.items()
    )
    return f"<{name} {words}/>"
