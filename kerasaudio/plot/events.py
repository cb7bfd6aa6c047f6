"""A picture of a sound and the events in it."""

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any

import numpy as np

from kerasaudio.metrics.segment_f1 import check_event
from kerasaudio.plot.figure import add_legend, find_place, new_figure, plain
from kerasaudio.plot.palette import COLORS
from kerasaudio.plot.sound import RANGE_DB, Scale, draw, measure, open_sound
from kerasaudio.plot.time_axis import show_time

Span = tuple[str, float, float]


def events(
    audio: Any,
    predicted: Iterable[Any],
    path: str | PathLike[str] | None = None,
    *,
    true: Iterable[Any] | None = None,
    sample_rate: int | None = None,
    labels: Sequence[str] | None = None,
    title: str = "Sound events",
) -> Any:
    """Draw a spectrogram, and below it the times of the events of each class.

    Each class has a row: true events in its upper half, predicted ones in the lower.

    Args:
        audio: Path, or mono waveform (samples,) of floats in [-1, 1].
        predicted: Predicted events: `kerasaudio.events.SoundEvent`, or tuples that
            begin with label, start and end in seconds.
        path: PNG file to write; None to return the figure.
        true: True events, in the same form; None if unknown.
        sample_rate: Sample rate of the waveform in Hz; must be None for files. The
            spectrogram reaches up to half the rate.
        labels: Names of the rows, from the top; None for those of the events, sorted.
        title: Title above the picture.

    Returns:
        The path; without a path the `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        ValueError: The audio is unusable; a waveform has no rate, or a file has one; an
            event is invalid, or its class is not in `labels`; the suffix is not .png.
        OSError: The sound cannot be read, or the picture cannot be written.
        ImportError: matplotlib is not installed.

    Examples:
        >>> heard, true = [("chord", 0.1, 0.9)], [("chord", 0.0, 1.0)]
        >>> kerasaudio.plot.events("song.wav", heard, "song.png", true=true).name
        'song.png'
    """
    spans = {"predicted": [check_event(event) for event in predicted]}
    if true is not None:
        spans = {"true": [check_event(event) for event in true], **spans}
    rows = _rows(spans, labels)
    place = find_place(path)
    with open_sound(audio, sample_rate) as sound:
        picture = measure(sound, Scale())

    below = 0.5 + 0.35 * max(1, len(rows))
    figure, (upper, lower) = new_figure(
        9, 3 + below, nrows=2, sharex=True, height_ratios=(2.4, below)
    )
    draw(upper, picture, Scale(), RANGE_DB)
    _draw_rows(lower, spans, rows)
    show_time(lower, 0, picture.seconds)
    upper.set_title(plain(title))
    handles = [_bar(name) for name in spans]
    add_legend(figure, handles, list(spans), loc="outside lower right", ncols=2)
    return place.finish(figure)


def _rows(spans: dict[str, list[Span]], labels: Sequence[str] | None) -> list[str]:
    used = sorted({label for events in spans.values() for label, _, _ in events})
    if labels is None:
        return used
    names = [] if isinstance(labels, str) else [str(label) for label in labels]
    unknown = [label for label in used if label not in names]
    if unknown or not names or len(set(names)) != len(names):
        raise ValueError(
            "labels must be different names that include those of all events. "
            f"Received: {labels!r}; events of {used}."
        )
    return names


def _draw_rows(axes: Any, spans: dict[str, list[Span]], rows: Sequence[str]) -> None:
    height = 0.8 / len(spans)
    for number, (kind, events_of_kind) in enumerate(spans.items()):
        for label, start, end in events_of_kind:
            bottom = rows.index(label) - 0.4 + number * height
            axes.broken_barh(
                [(start, end - start)], (bottom, height), color=_color(kind)
            )
    axes.set_yticks(range(len(rows)), [plain(name) for name in rows])
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)  # the first on top
    for border in np.arange(0.5, len(rows) - 1):
        axes.axhline(border, color="0.9", linewidth=0.8)
    axes.grid(axis="x", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _bar(kind: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(color=_color(kind))


def _color(kind: str) -> str:
    return COLORS[0] if kind == "true" else COLORS[1]
