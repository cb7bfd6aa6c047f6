"""How results are written to a stream, file by file: as text, JSON or CSV."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TextIO, TypeVar

from kerasaudio.cli.common import complain_of
from kerasaudio.cli.tagged import Moment, Tagged, Tags
from kerasaudio.files.progress import hidden
from kerasaudio.text import cell, printable

FORMATS = ("text", "json", "csv")
# Of files of events, which `label_files` writes.
SUFFIXES = {"csv": ".csv", "audacity": ".txt", "raven": ".selections.txt"}


def add_format_options(parser: argparse.ArgumentParser) -> Any:
    """Add an option for each of FORMATS but text, and return their group."""
    group = parser.add_mutually_exclusive_group()
    for name in FORMATS[1:]:
        group.add_argument(f"--{name}", dest="form", action="store_const", const=name)
    parser.set_defaults(form="text")
    return group


class Result(Protocol):
    """The result for a file.

    Attributes:
        path: The file.
        error: Why there is no result; None on success.
    """

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def error(self) -> str | None:
        """Why there is no result."""


R = TypeVar("R", bound=Result)


class ResultWriter(AbstractContextManager["ResultWriter[R]"], Generic[R]):
    """Writes each result at once, because a folder may take hours.

    text: the file, then some lines. json: an array of objects with path, the result and
    error. csv: rows below `heading`; texts are made harmless by `text.cell`. Errors
    show in JSON only.
    """

    def __init__(self, stream: TextIO, form: str, heading: tuple[str, ...]) -> None:
        """Prepare to write to a stream in one of FORMATS."""
        self._stream = stream
        self._form = form
        self._heading = heading
        self._rows = csv.writer(stream, lineterminator="\n")
        self._written = 0

    def lines(self, result: R) -> Iterator[str]:
        """Yield the lines of text below the file."""
        raise NotImplementedError

    def found(self, result: R) -> dict[str, Any]:
        """Return what JSON has between path and error."""
        raise NotImplementedError

    def rows(self, result: R) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of CSV, after the path."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Begin the document."""
        if self._form == "json":
            self._stream.write("[")
        elif self._form == "csv":
            self._rows.writerow(["path", *self._heading])
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

    def write(self, result: R) -> None:
        """Write one result."""
        if self._form == "json":
            found = {"path": str(result.path), **self.found(result)}
            text = json.dumps(found | {"error": result.error})
            self._stream.write((",\n" if self._written else "\n") + text)
        elif result.error is None and self._form == "csv":
            path = cell(str(result.path))
            self._rows.writerows([path, *row] for row in self.rows(result))
        elif result.error is None:
            lines = [printable(result.path), *self.lines(result)]
            self._stream.write("".join(f"{line}\n" for line in lines))
        self._written += 1


class TagWriter(ResultWriter[Tagged]):
    """Writes the tags of files, and of their windows."""

    def __init__(self, stream: TextIO, form: str, with_timeline: bool) -> None:
        """Prepare to write to a stream in one of FORMATS."""
        times = ("start", "end") if with_timeline else ()
        super().__init__(stream, form, (*times, "label", "score"))
        self._with_timeline = with_timeline

    def lines(self, result: Tagged) -> Iterator[str]:
        """Yield one line per tag and one per window."""
        for label, score in result.tags:
            yield f"  {score:.3f}  {printable(label)}"
        for moment in result.moments:
            tags = ", ".join(
                f"{printable(label)} {score:.3f}" for label, score in moment.tags
            )
            yield f"{times(moment.start, moment.end)}  {tags}"

    def found(self, result: Tagged) -> dict[str, Any]:
        """Return tags, and the timeline if it was requested."""
        found: dict[str, Any] = {"tags": _pairs(result.tags)}
        if self._with_timeline:
            found["timeline"] = [
                {"start": m.start, "end": m.end, "tags": _pairs(m.tags)}
                for m in result.moments
            ]
        return found

    def rows(self, result: Tagged) -> Iterator[tuple[Any, ...]]:
        """Yield one row per tag."""
        whole = (Moment(0.0, 0.0, result.tags),)
        for moment in result.moments if self._with_timeline else whole:
            times = (f"{moment.start:.3f}", f"{moment.end:.3f}")
            for label, score in moment.tags:
                tag = (cell(label), f"{score:.6f}")
                yield (*times, *tag) if self._with_timeline else tag


def times(start: float, end: float) -> str:
    """Return a span as an indented text."""
    return f"  {start:8.2f} - {end:8.2f} s"


def write_all(
    results: Iterable[R], total: int, writer: ResultWriter[R] | None = None
) -> tuple[list[R], int]:
    """Write results as they arrive, with a bar for several files, and their errors.

    Args:
        results: Results, computed one by one.
        total: Their number.
        writer: Writes to standard output; None to keep the results instead.

    Returns:
        The results without an error, if there is no writer; the number of the others.
    """
    from tqdm import tqdm

    kept, failed = [], 0
    quiet = hidden(None if total > 1 else False)  # a bar for one file is noise
    with tqdm(results, total=total, unit="file", disable=quiet) as bar:
        for result in bar:
            with tqdm.external_write_mode(file=sys.stdout):
                if writer is not None:
                    writer.write(result)
                    sys.stdout.flush()
                elif result.error is None:
                    kept.append(result)
                if result.error is not None:
                    failed += 1
                    complain_of(result.path, result.error)
    return kept, failed


def _pairs(tags: Tags) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in tags]
