"""Figures of matplotlib that no window and no global state knows of."""

from pathlib import Path
from typing import Any

from kerasaudio.files.whole_file import writing_whole
from kerasaudio.text import escaped

_LONGEST = 40
_DPI = 150


def check_matplotlib() -> None:
    """Raise unless matplotlib is there.

    Raises:
        ImportError: It is not, with what to install.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Pictures need matplotlib: pip install "kerasaudio[plot]".'
        ) from error


def new_figure(width: float, height: float, **grid: Any) -> tuple[Any, Any]:
    """Return a figure of some inches and its axes; `check_matplotlib` comes first.

    Args:
        width: In inches.
        height: In inches.
        **grid: Of `matplotlib.figure.Figure.subplots`, for several axes.
    """
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=_DPI, layout="constrained")
    return figure, figure.subplots(**grid)


def write_png(figure: Any, path: Path) -> None:
    """Write a figure, whole or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with writing_whole(path) as temporary:
        FigureCanvasAgg(figure).print_png(temporary)


def plain(text: str) -> str:
    """Make a text fit for a figure: one short line, in which dollars are dollars."""
    line = escaped(" ".join(text.split()))
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST - 1]}…"
    return line.replace("$", r"\$")


def add_legend(figure: Any, handles: list[Any], texts: list[str], **layout: Any) -> Any:
    """Place a legend outside the axes; texts may begin with anything."""
    # matplotlib leaves out labels that begin with an underscore.
    legend = figure.legend(handles, [" "] * len(handles), **layout)
    for shown, text in zip(legend.get_texts(), texts, strict=True):
        shown.set_text(plain(text))
    return legend
