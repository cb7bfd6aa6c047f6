"""A picture of the frequencies of a sound over time."""

from os import PathLike
from typing import Any, Literal

from kerasaudio.arguments import number
from kerasaudio.plot.figure import find_place, plain
from kerasaudio.plot.sound import RANGE_DB, Scale, draw, measure, open_sound
from kerasaudio.plot.time_axis import show_time


def spectrogram(
    audio: Any,
    path: str | PathLike[str] | None = None,
    *,
    sample_rate: int | None = None,
    scale: Literal["mel", "linear"] = "mel",
    max_hertz: float | None = None,
    range_db: float = RANGE_DB,
    ax: Any = None,
    title: str = "",
) -> Any:
    """Draw a spectrogram in dB below the loudest place.

    Files are read in blocks, at their own rate; of long sounds, each column is the mean
    power of a stretch of time, so that nothing is left out.

    Args:
        audio: Path, or mono waveform (samples,) of floats in [-1, 1].
        path: PNG file to write; None to return the figure.
        sample_rate: Sample rate of the waveform in Hz; must be None for files.
        scale: Frequency axis: "mel" (default) or "linear".
        max_hertz: Highest frequency in Hz; None for half the sample rate.
        range_db: Level below the loudest place that is black, in dB.
        ax: Axes of matplotlib to draw into; None for a new figure, which has a scale of
            colors.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: The audio is unusable; a waveform has no rate, or a file has one;
            the scale is unknown; a number is out of range; the suffix is not .png; both
            `path` and `ax` are given.
        OSError: The sound cannot be read, or the picture cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> figure = kerasaudio.plot.spectrogram("song.wav")  # shown by a notebook
        >>> kerasaudio.plot.spectrogram("song.wav", "spectrogram.png").name
        'spectrogram.png'
    """
    range_db = number(range_db, "range_db", above=0)
    place = find_place(path, ax)
    shape = Scale(scale, max_hertz)
    with open_sound(audio, sample_rate) as sound:
        picture = measure(sound, shape)

    figure, axes = place.axes(9, 3.6)
    image = draw(axes, picture, shape, range_db)
    show_time(axes, 0, picture.seconds)
    if title:
        axes.set_title(plain(title))
    if ax is None:
        figure.colorbar(image, ax=axes, label="dB, 0 at the loudest", pad=0.01)
    return place.finish(figure)
