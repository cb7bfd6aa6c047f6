"""Pictures of the results of classification and verification."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from kerasaudio.plot.check import check_count, check_numbers
from kerasaudio.plot.figure import add_legend, find_place, plain
from kerasaudio.plot.palette import style

_MOST_CLASSES_WITH_COUNTS = 60
_LARGEST_SIDE = 40  # inches


def confusion_matrix(
    matrix: Any,
    labels: Sequence[str],
    path: str | PathLike[str] | None = None,
    *,
    ax: Any = None,
    title: str = "Confusion matrix",
) -> Any:
    """Draw a confusion matrix.

    Cells show counts (for up to 60 classes); colors show fractions of the row.

    Args:
        matrix: Counts, (classes, classes), by true class (row) and predicted class
            (column).
        labels: Names of the classes.
        path: PNG file to write; None to return the figure.
        ax: Axes of matplotlib to draw into; None for a new figure.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: `matrix` is not square or does not hold counts, the number of labels
            differs, or the suffix is not .png; both `path` and `ax` are given.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> counts = [[9, 1], [2, 8]]
        >>> kerasaudio.plot.confusion_matrix(counts, ["cat", "dog"], "matrix.png").name
        'matrix.png'
    """
    counts = check_numbers(matrix, "matrix", ndim=2)
    if counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(
            f"matrix must be square, (classes, classes). Received: shape "
            f"{counts.shape}."
        )
    if (counts < 0).any() or (counts != np.rint(counts)).any():
        raise ValueError(
            "matrix must hold counts, whole numbers from 0. Received: "
            f"{counts[(counts < 0) | (counts != np.rint(counts))][0]:g}."
        )
    names = [plain(str(name)) for name in check_count(labels, len(counts), "labels")]
    place = find_place(path, ax)

    side = min(_LARGEST_SIDE, 3 + 0.32 * len(counts))
    figure, axes = place.axes(side + 1, side)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals == 0, 1, totals)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if ax is None:
        figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.6)
    size = 9 if len(counts) <= 20 else 8
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    between = np.arange(0.5, len(counts) - 1)
    axes.set_xticks(between, minor=True)
    axes.set_yticks(between, minor=True)
    axes.grid(which="minor", color="0.92", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    large = 10 + len(counts) / 10
    axes.set_xlabel("predicted", fontsize=large)
    axes.set_ylabel("true", fontsize=large)
    axes.set_title(plain(title), fontsize=large + 2)
    if len(counts) <= _MOST_CLASSES_WITH_COUNTS:
        for row, column in np.argwhere(counts):
            axes.text(
                column,
                row,
                f"{int(counts[row, column])}",
                ha="center",
                va="center",
                fontsize=size if counts.max() < 1000 else size - 2,
                color="white" if shares[row, column] > 0.5 else "black",
            )
    return place.finish(figure)


def roc_curve(
    false_positive_rate: Any,
    true_positive_rate: Any,
    path: str | PathLike[str] | None = None,
    *,
    ax: Any = None,
    labels: str | Sequence[str] | None = None,
    title: str = "ROC curve",
) -> Any:
    """Draw one or several ROC curves; they cross the dashed line at equal error rates.

    Args:
        false_positive_rate: False positive rates, ascending from 0 to 1, (thresholds,);
            or a list of such arrays, one per curve.
        true_positive_rate: True positive rates at the same thresholds, in the same
            form.
        path: PNG file to write; None to return the figure.
        ax: Axes of matplotlib to draw into; None for a new figure.
        labels: Name of the curve, or a list of names; None for no legend.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: Values are not rates, not ascending or of different lengths, or the
            suffix is not .png.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> scores, same = [0.9, 0.8, 0.3, 0.1], [True, False, True, False]
        >>> false, true, thresholds = kerasaudio.similarity.roc_curve(scores, same)
        >>> kerasaudio.plot.roc_curve(false, true, "roc.png").name
        'roc.png'
    """
    curves = _curves(false_positive_rate, true_positive_rate)
    if isinstance(labels, str):
        labels = [labels]
    names = None if labels is None else check_count(labels, len(curves), "labels")
    place = find_place(path, ax)

    figure, axes = place.axes(5.5, 5.5)
    axes.plot([0, 1], [1, 0], color="0.6", linewidth=1, linestyle="--")
    axes.plot([0, 1], [0, 1], color="0.85", linewidth=1)
    lines = []
    for number, (false, true) in enumerate(curves):
        look = style(number)
        lines += axes.plot(
            false, true, color=look.color, linewidth=2, linestyle=look.dash
        )
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes.set_title(plain(title))
    axes.spines[["top", "right"]].set_visible(False)
    if names is not None:
        add_legend(axes, lines, list(map(str, names)), loc="lower right")
    return place.finish(figure)


def _curves(false: Any, true: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    several = [
        isinstance(rates, list | tuple) and len(rates) > 0 and np.ndim(rates[0]) > 0
        for rates in (false, true)
    ]
    if several[0] != several[1]:
        raise ValueError(
            "Pass one array of each rate, or for several curves one list of each."
        )
    if not several[0]:
        return [_curve(false, true)]
    if len(false) != len(true):
        raise ValueError(
            "Pass one array of each rate per curve. Received: "
            f"{len(false)} arrays of false and {len(true)} of true positive rates."
        )
    return [_curve(one, other) for one, other in zip(false, true, strict=True)]


def _curve(false: Any, true: Any) -> tuple[np.ndarray, np.ndarray]:
    named = {"false_positive_rate": false, "true_positive_rate": true}
    x, y = (check_numbers(rates, name, ndim=1) for name, rates in named.items())
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(
            "Both rates must have one value per threshold, at least two. Received: "
            f"{len(x)} false positive and {len(y)} true positive rates."
        )
    for name, rates in zip(named, (x, y), strict=True):
        if rates.min() < 0 or rates.max() > 1 or (np.diff(rates) < 0).any():
            raise ValueError(
                f"{name} must rise from 0 to 1. Received: from {rates.min():g} to "
                f"{rates.max():g}"
                + (", not ascending." if (np.diff(rates) < 0).any() else ".")
            )
    return x, y
