"""A picture of a training: losses and metrics by epoch."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.plot.figure import add_legend, find_place, new_figure, plain
from kerasaudio.plot.palette import style

# Of an Epoch of `training.train`: the names that Keras would give.
_FIELDS = {"loss": "loss", "validation_loss": "val_loss", "score": "val_score"}
_NOT_DRAWN = ("learning_rate", "lr")


class _Course(NamedTuple):
    """What is known of a training.

    Attributes:
        epochs: Numbers of the epochs, from 1.
        values: Values by name, (epochs,).
        stages: First epoch and name of each stage; empty where they are unknown.
        best: Number of the epoch whose weights were kept; None where it is unknown.
    """

    epochs: np.ndarray
    values: dict[str, np.ndarray]
    stages: list[tuple[int, str]]
    best: int | None


def history(
    training: Any,
    path: str | PathLike[str] | None = None,
    *,
    names: Sequence[str] | None = None,
    ax: Any = None,
    title: str = "",
) -> Any:
    """Draw the losses of a training, and below them its metrics, by epoch.

    A metric and its twin on validation data, which begins with ``val_``, have one
    color; the twin is dashed. Where the stages of the training are known, they are
    marked and named, and so is the best epoch.

    Args:
        training: Result of `kerasaudio.training.train`; or its epochs; or the
            `keras.callbacks.History` that `fit` returns, or its dict.
        path: PNG file to write; None to return the figure.
        names: Names to draw, such as ``("loss", "val_loss")``; None for all but
            learning rates. Results of `train` have "loss", "val_loss" and "val_score".
        ax: Axes of matplotlib to draw into, for losses alone or metrics alone; None for
            a new figure.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: `training` is none of these, has no epochs or no numbers; a name is
            unknown; losses and metrics do not fit into one `ax`; the suffix is not
            .png; both `path` and `ax` are given.
        OSError: The file cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> told = {"loss": [1.2, 0.7, 0.4], "val_loss": [1.3, 0.9, 0.8]}
        >>> figure = kerasaudio.plot.history(told)  # shown by a notebook
        >>> kerasaudio.plot.history(told, "training.png").name
        'training.png'
    """
    course = _course(training)
    chosen = _chosen(course.values, names)
    losses = [name for name in chosen if _base(name).endswith("loss")]
    metrics = [name for name in chosen if name not in losses]
    panels = [panel for panel in (losses, metrics) if panel]
    place = find_place(path, ax)
    if ax is not None:
        if len(panels) > 1:
            raise ValueError(
                "Losses and metrics need two panels, and ax is one. Pass names=, such "
                f"as {tuple(losses)} or {tuple(metrics)}."
            )
        figure, every = ax.get_figure(), [ax]
    else:
        figure, grid = new_figure(
            8, 1 + 2.6 * len(panels), nrows=len(panels), sharex=True, squeeze=False
        )
        every = list(grid[:, 0])
    bases = list(dict.fromkeys(map(_base, chosen)))
    for axes, panel in zip(every, panels, strict=True):
        _draw(axes, course, panel, bases)
    _name_stages(every, course)
    every[-1].set_xlabel("epoch")
    if title:  # above the names of stages
        every[0].set_title(plain(title), pad=18 if len(course.stages) > 1 else None)
    return place.finish(figure)


def _base(name: str) -> str:
    return name.removeprefix("val_")


def _draw(axes: Any, course: _Course, panel: list[str], bases: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    lines = []
    for name in panel:
        is_validation = name.startswith("val_")
        (line,) = axes.plot(
            course.epochs,
            course.values[name],
            color=style(bases.index(_base(name))).color,
            linestyle=(0, (4, 2)) if is_validation else "-",
            linewidth=2,
            marker="o" if len(course.epochs) <= 30 else None,
            markersize=4,
            markerfacecolor="white" if is_validation else None,
        )
        lines.append(line)
    if course.best is not None:
        lines.append(axes.axvline(course.best, color="0.45", linestyle=":", zorder=0))
    texts = [*panel, f"best: {course.best}"][: len(lines)]
    beside = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
    add_legend(axes, lines, texts, frameon=False, **beside)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _name_stages(every: list[Any], course: _Course) -> None:
    """Mark where stages begin, and name them above the first panel."""
    if len(course.stages) < 2:
        return
    for axes in every:
        for first, _ in course.stages[1:]:
            axes.axvline(first - 0.5, color="0.7", linewidth=1, zorder=0)
    top = every[0].get_xaxis_transform()
    left, right = every[0].get_xlim()
    begins = [first - 0.5 for first, _ in course.stages]
    ends = [*begins[1:], float(course.epochs[-1]) + 0.5]
    begins[0], ends[-1] = left, right
    for (_, name), begin, end in zip(course.stages, begins, ends, strict=True):
        every[0].text(
            (begin + end) / 2,
            1.01,
            plain(name),
            transform=top,
            ha="center",
            va="bottom",
            fontsize=9,
            color="0.35",
        )
    for axes in every:
        axes.set_xlim(left, right)


def _chosen(values: dict[str, np.ndarray], names: Sequence[str] | None) -> list[str]:
    drawable = [name for name in values if np.isfinite(values[name]).any()]
    if names is None:
        chosen = [name for name in drawable if name not in _NOT_DRAWN]
        if chosen:
            return chosen
        raise ValueError(
            f"training has no finite numbers to draw. Received: {list(values)}."
        )
    listed = [] if isinstance(names, str) else list(names)
    if not listed or any(name not in drawable for name in listed):
        raise ValueError(
            f"names must be a list of some of {drawable}. Received: {names!r}."
        )
    return list(dict.fromkeys(listed))


def _course(training: Any) -> _Course:
    epochs = getattr(training, "epochs", training)
    if isinstance(epochs, list | tuple) and epochs and hasattr(epochs[0], "phase"):
        return _of_epochs(epochs)
    told = getattr(training, "history", training)
    if not isinstance(told, Mapping):
        raise ValueError(
            "training must be the result of kerasaudio.training.train, a "
            "keras.callbacks.History or its dict of lists. Received: "
            f"{type(training).__name__}."
        )
    values = {str(name): _numbers(told[name], str(name)) for name in told}
    lengths = {len(numbers) for numbers in values.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            "training must have one number per epoch, and at least one epoch, for each "
            f"name. Received: { {name: len(n) for name, n in values.items()} }."
        )
    count = lengths.pop()
    numbers = getattr(training, "epoch", None) or range(count)
    if len(numbers) != count:
        numbers = range(count)
    return _Course(np.array(numbers) + 1, values, [], None)


def _of_epochs(epochs: Sequence[Any]) -> _Course:
    values = {
        name: _numbers((getattr(epoch, field) for epoch in epochs), field)
        for field, name in _FIELDS.items()
    }
    numbers = [epoch.number for epoch in epochs]
    stages: list[tuple[int, str]] = []
    for epoch in epochs:
        if not stages or stages[-1][1] != epoch.phase:
            stages.append((epoch.number, epoch.phase))
    best = [epoch.number for epoch in epochs if epoch.is_best]
    return _Course(np.array(numbers), values, stages, best[-1] if best else None)


def _numbers(values: Iterable[Any], name: str) -> np.ndarray:
    """Return numbers as float64; NaN, which a training may give, is left out later."""
    try:
        numbers = np.array([float(value) for value in values])
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"training must have one number per epoch for {name!r}. Received: "
            f"{values!r:.80}."
        ) from error
    return numbers
