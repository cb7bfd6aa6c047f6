"""How `kerasaudio listen` shows its tags: as a table, as lines, as CSV or as JSON."""

import csv
import shutil
from collections.abc import Callable
from typing import TextIO

from kerasaudio.cli.scores import Choice
from kerasaudio.cli.tagged import Moment, Tags
from kerasaudio.cli.writer import json_line, tag_records, tag_rows, tags_line, times
from kerasaudio.streaming import Heard, Stream
from kerasaudio.text import printable

HEADING = ("start", "end", "label", "score")
_BAR = 30

Write = Callable[[Heard], None]


def writer(out: TextIO, stream: Stream, form: str, choice: Choice | None) -> Write:
    """Return a function that writes a window and flushes, so that readers see it.

    Args:
        out: A terminal, which shows the last window of a text, or another stream.
        stream: The stream that the windows are from.
        form: One of `cli.writer.FORMATS`.
        choice: The tags to write; None for the vectors of a model without labels.
    """
    table = _Table() if out.isatty() else None
    rows = csv.writer(out, lineterminator="\n")
    if form == "csv":
        rows.writerow(HEADING)

    def write(heard: Heard) -> None:
        moment = Moment(heard.start, heard.end, _tags(stream, heard, choice))
        times = {"start": heard.start, "end": heard.end}
        if choice is None:
            out.write(json_line({**times, "vector": heard.scores.tolist()}))
        elif form == "json":
            out.write(json_line({**times, "tags": tag_records(moment.tags)}))
        elif form == "csv":
            rows.writerows(tag_rows(moment))
        elif table is not None:
            out.write(table.redraw([_times(moment), *map(_bar, moment.tags)]))
        else:
            out.write(f"{_times(moment)}  {tags_line(moment.tags)}\n")
        out.flush()

    return write


def _tags(stream: Stream, heard: Heard, choice: Choice | None) -> Tags:
    if choice is None:
        return []
    return choice.of(stream.tags(heard, len(stream.model.spec.labels or ())))


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


def _times(moment: Moment) -> str:
    return times(moment.start, moment.end).removeprefix("  ")


def _bar(tag: tuple[str, float]) -> str:
    label, score = tag
    bar = "#" * round(_BAR * min(max(score, 0), 1))
    return f"  {score:.3f}  {bar:<{_BAR}}  {printable(label)}"
