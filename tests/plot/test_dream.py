"""A picture beside the course of its score."""

import numpy as np
import pytest

from kerasaudio.plot import dream

GRAY = np.full((6, 8, 3), 0.5)


def test_the_picture_and_the_course_are_drawn():
    figure = dream(GRAY, [1.0, 2.0], title="$conv · net")
    shown, rise = figure.axes
    np.testing.assert_array_equal(shown.images[0].get_array(), GRAY)
    np.testing.assert_array_equal(rise.lines[0].get_ydata(), [1, 2])
    assert figure.get_suptitle() == r"\$conv · net"


@pytest.mark.parametrize(
    ("picture", "course", "path", "says"),
    [
        (GRAY[..., 0], [1.0], None, "picture must have 3 axes"),
        (GRAY[..., :2], [1.0], None, r"\(height, width, 3\)"),
        (GRAY, [np.nan], None, "course must hold finite"),
        (GRAY, [1.0], "gray.jpg", r"must end in \.png"),
    ],
)
def test_wrong_arguments(picture, course, path, says):
    with pytest.raises(ValueError, match=says):
        dream(picture, course, path)
