"""How `kerasaudio listen` shows its tags: as a table, as lines, or as JSON."""

import json
import shutil
from collections.abc import Callable
from typing import TextIO

from kerasaudio.cli.tagged import Tags
from kerasaudio.streaming import Heard, Stream
from kerasaudio.text import printable

_BAR = 30

Write = Callable[[Heard], None]


def writer(
    out: TextIO,
    stream: Stream,
    as_json: bool,
    top: int | None,
    threshold: float | None,
) -> Write:
    """Return a function that prints a window and flushes, so that readers see it."""
    labels = stream.model.spec.labels

    def tags(heard: Heard) -> Tags:
        best = stream.tags(heard, top)
        return [tag for tag in best if threshold is None or tag[1] >= threshold]

    if as_json:

        def show(heard: Heard) -> str:
            times = {"start": heard.start, "end": heard.end}
            if labels is None:
                return json.dumps({**times, "vector": heard.scores.tolist()}) + "\n"
            pairs = [{"label": label, "score": score} for label, score in tags(heard)]
            return json.dumps({**times, "tags": pairs}) + "\n"

    elif out.isatty():
        table = _Table()

        def show(heard: Heard) -> str:
            return table.redraw([_times(heard), *map(_bar, tags(heard))])

    else:

        def show(heard: Heard) -> str:
            named = (f"{printable(label)} {score:.3f}" for label, score in tags(heard))
            return f"{_times(heard)}  {', '.join(named) or '-'}\n"

    def write(heard: Heard) -> None:
        out.write(show(heard))
        out.flush()

    return write


class _Table:
    """Text that replaces the previous text on a terminal, by ANSI sequences."""

    def __init__(self) -> None:
        self._drawn = 0

    def redraw(self, lines: list[str]) -> str:
        # Longer lines would wrap, and more would scroll: the way back up is lost.
        columns, rows = shutil.get_terminal_size()
        lines = [line[: columns - 1] for line in lines[: max(1, rows - 1)]]
        up = f"\x1b[{self._drawn}F" if self._drawn else ""
        self._drawn = len(lines)
        return f"{up}\x1b[J" + "".join(f"{line}\n" for line in lines)


def _times(heard: Heard) -> str:
    return f"{heard.start:8.2f} - {heard.end:8.2f} s"


def _bar(tag: tuple[str, float]) -> str:
    label, score = tag
    bar = "#" * round(_BAR * min(max(score, 0), 1))
    return f"  {score:.3f}  {bar:<{_BAR}}  {printable(label)}"
