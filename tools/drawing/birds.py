"""Birds."""

from drawing.animals import Draw
from drawing.shapes import (
    INK,
    MOUTH,
    WHITE,
    area,
    both,
    circle,
    ellipse,
    eyes,
    line,
)


def rooster(is_loud: bool) -> list[str]:
    """Draw a rooster from the side, who lifts his head to crow."""
    body, tail, red = "#b9602a", "#2f5d50", "#d8382f"
    beak = (
        [
            area("M54 66 L22 50 L52 54 z", "#f0b429"),
            area("M54 70 L28 84 L52 62 z", "#f0b429"),
        ]
        if is_loud
        else [area("M54 56 L24 66 L54 72 z", "#f0b429")]
    )
    return [
        *(
            line(
                f"M148 132 q{30 + 6 * n} -{20 + 24 * n} {8 - 6 * n} -{58 + 22 * n}",
                color,
                15,
            )
            for n, color in enumerate((tail, "#3f7a69", "#24473d"))
        ),
        area("M60 48 q20 -18 34 6 q4 34 62 64 q4 52 -48 54 q-60 0 -58 -68 z", body),
        area("M60 48 q20 -18 34 6 q4 26 22 40 q-30 34 -66 8 z", "#e59a3c"),
        area("M52 40 q-2 -20 10 -14 q2 -20 14 -8 q10 -14 16 2 q12 2 2 26 z", red),
        circle(74, 58, 24, "#e59a3c"),
        *beak,
        area("M52 76 q-12 16 0 26 q12 -8 6 -26 z", red),
        circle(66, 54, 6, INK),
        circle(64, 52, 2, WHITE),
        area("M96 122 q34 -10 44 12 q-18 24 -44 4 z", "#8f4419"),
        line("M92 170 v22 M92 192 l-12 0 M118 170 v22 M118 192 l-12 0", "#f0b429", 5),
    ]


def duck(is_loud: bool) -> list[str]:
    """Draw a yellow duck."""
    coat, bill = "#f6cf4a", "#ee8a2e"
    beak = (
        [
            ellipse(100, 134, 26, 18, MOUTH),
            area("M58 120 q42 -26 84 0 q-42 16 -84 0z", bill),
            area("M66 140 q34 34 68 0 q-34 12 -68 0z", bill),
        ]
        if is_loud
        else [
            area("M56 126 q44 -34 88 0 q-8 28 -44 28 q-36 0 -44 -28z", bill),
            line("M60 130 q40 16 80 0", "#c2661b"),
        ]
    )
    return [
        area("M88 36 q-2 -22 12 -22 q-6 8 2 14 q6 -10 18 -4 q-12 2 -12 14z", coat),
        circle(100, 100, 68, coat),
        eyes(32, 86, 10),
        both(circle(46, 116, 11, "#f2b13a")),
        *beak,
        both(circle(90, 118, 2.5, "#a8530f")),
    ]


def bird(is_loud: bool) -> list[str]:
    """Draw a blue bird from the side, who sings."""
    coat, wing, belly = "#5b9bd5", "#3a74ab", "#f2e3c9"
    beak = (
        area("M48 74 L18 58 L50 62 z", "#f0a93a")
        + area("M48 78 L22 90 L52 88 z", "#f0a93a")
        if is_loud
        else area("M48 66 L18 76 L50 84 z", "#f0a93a")
    )
    notes = (
        line("M20 40 v-22 l14 -4 v22", INK, 4)
        + ellipse(15, 40, 6, 4.5, INK)
        + ellipse(29, 36, 6, 4.5, INK)
    )
    return [
        area("M146 112 l48 -26 l-8 34 l10 18 l-50 6z", wing),
        area(
            "M46 76 q4 -40 42 -38 q34 2 44 34 q30 12 26 44 q-10 46 -58 44 "
            "q-52 -4 -54 -84z",
            coat,
        ),
        area("M48 92 q4 62 54 66 q26 0 38 -14 q-52 2 -92 -52z", belly),
        area("M88 96 q52 -10 60 20 q-28 34 -60 -20z", wing),
        beak,
        circle(72, 66, 8, INK),
        circle(70, 63, 2.6, WHITE),
        line("M92 158 v26 l-10 4 M114 156 v26 l-10 4", "#b9772a", 4),
        notes if is_loud else "",
    ]


def owl(is_loud: bool) -> list[str]:
    """Draw an owl, whose eyes are wide open when it hoots."""
    coat, light = "#8b6b4f", "#e9d6b8"
    wide = 21 if is_loud else 16
    beak = (
        area("M90 104 h20 l-10 14 z", "#e9a23b") + ellipse(100, 124, 8, 7, MOUTH)
        if is_loud
        else area("M90 104 h20 l-10 22 z", "#e9a23b")
    )
    feathers = "".join(
        line(f"M{x} {y} q8 9 16 0", coat, 3.5)
        for y, row in ((142, (68, 92, 116)), (158, (80, 104)))
        for x in row
    )
    return [
        both(area("M42 70 L36 18 L92 46 z", coat)),
        area("M100 34 q64 0 64 74 q0 76 -64 76 q-64 0 -64 -76 q0 -74 64 -74z", coat),
        ellipse(100, 146, 44, 36, light),
        feathers,
        both(circle(70, 86, 31, light), circle(70, 86, 25, WHITE)),
        both(circle(72, 87, wide, "#f2b632"), circle(73, 88, wide / 1.7, INK)),
        circle(78, 82, 3.5, WHITE),
        circle(133, 82, 3.5, WHITE),
        beak,
        both(area("M38 96 q-20 48 12 76 q6 -40 -12 -76z", "#6f523a")),
    ]


BIRDS: dict[str, Draw] = {"rooster": rooster, "duck": duck, "bird": bird, "owl": owl}
