"""A picture that a network made, and the course of its score."""

from os import PathLike
from typing import Any

from kerasaudio.plot.check import check_numbers
from kerasaudio.plot.figure import find_place, new_figure, plain
from kerasaudio.plot.palette import COLORS


def dream(
    picture: Any,
    course: Any,
    path: str | PathLike[str] | None = None,
    *,
    title: str = "",
) -> Any:
    """Draw a picture beside the course of its score.

    Args:
        picture: (height, width, 3), numbers from 0 to 1.
        course: Score in each iteration, (iterations,).
        path: PNG file to write; None to return the figure.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: The picture or the course is unusable; the suffix is not .png.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> gray = np.full((40, 60, 3), 0.5)
        >>> kerasaudio.plot.dream(gray, [0.1, 0.5, 0.9], "gray.png").name
        'gray.png'
    """
    pixels = check_numbers(picture, "picture", ndim=3)
    if pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(
            f"picture must have the shape (height, width, 3). Received: {pixels.shape}."
        )
    scores = check_numbers(course, "course", ndim=1)
    place = find_place(path)
    figure, (shown, rise) = new_figure(7, 3.6, ncols=2)
    shown.imshow(pixels.clip(0, 1))
    shown.set_axis_off()
    rise.plot(scores, color=COLORS[0], linewidth=1)
    rise.set_xlabel("iteration")
    rise.set_ylabel("score")
    rise.grid(axis="y", color="0.92")
    rise.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(plain(title))
    return place.finish(figure)
