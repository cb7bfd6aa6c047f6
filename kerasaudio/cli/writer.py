"""How tags are written: as text, JSON or CSV."""

import csv
import json
from types import TracebackType
from typing import Any, Self, TextIO

from kerasaudio.cli.tagging import Moment, Tagged, Tags
from kerasaudio.text import cell, printable

FORMATS = ("text", "json", "csv")


class Writer:
    """Writes each result at once, because a folder may take hours.

    text: the file, then one line per tag and one line per window. json: an array of
    objects with path, tags, timeline (if requested) and error. csv: one line per tag,
    with the columns path, label, score, and start and end (seconds) if there is a
    timeline; paths and labels are made harmless by `text.cell`.
    """

    def __init__(self, stream: TextIO, form: str, with_timeline: bool) -> None:
        """Prepare to write to a stream in one of FORMATS."""
        self._stream = stream
        self._write = {"text": self._text, "json": self._json, "csv": self._csv}[form]
        self._form = form
        self._with_timeline = with_timeline
        self._rows = csv.writer(stream, lineterminator="\n")
        self._written = 0

    def __enter__(self) -> Self:
        """Begin the document."""
        if self._form == "json":
            self._stream.write("[")
        elif self._form == "csv":
            times = ["start", "end"] if self._with_timeline else []
            self._rows.writerow(["path", *times, "label", "score"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the document, unless its reader has gone."""
        if self._form == "json" and not isinstance(error, BrokenPipeError):
            self._stream.write("\n]\n" if self._written else "]\n")

    def write(self, result: Tagged) -> None:
        """Write one result; errors show in JSON only."""
        self._write(result)
        self._written += 1

    def _text(self, result: Tagged) -> None:
        if result.error is not None:
            return
        lines = [printable(result.path)]
        lines += [f"  {score:.3f}  {printable(name)}" for name, score in result.tags]
        for moment in result.moments:
            tags = ", ".join(
                f"{printable(label)} {score:.3f}" for label, score in moment.tags
            )
            lines.append(f"  {moment.start:8.2f} - {moment.end:8.2f} s  {tags}")
        self._stream.write("\n".join(lines) + "\n")

    def _json(self, result: Tagged) -> None:
        found: dict[str, Any] = {"path": str(result.path), "tags": _pairs(result.tags)}
        if self._with_timeline:
            found["timeline"] = [
                {"start": m.start, "end": m.end, "tags": _pairs(m.tags)}
                for m in result.moments
            ]
        found["error"] = result.error
        self._stream.write((",\n" if self._written else "\n") + json.dumps(found))

    def _csv(self, result: Tagged) -> None:
        whole = [Moment(0.0, 0.0, result.tags)]
        for moment in result.moments if self._with_timeline else whole:
            times = [f"{moment.start:.3f}", f"{moment.end:.3f}"]
            times = times if self._with_timeline else []
            for label, score in moment.tags:
                path = cell(str(result.path))
                self._rows.writerow([path, *times, cell(label), f"{score:.6f}"])


def _pairs(tags: Tags) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in tags]
