"""Figures of matplotlib without a window and without global state."""

from pathlib import Path
from typing import Any

from kerasaudio.extras import install
from kerasaudio.files.whole_file import writing_whole
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


def new_figure(width: float, height: float, **grid: Any) -> tuple[Any, Any]:
    """Return a new figure and its axes; call `check_matplotlib` before.

    Args:
        width: Width in inches.
        height: Height in inches.
        **grid: Arguments of `matplotlib.figure.Figure.subplots`, for several axes.
    """
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=_DPI, layout="constrained")
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
    """Place a legend outside the axes; texts may begin with any character."""
    # matplotlib leaves out labels that begin with an underscore.
    legend = figure.legend(handles, [" "] * len(handles), **layout)
    for shown, text in zip(legend.get_texts(), texts, strict=True):
        shown.set_text(plain(text))
    return legend
