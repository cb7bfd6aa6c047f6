"""How results are written to a stream, file by file: as text, JSON lines or CSV."""

import argparse
import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TextIO, TypeVar

from kerasaudio.cli.common import complain_of
from kerasaudio.cli.tagged import Moment, Tagged, Tags
from kerasaudio.files.progress import hidden
from kerasaudio.text import cell, printable, quoted

FORMATS = ("text", "json", "csv")
JSON_HELP = "print one JSON object per line"
_HELP = {"json": JSON_HELP, "csv": "print a table"}


def add_format_options(parser: argparse.ArgumentParser) -> Any:
    """Add an option for each of FORMATS but text, and return their group."""
    group = parser.add_mutually_exclusive_group()
    for name in FORMATS[1:]:
        group.add_argument(
            f"--{name}",
            dest="form",
            action="store_const",
            const=name,
            help=_HELP[name],
        )
    parser.set_defaults(form="text")
    return group


def add_json_option(parser: Any) -> None:
    """Add --json to a command that has no other format but text."""
    parser.add_argument("--json", action="store_true", help=JSON_HELP)


def json_line(record: Mapping[str, Any]) -> str:
    """Return an object as a line of JSON; NaN and infinity, which it lacks, as null."""
    return json.dumps(_finite(record), allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


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

    text: the file, then some lines. json: an object per line, with path, the result
    and error. csv: rows below `heading`; texts are made harmless by `text.cell`. Errors
    show in JSON only.
    """

    def __init__(self, stream: TextIO, form: str, heading: tuple[str, ...]) -> None:
        """Prepare to write to a stream in one of FORMATS."""
        self._stream = stream
        self._form = form
        self._heading = heading
        self._rows = csv.writer(stream, lineterminator="\n")

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
        """Write the heading."""
        if self._form == "csv":
            self._rows.writerow(["path", *self._heading])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the stream open."""

    def write(self, result: R) -> None:
        """Write one result, so that its reader sees it."""
        if self._form == "json":
            found = {"path": str(result.path), **self.found(result)}
            self._stream.write(json_line(found | {"error": result.error}))
        elif result.error is None and self._form == "csv":
            path = cell(str(result.path))
            self._rows.writerows([path, *row] for row in self.rows(result))
        elif result.error is None:
            lines = [printable(result.path), *self.lines(result)]
            self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()


class TagWriter(ResultWriter[Tagged]):
    """Writes the tags of files, and of their windows."""

    def __init__(self, stream: TextIO, form: str, with_timeline: bool) -> None:
        """Prepare to write to a stream in one of FORMATS."""
        times = ("start", "end") if with_timeline else ()
        super().__init__(stream, form, (*times, "label", "score"))
        self._with_timeline = with_timeline

    def lines(self, result: Tagged) -> Iterator[str]:
        """Yield one line per tag and one per window."""
        if not result.tags:
            yield "  no tags"
        for label, score in result.tags:
            yield f"  {score:.3f}  {printable(label)}"
        for moment in result.moments:
            yield f"{times(moment.start, moment.end)}  {tags_line(moment.tags)}"

    def found(self, result: Tagged) -> dict[str, Any]:
        """Return tags, and the timeline if it was requested."""
        found: dict[str, Any] = {"tags": tag_records(result.tags)}
        if self._with_timeline:
            found["timeline"] = [
                {"start": m.start, "end": m.end, "tags": tag_records(m.tags)}
                for m in result.moments
            ]
        return found

    def rows(self, result: Tagged) -> Iterator[tuple[Any, ...]]:
        """Yield one row per tag."""
        whole = (Moment(0.0, 0.0, result.tags),)
        for moment in result.moments if self._with_timeline else whole:
            for row in tag_rows(moment):
                yield row if self._with_timeline else row[2:]


def tags_line(tags: Tags) -> str:
    """Return the tags of a window in one line."""
    said = ", ".join(f"{quoted(label)} {score:.3f}" for label, score in tags)
    return said or "-"


def tag_records(tags: Tags) -> list[dict[str, Any]]:
    """Return tags for JSON."""
    return [{"label": label, "score": score} for label, score in tags]


def tag_rows(moment: Moment) -> Iterator[tuple[str, ...]]:
    """Yield the rows of CSV for a window: start, end, label, score."""
    times = (f"{moment.start:.3f}", f"{moment.end:.3f}")
    for label, score in moment.tags:
        yield (*times, cell(label), f"{score:.6f}")


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
        writer: Writes them; None to keep them instead.

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
                elif result.error is None:
                    kept.append(result)
                if result.error is not None:
                    failed += 1
                    complain_of(result.path, result.error)
    return kept, failed
