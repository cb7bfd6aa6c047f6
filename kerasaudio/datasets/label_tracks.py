"""Label tracks of Audacity and selection tables of Raven, as columns of a table."""

import re
import unicodedata
from pathlib import Path

from kerasaudio.audio.find import SUFFIXES
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.rows import inside, read_rows
from kerasaudio.files.label_formats import RAVEN

Columns = dict[str, list[str]]
_SHOWN = 80  # most characters of a line that an error message shows
_NUMBER = r" *-?\d+(?:\.\d*)? *"
_SPAN = re.compile(rf"({_NUMBER})\t({_NUMBER})(?:\t(.*))?")
_ENDING = re.compile(r"((\.Table\.\d+)?\.selections)?\.txt$", re.IGNORECASE)


def read_label_track(file: Path, folder: Path) -> tuple[Columns, list[int]] | None:
    """Read a file of Audacity or Raven.

    Args:
        file: The file.
        folder: Folder of the sounds.

    Returns:
        Columns "path", "start", "end" and "label", next to those of Raven, and the line
        of each row; None for any other table.

    Raises:
        ValueError: A line is no label, a table has several sounds but no place in them,
            or its sound is ambiguous or outside the folder.
        FileNotFoundError: There is no sound with the name of the file.
        OSError: The file cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig") as text:
            heading = text.readline()
    except UnicodeDecodeError:
        return None  # the reader of tables reports it
    names = heading.rstrip("\n").split("\t")
    if {RAVEN.start, RAVEN.end} <= set(names):
        return _read_raven(file, folder)
    is_label = _SPAN.fullmatch(heading.rstrip("\n")) is not None
    if file.suffix.lower() == ".txt" and is_label:
        return _read_audacity(file, folder)
    return None


def _read_audacity(file: Path, folder: Path) -> tuple[Columns, list[int]]:
    columns: Columns = {"start": [], "end": [], "label": []}
    lines = []
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not a label track: {error}.") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("\\"):  # frequencies of the label above
            continue
        found = _SPAN.fullmatch(line.rstrip("\r"))
        if found is None:
            raise ValueError(
                f"{file}, line {number}, is not a label of Audacity: start, end and "
                f"label, separated by tabs. Received: {line[:_SHOWN]!r}."
            )
        for values, value in zip(columns.values(), found.groups(""), strict=True):
            values.append(value)
        lines.append(number)
    sound = _sound_of(file, folder)
    return {"path": [sound] * len(lines), **columns}, lines


def _read_raven(file: Path, folder: Path) -> tuple[Columns, list[int]]:
    rows = [
        (line, row)
        for line, row in enumerate(read_rows(file, [RAVEN.start, RAVEN.end]), start=2)
        if row[RAVEN.start].strip() or row[RAVEN.end].strip()
    ]
    once: dict[tuple[str, ...], int] = {}  # a selection has a row for each view
    keys = (RAVEN.start, RAVEN.end, *RAVEN.paths)
    for place, (_, row) in enumerate(rows):
        number = row.get(RAVEN.selection, f"row {place}")
        once.setdefault((number, *(row.get(key, "") for key in keys)), place)
    kept = [rows[place] for place in once.values()]
    if not kept:
        raise ValueError(f"{file} lists no clips.")
    columns = {name: [row[name] for _, row in kept] for name in kept[0][1]}
    starts, ends = columns[RAVEN.start], columns[RAVEN.end]
    sounds = _sounds(columns, file, folder)
    if RAVEN.offset in columns:
        offsets = columns[RAVEN.offset]
        ends = [
            _shifted(*times, file) for times in zip(offsets, starts, ends, strict=True)
        ]
        starts = offsets
    elif len(set(sounds)) > 1:
        raise ValueError(
            f"{file} has {len(set(sounds))} sounds, but no column {RAVEN.offset}, so "
            "it is unknown whether its times begin anew in each. Add this column in "
            "Raven."
        )
    derived = {"path": sounds, "start": starts, "end": ends}
    if RAVEN.label in columns:
        derived["label"] = columns[RAVEN.label]
    return derived | columns, [line for line, _ in kept]


def _sounds(columns: Columns, file: Path, folder: Path) -> list[str]:
    """Return the path of each row's sound, or that of the table's."""
    by_path, by_name = (columns.get(name) for name in RAVEN.paths)
    if by_path is None and by_name is None:
        return [_sound_of(file, folder)] * len(columns[RAVEN.start])
    if by_path is None or by_name is None:
        return by_path or by_name or []
    # The path may be that of another machine; then the name tells.
    found = {path: _is_below(folder, path, str(file)) for path in set(by_path)}
    return [
        path if found[path] else name
        for path, name in zip(by_path, by_name, strict=True)
    ]


def _is_below(folder: Path, name: str, what: str) -> bool:
    try:
        return inside(folder, name, what).is_file()
    except (ValueError, OSError):
        return False


def _shifted(offset: str, start: str, end: str, file: Path) -> str:
    try:
        return repr(float(offset) + float(end) - float(start))
    except ValueError as error:
        raise ValueError(
            f"{file}: the columns {RAVEN.offset}, {RAVEN.start} and {RAVEN.end} must "
            f"hold seconds: {error}."
        ) from error


def _sound_of(file: Path, folder: Path) -> str:
    """Return the name of the sound in a folder that has the name of a label file."""
    stem = _composed(_ENDING.sub("", file.name))
    there = folder.iterdir() if folder.is_dir() else ()
    names = sorted(path.name for path in there if _is_sound(path, stem))
    if len(names) == 1:
        return names[0]
    if names:
        raise ValueError(
            f"{file} could belong to any of {listed(names, 9)} in {folder}. Keep one "
            "of them in that folder."
        )
    raise FileNotFoundError(
        f"{str(file)!r} does not say which sound it belongs to, and there is no sound "
        f"{stem!r} with a suffix such as .wav in {str(folder)!r}. Pass the folder of "
        "the sound as folder=, or rename one of them."
    )


def _is_sound(path: Path, stem: str) -> bool:
    return _composed(path.stem) == stem and path.suffix.lower() in SUFFIXES


def _composed(name: str) -> str:
    """Return a name with accents encoded in one way; systems differ in file names."""
    return unicodedata.normalize("NFC", name)
