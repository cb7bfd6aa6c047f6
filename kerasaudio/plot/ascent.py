"""A picture of a sound that was made by ascent, and of the course of its score."""

from os import PathLike
from typing import Any

import numpy as np

from kerasaudio.audio import check_waveform
from kerasaudio.audio.check import check_rate
from kerasaudio.plot.figure import find_place, new_figure, plain
from kerasaudio.plot.palette import COLORS
from kerasaudio.plot.sound import RANGE_DB, Scale, draw, measure, open_sound
from kerasaudio.plot.time_axis import show_time


def ascent(
    waveform: Any,
    course: Any,
    path: str | PathLike[str] | None = None,
    *,
    sample_rate: int,
    title: str = "",
) -> Any:
    """Draw a waveform, its spectrogram, and how its score rose.

    Args:
        waveform: Mono waveform (samples,) of floats in [-1, 1].
        course: Score in each iteration, (iterations,).
        path: PNG file to write; None to return the figure.
        sample_rate: Sample rate of the waveform in Hz.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: The waveform, its rate or the course is unusable; the suffix is not
            .png.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> tone = 0.1 * np.sin(np.arange(8_000) / 3)
        >>> kerasaudio.plot.ascent(
        ...     tone, [0.1, 0.5, 0.9], "tone.png", sample_rate=8_000
        ... ).name
        'tone.png'
    """
    samples = check_waveform(waveform)
    rate = check_rate(sample_rate)
    scores = np.asarray(course, "float64")
    if scores.ndim != 1:
        raise ValueError(
            f"course must have the shape (iterations,). Received: {scores.shape}."
        )
    place = find_place(path)
    scale = Scale()
    with open_sound(samples, rate) as sound:
        picture = measure(sound, scale)
    figure, (wave, spectrum, rise) = new_figure(
        7, 6, nrows=3, height_ratios=(1, 2, 1.3)
    )
    seconds = len(samples) / rate
    wave.plot(np.arange(len(samples)) / rate, samples, color=COLORS[0], linewidth=0.5)
    wave.set_ylabel("waveform")
    wave.set_xlim(0, seconds)
    wave.tick_params(labelbottom=False)
    draw(spectrum, picture, scale, RANGE_DB)
    show_time(spectrum, 0, picture.seconds)
    rise.plot(np.arange(len(scores)), scores, color=COLORS[0], linewidth=1)
    rise.set_xlabel("iteration")
    rise.set_ylabel("score")
    rise.grid(axis="y", color="0.92")
    for axes in (wave, rise):
        axes.spines[["top", "right"]].set_visible(False)
    if title:
        wave.set_title(plain(title))
    return place.finish(figure)
