"""Faces of animals with four legs, and of a bee and a frog."""

from collections.abc import Callable

from drawing.shapes import (
    INK,
    PINK,
    WHITE,
    area,
    both,
    box,
    circle,
    ellipse,
    eyes,
    line,
    shout,
    smile,
)

Draw = Callable[[bool], list[str]]


def dog(is_loud: bool) -> list[str]:
    """Draw a brown dog with hanging ears."""
    coat, dark, light = "#c98d4e", "#8f5a2c", "#f3dcc0"
    mouth = shout(158, 19, 20) if is_loud else smile(148, 20, 16)
    return [
        circle(100, 100, 66, coat),
        both(ellipse(38, 92, 20, 44, dark, 14)),
        ellipse(100, 136, 38, 34, light),
        area("M100 38 q-22 30 -10 76 h20 q12 -46 -10 -76 z", light),
        eyes(30, 88, 9),
        mouth,
        ellipse(100, 120, 17, 12, INK),
        ellipse(95, 116, 5, 3, "#8a8582"),
        line("M100 130 v16"),
    ]


def cat(is_loud: bool) -> list[str]:
    """Draw a gray cat."""
    coat, stripe = "#9aa5b5", "#748094"
    mouth = shout(146, 13, 16) if is_loud else smile(132, 16, 14)
    return [
        both(
            area("M42 92 L44 22 L96 56 z", coat), area("M53 66 L55 42 L76 56 z", PINK)
        ),
        ellipse(100, 108, 66, 60, coat),
        line("M100 52 v24", stripe, 7),
        both(line("M82 54 q0 10 4 18", stripe, 6)),
        both(ellipse(70, 98, 14, 15, "#d9e86f"), ellipse(70, 98, 5, 13, INK)),
        ellipse(100, 134, 26, 20, "#e7ebf0"),
        mouth,
        area("M90 116 h20 l-10 12 z", PINK),
        both(line("M58 124 l-42 -8", INK, 2.5), line("M58 132 l-42 4", INK, 2.5)),
    ]


def cow(is_loud: bool) -> list[str]:
    """Draw a cow with black patches."""
    horn = "#e6d9b8"
    mouth = shout(170, 17, 13) if is_loud else line("M84 170 q16 10 32 0")
    return [
        both(area("M58 46 q-26 -8 -22 -34 q14 20 38 22 z", horn)),
        both(ellipse(34, 66, 26, 14, INK, 18), ellipse(36, 66, 15, 7, PINK, 18)),
        area(
            "M100 28 q56 0 54 60 q-2 40 -22 62 h-64 q-20 -22 -22 -62 q-2 -60 54 -60z",
            WHITE,
        ),
        area("M100 28 q54 -2 54 58 q-8 34 -30 22 q-24 -20 -24 -80z", INK),
        eyes(28, 84, 9),
        circle(131, 81, 3, WHITE),
        line("M119 84 a9 9 0 0 1 18 0", WHITE, 2),
        ellipse(100, 150, 48, 36, PINK),
        both(ellipse(80, 140, 7, 9, "#b8606a", 15)),
        mouth,
    ]


def horse(is_loud: bool) -> list[str]:
    """Draw a brown horse with a dark mane."""
    coat, mane, nose = "#a5673f", "#4b2c1d", "#d9b294"
    mouth = shout(176, 18, 13) if is_loud else line("M84 174 q16 9 32 0")
    return [
        both(area("M66 54 L60 8 L92 36 z", coat), area("M70 44 L67 22 L82 36 z", PINK)),
        area(
            "M100 24 q46 0 44 52 q-2 50 -10 82 h-68 q-8 -32 -10 -82 q-2 -52 44 -52z",
            coat,
        ),
        area("M100 40 l14 40 l-14 44 l-14 -44 z", WHITE),
        area(
            "M74 24 q26 -22 52 0 q-4 26 -18 40 q-6 -12 -8 -16 q-6 14 -14 20 "
            "q-10 -18 -12 -44z",
            mane,
        ),
        eyes(32, 84, 8),
        ellipse(100, 160, 42, 32, nose),
        both(ellipse(82, 150, 6, 8, "#8a5a43", 20)),
        mouth,
    ]


def pig(is_loud: bool) -> list[str]:
    """Draw a pink pig."""
    skin, dark = "#f4b3b6", "#dd8288"
    mouth = shout(156, 16, 13) if is_loud else line("M82 152 q18 14 36 0")
    return [
        both(area("M40 70 L30 22 L82 46 z", dark)),
        ellipse(100, 104, 70, 64, skin),
        eyes(36, 84, 8),
        both(circle(48, 122, 12, "#f19aa0")),
        mouth,
        ellipse(100, 118, 28, 21, dark),
        both(ellipse(90, 118, 5, 9, "#9c4f57")),
    ]


def sheep(is_loud: bool) -> list[str]:
    """Draw a sheep with white wool."""
    wool, skin = "#f4f1ea", "#5a5350"
    mouth = shout(152, 13, 12) if is_loud else smile(146, 13, 10)
    curls = [
        (100, 36, 28),
        (64, 46, 26),
        (136, 46, 26),
        (40, 76, 26),
        (160, 76, 26),
        (36, 112, 26),
        (164, 112, 26),
        (52, 146, 26),
        (148, 146, 26),
        (100, 160, 30),
    ]
    return [
        *(circle(x, y, radius + 3, "#cfc8bb") for x, y, radius in curls),
        *(circle(x, y, radius, wool) for x, y, radius in curls),
        circle(100, 100, 62, wool),
        both(ellipse(40, 92, 22, 11, skin, -20), ellipse(41, 92, 13, 5, PINK, -20)),
        area("M100 56 q42 0 40 44 q-4 68 -40 68 q-36 0 -40 -68 q-2 -44 40 -44z", skin),
        circle(84, 58, 16, wool),
        circle(116, 58, 16, wool),
        circle(100, 50, 18, wool),
        both(circle(82, 96, 10, WHITE), circle(83, 97, 5.5, INK)),
        area("M90 128 h20 l-10 10 z", PINK),
        mouth.replace(INK, "#f2e9e4"),
    ]


def frog(is_loud: bool) -> list[str]:
    """Draw a green frog, whose throat swells."""
    skin, dark, belly = "#7fb84e", "#5f9636", "#d8e8a8"
    throat = [ellipse(100, 158, 46, 34, belly), line("M58 138 q42 22 84 0", dark, 5)]
    rest = [line("M44 122 q56 44 112 0", dark, 6)]
    return [
        both(circle(58, 58, 30, skin), circle(58, 56, 20, WHITE)),
        both(circle(61, 57, 10, INK), circle(64, 53, 3, WHITE)),
        ellipse(100, 116, 76, 56, skin),
        *(throat if is_loud else rest),
        both(circle(90, 94, 3, dark), circle(42, 112, 8, "#9fd06a")),
    ]


def lion(is_loud: bool) -> list[str]:
    """Draw a lion with its mane."""
    coat, mane = "#eeb953", "#b4682a"
    mouth = shout(154, 22, 22) if is_loud else smile(136, 18, 14)
    tufts = "".join(
        f'<g transform="rotate({angle} 100 100)">{ellipse(100, 28, 20, 24, mane)}</g>'
        for angle in range(0, 360, 30)
    )
    return [
        tufts,
        circle(100, 100, 72, mane),
        both(circle(52, 58, 17, coat), circle(52, 58, 9, mane)),
        circle(100, 104, 54, coat),
        eyes(24, 92, 7),
        ellipse(100, 134, 26, 20, "#f8e3b8"),
        mouth,
        area("M86 114 h28 l-14 15 z", "#6b3a22"),
        both(*(circle(80, 128 + 6 * n, 1.8, "#6b3a22") for n in range(2))),
    ]


def mouse(is_loud: bool) -> list[str]:
    """Draw a gray mouse with large ears."""
    coat = "#b3aca6"
    mouth = shout(158, 9, 9) if is_loud else smile(150, 10, 9)
    return [
        both(circle(46, 62, 38, coat), circle(46, 62, 25, PINK)),
        area(
            "M100 58 q58 6 46 56 q-18 48 -46 56 q-28 -8 -46 -56 q-12 -50 46 -56z", coat
        ),
        eyes(24, 102, 8),
        mouth,
        box(95, 149, 10, 12, WHITE, 2) if not is_loud else "",
        ellipse(100, 138, 10, 8, PINK),
        both(line("M78 140 l-40 -6", INK, 2), line("M78 147 l-38 8", INK, 2)),
    ]


def bee(is_loud: bool) -> list[str]:
    """Draw a bee from the side, whose wings beat."""
    gold, turn = "#f5c13d", -14 if is_loud else 24
    wing = '<g opacity="0.85">{}</g>'.format(
        ellipse(96, 58, 22, 42, "#cfe3f2", turn)
        + ellipse(122, 62, 17, 34, "#dfeefa", turn + 18)
    )
    hum = "".join(
        line(f"M{166 + 11 * n} {72 - 4 * n} q9 12 0 24", "#e0903a", 4) for n in range(2)
    )
    return [
        area("M172 116 l20 -2 l-18 -12 z", INK),
        wing,
        ellipse(112, 116, 64, 42, gold),
        *(
            area(f"M{x} {116 - h} q10 {h} 0 {2 * h} h15 q10 -{h} 0 -{2 * h} z", INK)
            for x, h in ((92, 40), (124, 40))
        ),
        circle(54, 108, 32, "#4a3b2a"),
        circle(44, 102, 9, WHITE),
        circle(42, 103, 5, INK),
        line("M38 122 q8 8 18 4", WHITE, 4),
        line("M42 80 q-4 -20 -20 -22"),
        line("M58 77 q4 -20 -6 -30"),
        hum if is_loud else "",
    ]


ANIMALS: dict[str, Draw] = {
    "dog": dog,
    "cat": cat,
    "cow": cow,
    "horse": horse,
    "pig": pig,
    "sheep": sheep,
    "frog": frog,
    "lion": lion,
    "mouse": mouse,
    "bee": bee,
}
