"""People and things that can be heard, and quiet."""

from drawing.animals import Draw
from drawing.shapes import (
    INK,
    WHITE,
    area,
    both,
    box,
    circle,
    ellipse,
    eyes,
    line,
    shout,
    waves,
)

SKIN, HAIR, WAVE = "#eebb91", "#5b3b28", "#e0903a"


def _face(*mouth: str, is_glad: bool = False) -> list[str]:
    return [
        circle(100, 96, 66, HAIR),
        both(circle(38, 108, 12, SKIN)),
        ellipse(100, 112, 58, 60, SKIN),
        area("M44 96 q10 -50 60 -46 q48 0 52 46 q-30 -4 -46 -26 q-22 26 -66 26z", HAIR),
        eyes(24, 104, 7, is_shut=is_glad),
        both(circle(58, 132, 10, "#e59a86")),
        *mouth,
    ]


def speech(is_loud: bool) -> list[str]:
    """Draw a face that speaks."""
    return _face(shout(146, 15, 13) if is_loud else line("M84 144 q16 10 32 0"))


def laughter(is_loud: bool) -> list[str]:
    """Draw a face that laughs."""
    teeth = area("M72 134 h56 q-3 10 -6 12 h-44 q-4 -4 -6 -12z", WHITE)
    mouth = area("M70 132 h60 q-4 36 -30 36 q-26 0 -30 -36z", "#7c2f3a") + teeth
    return _face(mouth if is_loud else line("M72 138 q28 28 56 0"), is_glad=True)


def music(is_loud: bool) -> list[str]:
    """Draw two notes."""
    ink, move = "#3a74ab", -8 if is_loud else 0
    notes = (
        line("M76 146 V44 L152 28 V130", ink, 10)
        + area("M71 40 L157 22 V50 L71 68z", ink)
        + ellipse(58, 148, 23, 17, ink, -18)
        + ellipse(134, 132, 23, 17, ink, -18)
    )
    moved = f'<g transform="translate(0 {move}) rotate({move} 100 100)">{notes}</g>'
    return [moved, waves(26, 52) if is_loud else ""]


def siren(is_loud: bool) -> list[str]:
    """Draw a blue light on a roof."""
    light = "#4aa3ff" if is_loud else "#2f6cad"
    rays = both(
        line("M52 70 L18 56", WAVE, 6),
        line("M62 44 L36 18", WAVE, 6),
        line("M48 100 L12 102", WAVE, 6),
    ) + line("M100 32 V6", WAVE, 6)
    return [
        rays if is_loud else "",
        area("M62 140 V92 q0 -46 38 -46 q38 0 38 46 V140z", light),
        area("M76 128 V92 q2 -26 16 -30 v66z", "#bfe0ff" if is_loud else "#6f9fd0"),
        box(44, 138, 112, 26, "#4d5562", 6),
        box(28, 162, 144, 18, "#353b45", 6),
    ]


def car(is_loud: bool) -> list[str]:
    """Draw a red car."""
    red, dark = "#d8483e", "#a8322b"
    wheel = circle(56, 146, 22, INK) + circle(56, 146, 9, "#c9ccd1")
    puffs = [circle(184, 138, 8, "#a9adb5"), circle(192, 122, 6, "#c3c6cc")]
    return [
        area("M50 96 q10 -38 34 -38 h36 q24 0 38 38z", red),
        area("M62 94 q8 -26 24 -26 h10 v26z M104 68 h14 q14 0 26 26 h-40z", "#bfdcf0"),
        box(16, 92, 166, 50, red, 16),
        line("M20 122 h158", dark),
        ellipse(24, 110, 7, 9, "#ffe27a" if is_loud else "#f3ead0"),
        wheel,
        f'<g transform="translate(86 0)">{wheel}</g>',
        *(puffs if is_loud else []),
    ]


def water(is_loud: bool) -> list[str]:
    """Draw a cloud and drops."""
    drop, low = "#4f97d3", 12 if is_loud else 0
    drops = "".join(
        area(f"M{x} {y + low} q14 20 0 26 q-14 -6 0 -26z", drop)
        for x, y in ((58, 112), (92, 128), (126, 112), (150, 132))
    )
    waves_below = line("M30 184 q18 -14 35 0 t35 0 t35 0 t35 0", drop, 6)
    cloud = "#aab6c4"
    return [
        circle(66, 76, 32, cloud),
        circle(106, 60, 40, cloud),
        circle(144, 80, 28, cloud),
        box(44, 76, 120, 32, cloud, 16),
        drops,
        waves_below if is_loud else line("M30 188 h140", drop, 6),
    ]


def bell(is_loud: bool) -> list[str]:
    """Draw a bell that swings."""
    gold, dark = "#e7b23c", "#b98420"
    shape = (
        circle(100, 156, 14, dark)
        + circle(100, 30, 11, dark)
        + area(
            "M100 34 q44 0 46 62 q2 32 20 46 H34 q18 -14 20 -46 q2 -62 46 -62z", gold
        )
        + box(30, 136, 140, 14, dark, 7)
    )
    turned = f'<g transform="rotate({16 if is_loud else 0} 100 30)">{shape}</g>'
    return [turned, waves(34, 92) if is_loud else ""]


def clapping(is_loud: bool) -> list[str]:
    """Draw two hands that clap."""
    apart = 0 if is_loud else 14
    fingers = "".join(
        line(
            f"M{66 + 9 * n} {112 - 4 * n} L{56 + 13 * n} {58 - 6 * (n % 2) - 4 * n}",
            SKIN,
            15,
        )
        for n in range(3)
    )
    hand = (
        fingers
        + area("M56 112 q20 -26 42 -14 l4 60 q-6 22 -30 20 q-28 -14 -16 -66z", SKIN)
        + line("M96 116 q-12 8 -12 24", "#c98f64", 4)
        + area("M64 168 l34 8 l-6 24 h-38z", "#4f7fb5")
    )
    rays = both(line("M70 34 L60 12", WAVE, 6)) + line("M100 28 V6", WAVE, 6)
    return [
        both(f'<g transform="translate({-apart} 0)">{hand}</g>'),
        rays if is_loud else "",
    ]


def quiet(is_loud: bool) -> list[str]:
    """Draw an ear that listens."""
    dark = "#c98f64"
    bows = "".join(
        line(
            f"M{42 - 14 * n} {78 - 8 * n} q{-10 - 3 * n} 22 0 {44 + 16 * n}",
            "#9aa5b5",
            5,
        )
        for n in range(2 if is_loud else 1)
    )
    return [
        area(
            "M112 22 q-56 0 -56 60 q0 20 10 34 q10 14 10 34 q2 32 30 32 q24 -2 28 -28 "
            "q2 -16 18 -30 q16 -16 16 -44 q-2 -58 -56 -58z",
            SKIN,
        ),
        line(
            "M78 84 q-2 -40 34 -40 q34 2 34 38 q0 18 -14 30 q-14 12 -14 26 "
            "q-2 18 -16 18",
            dark,
            7,
        ),
        line("M100 84 q2 -18 14 -18 q12 2 12 18 q0 12 -12 20 q-10 8 -10 20", dark, 7),
        bows,
    ]


THINGS: dict[str, Draw] = {
    "speech": speech,
    "laughter": laughter,
    "music": music,
    "siren": siren,
    "car": car,
    "water": water,
    "bell": bell,
    "clapping": clapping,
    "quiet": quiet,
}
