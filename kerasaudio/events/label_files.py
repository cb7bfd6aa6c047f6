"""Files of events: tables, label tracks of Audacity, selection tables of Raven.

`kerasaudio.datasets.from_table` reads all of them.
"""

import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path

from kerasaudio.arguments import number
from kerasaudio.audio.decode import open_audio
from kerasaudio.core.score_timeline import SoundEvent
from kerasaudio.files.label_formats import RAVEN, SUFFIXES
from kerasaudio.files.whole_file import write_csv, write_text
from kerasaudio.text import cell, one_line

Found = Mapping[Path, Sequence[SoundEvent]]
HEADING = ("start", "end", "label", "score")
_DIGITS = 6  # after the point


def write_events(
    path: str | PathLike[str],
    events: Sequence[SoundEvent] | Mapping[str | PathLike[str], Sequence[SoundEvent]],
    sound: str | PathLike[str] | None = None,
    *,
    highest_hz: float | None = None,
    overwrite: bool = False,
) -> Path:
    """Write events to a file that people and other programs can correct.

    The suffix chooses the format, and `kerasaudio.datasets.from_table` reads each:

    - ``.csv``: a table with the columns path (from the folder of the table), start,
      end, label and score.
    - ``.txt``: a label track for Audacity (File, Import, Labels).
    - ``.selections.txt``: a selection table for Raven.

    Args:
        path: The file to write.
        events: Events of one sound, as `find_events` returns them; or, for a table of
            several sounds, a mapping from their paths to their events.
        sound: Path of the sound of the events, which Raven and the table name. A label
            track for Audacity belongs to the sound of the same name.
        highest_hz: Upper end of Raven's selections in Hz; None for half the sample rate
            of the sound, which then must be there.
        overwrite: Whether to replace an existing file.

    Returns:
        The path.

    Raises:
        ValueError: The suffix is unknown; the events are no events; the sound is
            missing, or there are several for a file that has only one.
        FileExistsError: The file exists.
        OSError: The file cannot be written, or the sound cannot be read.

    Examples:
        >>> from kerasaudio import events
        >>> detector = kerasaudio.FireRedAED(weights="fireredvad")
        >>> found = events.find_events(detector, "song.wav", threshold=0.2)
        >>> events.write_events("song.txt", found).name
        'song.txt'
        >>> events.write_events("found.csv", {"song.wav": found}).name
        'found.csv'
        >>> len(kerasaudio.datasets.from_table("song.txt")) == len(found)
        True
    """
    target = Path(path)
    form = form_of(target.name)
    if form is None:
        named = ", ".join(SUFFIXES.values())
        raise ValueError(
            f"The path must end in one of {named}. Received: {str(target)!r}."
        )
    found = _by_sound(events, sound, form)
    if form != "csv" and len(found) > 1:
        raise ValueError(
            f"A {SUFFIXES[form]} file has the events of one sound. Received: those of "
            f"{len(found)}. Write a file for each, or one .csv file."
        )
    if os.path.lexists(target) and not overwrite:
        raise FileExistsError(
            f"{str(target)!r} exists. Pass another path, or overwrite=True."
        )
    highest = None if highest_hz is None else number(highest_hz, "highest_hz", above=0)
    if highest is None and form == "raven":
        (path_of_sound,) = found
        with open_audio(path_of_sound) as audio:
            highest = audio.sample_rate / 2
    write_as(form, target, found, highest or 0)
    return target


def form_of(name: str) -> str | None:
    """Return the format of a file name, a key of SUFFIXES; None if it has none."""
    fitting = [form for form, suffix in SUFFIXES.items() if name.endswith(suffix)]
    return fitting[-1] if fitting else None  # the longest suffix


def write_as(form: str, path: Path, found: Found, highest: float) -> None:
    """Write events in a format; in those of one sound, of the one there is.

    Args:
        form: A key of SUFFIXES.
        path: The file.
        found: The events of each sound.
        highest: Upper end of Raven's selections in Hz.

    Raises:
        OSError: The file cannot be written.
    """
    if form == "csv":
        _write_csv(path, found)
        return
    ((sound, events),) = found.items()
    if form == "audacity":
        write_text(path, _audacity(events))
    else:
        write_text(path, _raven(sound, events, highest))


def event_row(event: SoundEvent) -> tuple[float, float, str, float]:
    """Return the columns of HEADING."""
    start, end, score = (
        round(float(value), _DIGITS) for value in (event.start, event.end, event.score)
    )
    return start, end, event.label, score


def _by_sound(
    events: Sequence[SoundEvent] | Mapping[str | PathLike[str], Sequence[SoundEvent]],
    sound: str | PathLike[str] | None,
    form: str,
) -> Found:
    """Return the events of each sound.

    Raises:
        ValueError: A sound is missing, or named twice; something is no event.
    """
    if isinstance(events, Mapping):
        if sound is not None or not events:
            problem = "none" if sound is None else f"sound={os.fspath(sound)!r}, too"
            raise ValueError(
                "A mapping of events names the sounds itself, at least one. Received: "
                f"{problem}."
            )
        return {Path(each): _checked(those) for each, those in events.items()}
    if sound is None and form != "audacity":
        raise ValueError(
            f"A {SUFFIXES[form]} file names the sound of its events. Pass "
            'sound="street.wav", or a mapping from paths to events.'
        )
    return {Path(sound or ""): _checked(events)}


def _checked(events: Sequence[SoundEvent]) -> list[SoundEvent]:
    listed = list(events)
    for event in listed:
        if not isinstance(event, SoundEvent):
            raise ValueError(
                "events must be those of find_events, or SoundEvent(label, start, end, "
                f"score). Received: {type(event).__name__} {str(event)[:60]!r}."
            )
        number(event.start, "start of an event", 0)
        number(event.end, "end of an event", event.start)
    return listed


def _write_csv(path: Path, found: Found) -> None:
    rows = (
        (_beside(sound, path), *event_row(event))
        for sound, events in found.items()
        for event in events
    )
    write_csv(path, _with_heading(("path", *HEADING), rows))


def _with_heading(heading: tuple[str, ...], rows: Iterator[tuple]) -> Iterator[tuple]:
    yield heading
    yield from rows


def _beside(sound: Path, table: Path) -> str:
    """Return a path as seen from a table's folder; absolute if it is not below it."""
    path = Path(os.path.abspath(sound))
    folder = Path(os.path.abspath(table)).parent
    if not path.is_relative_to(folder):
        return str(path)
    name = path.relative_to(folder).as_posix()
    return name if cell(name) == name else f"./{name}"  # "=a.wav" is no formula then


def _audacity(events: Sequence[SoundEvent]) -> str:
    return "".join(
        f"{event.start:.{_DIGITS}f}\t{event.end:.{_DIGITS}f}\t{one_line(event.label)}\n"
        for event in events
    )


def _raven(sound: Path, events: Sequence[SoundEvent], highest: float) -> str:
    path = os.path.abspath(sound)
    text = io.StringIO()
    rows = csv.writer(text, delimiter="\t", lineterminator="\n")
    columns: dict[str, Callable[[SoundEvent], object]] = {
        "View": lambda _: "Spectrogram 1",
        "Channel": lambda _: 1,
        RAVEN.start: lambda event: f"{event.start:.{_DIGITS}f}",
        RAVEN.end: lambda event: f"{event.end:.{_DIGITS}f}",
        "Low Freq (Hz)": lambda _: "0.0",
        "High Freq (Hz)": lambda _: f"{highest:.1f}",
        RAVEN.offset: lambda event: f"{event.start:.{_DIGITS}f}",
        RAVEN.paths[0]: lambda _: cell(one_line(path)),
        RAVEN.paths[1]: lambda _: cell(one_line(sound.name)),
        RAVEN.label: lambda event: cell(one_line(event.label)),
        "Score": lambda event: f"{event.score:.{_DIGITS}f}",
    }
    rows.writerow([RAVEN.selection, *columns])
    for position, event in enumerate(events, start=1):
        rows.writerow([position, *(of(event) for of in columns.values())])
    return text.getvalue()
