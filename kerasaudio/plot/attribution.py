"""A picture of a sound with what a network listens to on it."""

from os import PathLike
from typing import Any, Literal

import numpy as np

from kerasaudio.arguments import number
from kerasaudio.layers.filterbank import hertz_to_mel, mel_to_hertz
from kerasaudio.plot.figure import find_place, plain
from kerasaudio.plot.sound import (
    RANGE_DB,
    Picture,
    Scale,
    draw,
    measure,
    open_sound,
)
from kerasaudio.plot.time_axis import show_time

COLOR = "#ff8c1a"
_ROWS = 96
_COLUMNS = 1_000
_OPAQUE = 0.85


def attribution(
    found: Any,
    path: str | PathLike[str] | None = None,
    *,
    scale: Literal["mel", "linear"] = "mel",
    max_hertz: float | None = None,
    range_db: float = RANGE_DB,
    ax: Any = None,
    title: str | None = None,
) -> Any:
    """Draw a spectrogram, and in orange what speaks for a label.

    The orange is the soft mask of the attribution: opaque where it is 1. Attributions
    without frequencies color whole columns.

    Args:
        found: Result of a method of `kerasaudio.interpret`.
        path: PNG file to write; None to return the figure.
        scale: Frequency axis: "mel" (default) or "linear".
        max_hertz: Highest frequency in Hz; None for half the sample rate.
        range_db: Level below the loudest place that is black, in dB.
        ax: Axes of matplotlib to draw into; None for a new figure, which has a scale of
            the orange.
        title: Title above the picture; None for the target, the method and the score.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: `found` is not an attribution; the scale is unknown; a number is out
            of range; the suffix is not .png; both `path` and `ax` are given.
        OSError: The picture cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> found = kerasaudio.interpret.occlusion(model, "song.wav", label="3")
        >>> figure = kerasaudio.plot.attribution(found)  # shown by a notebook
        >>> kerasaudio.plot.attribution(found, "listens.png").name
        'listens.png'
    """
    if not hasattr(found, "mask") or not hasattr(found, "waveform"):
        raise ValueError(
            "found must be the result of a method of kerasaudio.interpret, such as "
            f"occlusion. Received: {type(found).__name__}."
        )
    range_db = number(range_db, "range_db", above=0)
    place = find_place(path, ax)
    shape = Scale(scale, max_hertz)
    with open_sound(found.waveform, found.sample_rate) as sound:
        picture = measure(sound, shape)

    figure, axes = place.axes(9, 3.6)
    draw(axes, picture, shape, range_db).set_cmap("gray")
    _draw_mask(axes, on_picture(found, picture, scale), picture.seconds)
    show_time(axes, 0, picture.seconds)
    if title is None:
        title = f"{found.target} by {found.method}, score {found.score:.2g}"
    if title:
        axes.set_title(plain(title))
    if ax is None:
        figure.colorbar(_orange(), ax=axes, label="speaks for it", pad=0.01)
    return place.finish(figure)


def on_picture(found: Any, picture: Picture, scale: str) -> np.ndarray:
    """Return the soft mask on the axes of a picture, (rows, columns), lowest first."""
    mask = found.mask()
    if mask.ndim == 2 and found.frequencies is None:
        mask = mask.max(axis=1)
    if mask.ndim == 1:
        mask = mask[:, None]
    columns = min(_COLUMNS, max(2, len(found.times)))
    times = (np.arange(columns) + 0.5) / columns * picture.seconds
    rows = _nearest(times, found.times)
    if mask.shape[1] == 1:
        return mask[rows].T
    heights = (np.arange(_ROWS) + 0.5) / _ROWS
    if scale == "mel":
        hertz = mel_to_hertz(heights * hertz_to_mel(picture.highest))
    else:
        hertz = heights * picture.highest
    return mask[np.ix_(rows, _nearest(hertz, found.frequencies))].T


def _nearest(at: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the number of the nearest known place, which are ascending, for each."""
    middles = (known[1:] + known[:-1]) / 2
    return np.searchsorted(middles, at)


def _draw_mask(axes: Any, mask: np.ndarray, seconds: float) -> None:
    bottom, top = axes.get_ylim()
    axes.imshow(
        mask,
        origin="lower",
        aspect="auto",
        cmap=_colors(),
        extent=(0, seconds, bottom, top),
        vmin=0,
        vmax=1,
        interpolation="nearest",
    )
    axes.set_ylim(bottom, top)


def _colors() -> Any:
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    orange = to_rgb(COLOR)
    ends = [(*orange, 0.0), (*orange, _OPAQUE)]
    return LinearSegmentedColormap.from_list("orange", ends)


def _orange() -> Any:
    """Return what a scale of the color shows, from 0 to 1."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    colors = LinearSegmentedColormap.from_list("black to orange", ["black", COLOR])
    return ScalarMappable(Normalize(0, 1), colors)
