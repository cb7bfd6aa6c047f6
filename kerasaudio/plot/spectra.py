"""Spectra side by side, a column each."""

from os import PathLike
from typing import Any

import numpy as np

from kerasaudio.arguments import number
from kerasaudio.plot.figure import find_place, plain

_RANGE_DB = 40.0


def spectra(
    levels: Any,
    path: str | PathLike[str] | None = None,
    *,
    sample_rate: float,
    range_db: float = _RANGE_DB,
    ax: Any = None,
    title: str = "",
) -> Any:
    """Draw spectra as columns, each in dB below its own peak.

    Args:
        levels: Levels in dB, (columns, bins), from 0 Hz to half the sample rate.
        path: PNG file to write; None to return the figure.
        sample_rate: Sample rate in Hz.
        range_db: Level below the peak that is black, in dB.
        ax: Axes of matplotlib to draw into; None for a new figure, which has a scale of
            colors.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: The levels are no table of finite numbers; a number is out of range;
            the suffix is not .png; both `path` and `ax` are given.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> levels = [[0, -10, -40], [-40, -10, 0]]
        >>> kerasaudio.plot.spectra(levels, "spectra.png", sample_rate=8_000).name
        'spectra.png'
    """
    rate = number(sample_rate, "sample_rate", above=0)
    below = number(range_db, "range_db", above=0)
    table = np.asarray(levels, "float64")
    if table.ndim != 2 or min(table.shape) < 1 or not np.isfinite(table).all():
        raise ValueError(
            "levels must be finite numbers (columns, bins), at least one of each. "
            f"Received: an array {table.shape}."
        )
    place = find_place(path, ax)
    figure, axes = place.axes(7, 4)
    image = axes.imshow(
        (table - table.max(axis=1, keepdims=True)).T,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0.5, len(table) + 0.5, 0, rate / 2000),
        vmin=-below,
        vmax=0,
        interpolation="nearest",
    )
    axes.set_xlabel("filter, by the frequency of its peak")
    axes.set_ylabel("kHz")
    if title:
        axes.set_title(plain(title))
    if ax is None:
        figure.colorbar(image, ax=axes, label="dB, 0 at the peak", pad=0.01)
    return place.finish(figure)
