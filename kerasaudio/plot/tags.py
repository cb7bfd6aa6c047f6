"""A picture of the tags of a sound over time."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np

from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.ranked import how_many
from kerasaudio.core.score_timeline import ScoreTimeline
from kerasaudio.layers.base import check_choice
from kerasaudio.plot.figure import add_legend, find_place, plain
from kerasaudio.plot.palette import style
from kerasaudio.plot.time_axis import show_time

_SHOWN = 10  # classes
_MOST_TIMES = 2_000


def tags(
    timeline: ScoreTimeline | AudioModel,
    audio: Any = None,
    path: str | PathLike[str] | None = None,
    *,
    sample_rate: int | None = None,
    top: int | None = None,
    labels: Sequence[str] | None = None,
    kind: Literal["heat", "lines"] = "heat",
    ax: Any = None,
    title: str = "",
) -> Any:
    """Draw the scores of classes over time, as a heat map or as lines.

    Args:
        timeline: Result of `model.timeline`; or the model, which then hears `audio`.
        audio: Sound for a model, as for `model.timeline`; None with a timeline.
        path: PNG file to write; None to return the figure.
        sample_rate: Sample rate in Hz if `audio` is a waveform.
        top: Number of classes, those with the highest scores; None for 10, or all if
            there are fewer.
        labels: Names of the classes to draw, from the top; None for the highest.
        kind: "heat" (default) for a row of colors per class, "lines" for a line each.
        ax: Axes of matplotlib to draw into; None for a new figure.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: `timeline` is neither; a model has no audio or labels, or a timeline
            has audio; `top` or a label is out of range; the suffix is not .png; both
            `path` and `ax` are given.
        OSError: The sound cannot be read, or the picture cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> model = kerasaudio.LeNetMFCC(weights="fsdd")
        >>> figure = kerasaudio.plot.tags(model, "song.wav")  # shown by a notebook
        >>> line = model.timeline("song.wav")
        >>> kerasaudio.plot.tags(line, path="tags.png", top=3, kind="lines").name
        'tags.png'
    """
    check_choice(kind=(kind, ("heat", "lines")))
    _check_source(timeline, audio, sample_rate)
    place = find_place(path, ax)
    if isinstance(timeline, AudioModel):
        timeline = timeline.timeline(audio, sample_rate)
    rows = _rows(timeline, top, labels)
    names = [timeline.labels[row] for row in rows]
    edges, scores = _cells(timeline, rows)

    height = 1.2 + 0.32 * len(rows) if kind == "heat" else 4
    figure, axes = place.axes(9, max(2.4, height))
    if kind == "heat":
        image = axes.pcolormesh(
            edges,
            np.arange(len(rows) + 1) - 0.5,
            scores.T,
            cmap="magma",
            vmin=min(0.0, float(np.nanmin(scores))),
            vmax=max(float(np.nanmax(scores)), 1e-6),
        )
        axes.set_yticks(range(len(rows)), [plain(name) for name in names])
        axes.set_ylim(len(rows) - 0.5, -0.5)  # the first on top
        axes.set_facecolor("0.85")  # where no window was
        if ax is None:
            figure.colorbar(image, ax=axes, label="score", pad=0.01)
    else:
        lines = [
            axes.stairs(
                scores[:, number],
                edges,
                baseline=None,
                color=style(number).color,
                linestyle=style(number).dash,
                linewidth=1.6,
            )
            for number in range(len(rows))
        ]
        axes.set_ylabel("score")
        axes.grid(color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        if ax is None:
            add_legend(figure, lines, names, loc="outside right upper", frameon=False)
        else:
            add_legend(axes, lines, names)
    show_time(axes, float(edges[0]), float(edges[-1]))
    if title:
        axes.set_title(plain(title))
    return place.finish(figure)


def _check_source(timeline: Any, audio: Any, sample_rate: Any) -> None:
    if isinstance(timeline, AudioModel):
        if audio is None:
            raise ValueError(
                "A model needs a sound: plot.tags(model, audio). Or pass the result of "
                "model.timeline(audio)."
            )
        return
    if not isinstance(timeline, ScoreTimeline):
        raise ValueError(
            "timeline must be the result of model.timeline(audio), or a model of "
            f"kerasaudio. Received: {type(timeline).__name__}."
        )
    if audio is not None or sample_rate is not None:
        raise ValueError(
            "A timeline has its scores already; audio and sample_rate are for models. "
            "To write a file, pass path=. Received: a timeline with "
            f"{'audio' if audio is not None else 'sample_rate'}."
        )


def _rows(
    timeline: ScoreTimeline, top: int | None, labels: Sequence[str] | None
) -> list[int]:
    """Return the numbers of the classes to draw, the first on top."""
    known = list(timeline.labels)
    if labels is None:
        count = min(_SHOWN, len(known)) if top is None else top
        count = how_many(count, len(known), "top")
        return np.argsort(-timeline.scores.max(axis=0), kind="stable")[:count].tolist()
    if top is not None:
        raise ValueError("Pass top= or labels=, not both.")
    wanted = [] if isinstance(labels, str) else [str(label) for label in labels]
    unknown = [label for label in wanted if label not in known]
    if unknown or not wanted or len(set(wanted)) != len(wanted):
        raise ValueError(
            "labels must be a list of different classes of the model. Received: "
            f"{labels!r}" + (f"; unknown: {unknown[:5]}." if unknown else ".")
        )
    return [known.index(label) for label in wanted]


def _cells(timeline: ScoreTimeline, rows: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of times and their scores, NaN where no window was.

    Of many times, neighbors are joined by their highest score, so that short tags
    stay visible.
    """
    scores = timeline.scores[:, rows].astype("float64")
    begins, ends = timeline.cells.T
    each = -(-len(scores) // _MOST_TIMES)
    firsts = np.arange(0, len(scores), each)
    scores = np.maximum.reduceat(scores, firsts, axis=0)
    begins = begins[firsts]
    ends = ends[np.append(firsts[1:], len(ends)) - 1]
    edges, cells = [begins[0]], []
    for begin, end, row in zip(begins, ends, scores, strict=True):
        if begin > edges[-1] + 1e-9:
            edges.append(begin)
            cells.append(np.full(len(rows), np.nan))
        edges.append(end)
        cells.append(row)
    return np.array(edges), np.array(cells)
