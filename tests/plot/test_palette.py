"""Colors of 20 classes: how far apart they are, also for color-blind eyes."""

import numpy as np
import pytest

from kerasaudio.plot.palette import COLORS, DARK_COLORS, style

GROUNDS = {"light": "#ffffff", "dark": "#14161c"}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colors):
    """Give linear RGB, (colors, 3), of "#rrggbb"."""
    values = np.array(
        [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colors]
    )
    return np.where(
        values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4
    )


def lab(rgb):
    """Give CIE L*a*b* of linear RGB."""
    xyz = np.clip(rgb, 0, 1) @ TO_XYZ.T / np.array([0.95047, 1, 1.08883])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(one, other):
    """Give the distance of colors as people see it (Sharma et al. 2005)."""
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (
        np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2))
    )
    chroma, light, turn = (c1 + c2) / 2, (l1 + l2) / 2, (h2 - h1 + 180) % 360 - 180
    hue = (h1 + turn / 2) % 360
    by_hue = 1 + sum(
        weight * np.cos(np.radians(times * hue + shift))
        for weight, times, shift in (
            *((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63)),
        )
    )
    far = (light - 50) ** 2
    d_light = (l2 - l1) / (1 + 0.015 * far / np.sqrt(20 + far))
    d_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    d_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    d_hue = d_hue / (1 + 0.015 * chroma * by_hue)
    bend = np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))
    cross = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(bend)
    return np.sqrt(d_light**2 + d_chroma**2 + d_hue**2 + cross * d_chroma * d_hue)


def distances(rgb):
    """Give the distance of each pair, (colors, colors); infinite to itself."""
    places = lab(rgb)
    table = ciede2000(places[:, None], places[None])
    np.fill_diagonal(table, np.inf)
    return table


def test_the_distance_is_that_of_the_paper():
    """Three pairs of the table of Sharma, Wu & Dalal 2005."""
    for one, other, wanted in (
        ([50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425),
        ([50, 2.5, 0], [73, 25, -18], 27.1492),
        ([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082),
    ):
        distance = ciede2000(np.array(one, float), np.array(other, float))
        assert distance == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("ground", GROUNDS)
def test_colors_of_20_classes_can_be_told_apart(ground):
    colors = {"light": COLORS, "dark": DARK_COLORS}[ground]

    assert len(colors) > 20
    # 2.3 is the smallest difference that people see side by side.
    assert distances(linear([*colors, GROUNDS[ground]])).min() > 17
    luminance = linear(colors) @ TO_XYZ[1]
    paper = (linear([GROUNDS[ground]]) @ TO_XYZ[1])[0]
    contrast = (np.maximum(luminance, paper) + 0.05) / (
        np.minimum(luminance, paper) + 0.05
    )
    assert contrast.min() > 2


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("colors", [COLORS, DARK_COLORS], ids=["light", "dark"])
def test_shapes_help_where_color_blind_eyes_confuse_colors(colors, blindness):
    """For them, colors alone do not do: some pairs come too close."""
    seen = linear(colors) @ np.array(BLINDNESS[blindness]).T
    apart = distances(seen)
    shapes = np.array([style(number).shape for number in range(len(colors))])
    same_shape = shapes[:, None] == shapes[None]

    assert apart.min() < 10  # shapes are needed
    assert apart[same_shape].min() > 15  # and suffice


def test_lines_side_by_side_differ_in_color_and_dash():
    for number in range(40):
        one, next_one = style(number), style(number + 1)
        assert one.color != next_one.color
        assert one.dash != next_one.dash
    looks = {(style(number).color, style(number).dash) for number in range(84)}
    assert len(looks) == 84
