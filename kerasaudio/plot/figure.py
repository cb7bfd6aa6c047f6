"""Figures of matplotlib without a window and without global state."""

from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from kerasaudio.extras import install
from kerasaudio.files.whole_file import writing_whole
from kerasaudio.plot.check import check_path
from kerasaudio.text import escaped

_LONGEST = 40
_DPI = 150


def check_matplotlib() -> None:
    """Raise unless matplotlib is installed.

    Raises:
        ImportError: It is missing; the message says what to install.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(f"Plots need matplotlib: {install('plot')}.") from error


class Place(NamedTuple):
    """Where a picture goes: into a file, into axes of the user, or into a new figure.

    Attributes:
        path: PNG file to write, or None.
        ax: Axes to draw into, or None for a new figure.
    """

    path: Path | None
    ax: Any

    def axes(self, width: float, height: float) -> tuple[Any, Any]:
        """Return the figure and the axes to draw into; a new figure has this size."""
        if self.ax is not None:
            return self.ax.get_figure(), self.ax
        return new_figure(width, height)

    def finish(self, figure: Any) -> Any:
        """Write the figure and return its path, or return the figure."""
        if self.path is None:
            return figure
        write_png(figure, self.path)
        return self.path


def find_place(path: str | PathLike[str] | None, ax: Any = None) -> Place:
    """Check where a picture goes, before it is drawn.

    Raises:
        ValueError: The suffix is not .png, `ax` is not one pair of axes, or both are
            given.
        OSError: The folder is missing or read-only.
        ImportError: matplotlib is not installed.
    """
    if path is not None and ax is not None:
        raise ValueError(
            "Pass path= to write a file, or ax= to draw into your own axes, not both. "
            "To write your figure, call its savefig."
        )
    target = None if path is None else check_path(path, (".png",))
    check_matplotlib()
    if ax is not None:
        check_ax(ax)
    return Place(target, ax)


def check_ax(ax: Any) -> None:
    """Raise a ValueError unless this is one pair of axes; call `check_matplotlib`."""
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise ValueError(
            "ax must be one pair of axes of matplotlib, such as the second result of "
            f"plt.subplots(). Received: {type(ax).__name__}."
            + (" Choose one of them." if hasattr(ax, "__len__") else "")
        )


def new_figure(width: float, height: float, **grid: Any) -> tuple[Any, Any]:
    """Return a new figure and its axes; call `check_matplotlib` before.

    Args:
        width: Width in inches.
        height: Height in inches.
        **grid: Arguments of `matplotlib.figure.Figure.subplots`, for several axes.
    """
    from kerasaudio.plot.notebook import NotebookFigure

    figure = NotebookFigure((width, height), dpi=_DPI, layout="constrained")
    return figure, figure.subplots(**grid)


def write_png(figure: Any, path: Path) -> None:
    """Write a figure, completely or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with writing_whole(path) as temporary:
        FigureCanvasAgg(figure).print_png(temporary)


def plain(text: str) -> str:
    """Return a text for a figure: one short line, in which $ does not start math."""
    line = escaped(" ".join(text.split()))
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST - 1]}…"
    return line.replace("$", r"\$")


def add_legend(figure: Any, handles: list[Any], texts: list[str], **layout: Any) -> Any:
    """Place a legend beside or in the axes; texts may begin with any character.

    Args:
        figure: A figure, or axes.
        handles: What the legend shows.
        texts: A text for each.
        **layout: Arguments of matplotlib's `legend`.
    """
    # matplotlib leaves out labels that begin with an underscore.
    legend = figure.legend(handles, [" "] * len(handles), **layout)
    for shown, text in zip(legend.get_texts(), texts, strict=True):
        shown.set_text(plain(text))
    return legend
