"""Files of events that `kerasaudio detect` writes, one or a folder of them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from kerasaudio.cli.writer import ResultWriter, times
from kerasaudio.events import SoundEvent
from kerasaudio.events.label_files import HEADING, event_row, form_of, write_as
from kerasaudio.files.label_formats import SUFFIXES
from kerasaudio.files.whole_file import check_writable
from kerasaudio.text import cell, printable


@dataclass(frozen=True)
class Detected:
    """The events of a file.

    Attributes:
        path: The file.
        events: Its events, sorted by start; empty on error.
        error: Why it has none; None on success.
    """

    path: Path
    events: Sequence[SoundEvent] = ()
    error: str | None = None


class EventWriter(ResultWriter[Detected]):
    """Writes the events of files to a stream."""

    def __init__(self, stream: TextIO, form: str) -> None:
        """Prepare to write to a stream in one of `writer.FORMATS`."""
        super().__init__(stream, form, HEADING)

    def lines(self, result: Detected) -> Iterator[str]:
        """Yield one line per event."""
        if not result.events:
            yield "  no events"
        for event in result.events:
            span = times(event.start, event.end)
            yield f"{span}  {event.score:.3f}  {printable(event.label)}"

    def found(self, result: Detected) -> dict[str, Any]:
        """Return the events."""
        rows = map(event_row, result.events)
        return {"events": [dict(zip(HEADING, row, strict=True)) for row in rows]}

    def rows(self, result: Detected) -> Iterator[tuple[Any, ...]]:
        """Yield one row per event."""
        for event in result.events:
            start, end, label, score = event_row(event)
            yield start, end, cell(label), score


@dataclass(frozen=True)
class Target:
    """The place where events are written.

    Attributes:
        path: A file; or a folder, with one file for each sound.
        form: A key of SUFFIXES.
        is_folder: Whether it is a folder.
    """

    path: Path
    form: str
    is_folder: bool

    def file(self, sound: Path) -> Path:
        """Return the file with the events of a sound."""
        if not self.is_folder:
            return self.path
        return self.path / f"{sound.stem}{SUFFIXES[self.form]}"

    def write(self, results: Sequence[Detected], highest: float) -> None:
        """Write the events of all sounds.

        Args:
            results: The events.
            highest: Upper end of the frequencies that the network uses, in Hz.

        Raises:
            OSError: A file cannot be written.
        """
        found = {result.path: result.events for result in results}
        if not self.is_folder:
            write_as(self.form, self.path, found, highest)
            return
        self.path.mkdir(parents=True, exist_ok=True)
        for sound, events in found.items():
            write_as(self.form, self.file(sound), {sound: events}, highest)


def check_target(
    out: str, form: str | None, sounds: Sequence[Path], overwrite: bool
) -> Target:
    """Return where to write, or raise if this is not clear or not allowed.

    Args:
        out: Value of --out.
        form: Value of --format, for a folder.
        sounds: The sounds.
        overwrite: Whether files may be replaced.

    Raises:
        ValueError: The suffix is unknown, a folder has no format or a file another
            one, or two sounds have the same file.
        OSError: A file exists, or cannot be written.
    """
    path = Path(out)
    if path.is_dir() or out.endswith(("/", os.sep)):
        if form is None:
            raise ValueError(
                f"{out!r} is a folder: choose the files in it by --format "
                f"{_either(list(SUFFIXES))}."
            )
        target = Target(path, form, is_folder=True)
    else:
        target = Target(path, _form_of(out, form), is_folder=False)
        if target.form != "csv" and len(sounds) > 1:
            raise ValueError(
                f"A {SUFFIXES[target.form]} file has the events of one sound, but "
                f"there are {len(sounds)} sounds. For a file each, name a folder: "
                f"--out labels/ --format {target.form}. For one table: --out "
                "events.csv."
            )
    of_file: dict[Path, Path] = {}
    for sound in sounds:
        file = target.file(sound)
        other = of_file.setdefault(file, sound)
        if other != sound and target.is_folder:
            raise ValueError(
                f"{str(other)!r} and {str(sound)!r} would have the same file, "
                f"{str(file)!r}. Use two folders, or one table: --out events.csv."
            )
        if os.path.lexists(file) and not overwrite:
            raise FileExistsError(
                f"{str(file)!r} already exists. Use another name, or pass --overwrite."
            )
    _check_writable(target.file(sounds[0]), target)  # fail now, not after hours
    return target


def _check_writable(file: Path, target: Target) -> None:
    """Raise an OSError unless a file can be written, in folders that are made then."""
    place = file
    if target.is_folder:
        while not os.path.lexists(place.parent):
            place = place.parent
        if not place.parent.is_dir():
            raise NotADirectoryError(
                f"{str(place.parent)!r} is no folder. Use another name as --out."
            )
    check_writable(place)


def _form_of(out: str, form: str | None) -> str:
    """Return the format of a file by its suffix."""
    fitting = form_of(out)
    if fitting is None:
        named = [f"{suffix} ({name})" for name, suffix in SUFFIXES.items()]
        raise ValueError(
            f"--out must be a file with the suffix {_either(named)}, or a folder, with "
            f"a / at its end. Received: {out!r}."
        )
    if form not in (None, fitting):
        raise ValueError(
            f"--format {form} is for a folder, or for a file with the suffix "
            f"{SUFFIXES[str(form)]}. Received: --out {out!r}."
        )
    return fitting


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
