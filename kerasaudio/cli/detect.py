"""`kerasaudio detect`: find events in files, with their times."""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasaudio.arguments import class_name
from kerasaudio.cli.common import (
    add_errors_option,
    add_model_options,
    add_repeat_option,
    complain,
    find_files,
    load_model,
    positive_seconds,
    seconds,
    share,
)
from kerasaudio.cli.wording import MODEL_WORDS, SALVAGE_WORDS, Words, in_options
from kerasaudio.cli.writer import SUFFIXES, add_format_options, write_all
from kerasaudio.text import counted, printable

_DESCRIPTION = """Find sound events: which sounds are in a file, and when.

The times are as exact as the network's frames or windows; those of YAMNet are up to
0.7 s off. Networks that take any length can have shorter windows.

Without --out, the events are printed. With --out they are written to a file:
  .csv               a table with the columns path, start, end, label and score
  .txt               a label track for Audacity
  .selections.txt    a selection table for Raven
A .csv file has the events of all sounds; of the others, each belongs to one sound, so
for several sounds name a folder and a --format."""

_EXAMPLES = """examples:
  kerasaudio detect street.wav --labels Dog,Siren --threshold 0.3
  kerasaudio detect street.wav --labels "Beep, bleep" --labels Speech
  kerasaudio detect sounds/ --min 0.5 --gap 1 --out events.csv
  kerasaudio detect street.wav --out street.txt
  kerasaudio detect sounds/ --out labels/ --format raven

in Python: kerasaudio.events.find_events(model, "street.wav", labels=["Dog"])"""

_SHOWN = 80  # most characters of a value that an error message shows
_WORDS: Words = {
    **MODEL_WORDS,
    **SALVAGE_WORDS,
    "labels": "--labels",
    "threshold": "--threshold",
    "min_seconds": "--min",
    "gap_seconds": "--gap",
    "window_seconds": "--window-seconds",
    "hop_seconds": "--hop-seconds",
    "hop_samples": "--hop-seconds, in samples,",
    " are in model.spec.labels": " are shown by kerasaudio info",
    "Build it with classifier_activation='sigmoid' or 'softmax'": "Use a model with "
    "probabilities",
}


def add(commands: Any) -> None:
    """Register the command."""
    detect = commands.add_parser(
        "detect",
        help="find events in files or folders, with their times",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    detect.add_argument("paths", nargs="+", metavar="FILE_OR_FOLDER")
    add_model_options(detect)
    add_repeat_option(detect)
    detect.add_argument(
        "--labels",
        action="append",
        metavar="LABEL,LABEL",
        help="look for these classes only; can be repeated. A comma may separate "
        "labels or be part of one (default: all classes)",
    )
    detect.add_argument(
        "--threshold",
        type=share,
        default=0.5,
        metavar="SCORE",
        help="lowest score of an event, above 0 and below 1 (default: 0.5)",
    )
    detect.add_argument(
        "--min",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="leave out shorter events",
    )
    detect.add_argument(
        "--gap",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="join events of a class with a pause up to this (default: 0)",
    )
    for name in ("--window-seconds", "--hop-seconds"):
        detect.add_argument(
            name,
            type=positive_seconds,
            metavar="SECONDS",
            help="for networks without frames (default: the model's own)",
        )
    add_errors_option(detect)
    add_format_options(detect).add_argument(
        "--out", help="a .csv, .txt or .selections.txt file; or a folder, see --format"
    )
    detect.add_argument(
        "--format", choices=tuple(SUFFIXES), help="the files in the folder --out"
    )
    detect.add_argument("--overwrite", action="store_true", help="replace --out")
    detect.set_defaults(run=_detect, wording=_WORDS)


def _detect(options: argparse.Namespace) -> int:
    from kerasaudio.cli.label_files import EventWriter, check_target
    from kerasaudio.events.classes import chosen_columns
    from kerasaudio.events.timeline import spec_over_time

    if options.out is None and (options.format or options.overwrite):
        raise ValueError("--format and --overwrite need --out.")
    paths, missing = find_files(options.paths)
    if not paths:
        return 1
    target = None
    if options.out is not None:
        target = check_target(options.out, options.format, paths, options.overwrite)
    model = load_model(options)
    known = model.spec.labels
    if known is None:
        raise ValueError(f"{options.model} has no labels to look for.")
    labels = read_labels(options.labels, known)
    chosen_columns(labels, known, options.model)
    spec = spec_over_time(model, options.window_seconds, options.hop_seconds)
    results = _results(model, paths, labels, options)
    if target is None:
        with EventWriter(sys.stdout, options.form) as writer:
            failed = write_all(results, len(paths), writer)[1]
    else:
        kept, failed = write_all(results, len(paths))
        if kept:
            target.write(kept, spec.sample_rate / 2)
            events = sum(len(result.events) for result in kept)
            print(
                f"{printable(target.path)}: {counted(events, 'event')} in "
                f"{counted(len(kept), 'file')}"
            )
    if failed and len(paths) > 1:
        complain(f"{failed} of {len(paths)} files could not be used.")
    return int(missing + failed > 0)


def _results(
    model: Any,
    paths: Iterable[Path],
    labels: Sequence[str] | None,
    options: argparse.Namespace,
) -> Iterator[Any]:
    """Yield the events of one file after another; a bad one does not stop the rest."""
    from kerasaudio.cli.label_files import Detected
    from kerasaudio.events import find_events

    for path in paths:
        try:
            events = find_events(
                model,
                path,
                labels=labels,
                threshold=options.threshold,
                min_seconds=options.min,
                gap_seconds=options.gap,
                window_seconds=options.window_seconds,
                hop_seconds=options.hop_seconds,
                errors=options.errors,
            )
        except (ValueError, OSError) as error:
            yield Detected(path, error=in_options(str(error), _WORDS))
        else:
            yield Detected(path, events)


def read_labels(given: Sequence[str] | None, known: Sequence[str]) -> list[str] | None:
    """Read the values of --labels.

    Commas separate labels, unless the model has a label with these commas, such as
    "Beep, bleep"; of several readings, the one with the longest labels counts. Double
    quotes also keep a label together.

    Args:
        given: The values; None for all classes.
        known: Labels of the model.

    Raises:
        ValueError: A label is empty or named twice, or a value has line breaks.
    """
    if given is None:
        return None
    names = {_spaceless(name): name for name in known}
    labels: list[str] = []
    for value in given:
        try:
            parts = next(csv.reader([value], skipinitialspace=True), [])
        except csv.Error as error:
            raise ValueError(
                "--labels must be one line of labels, separated by commas. Received: "
                f"{value[:_SHOWN]!r}."
            ) from error
        while parts:
            wholes = [
                (count, names[name])
                for count in range(len(parts), 0, -1)
                if (name := _spaceless(",".join(parts[:count]))) in names
            ]
            count, label = wholes[0] if wholes else (1, parts[0].strip())
            labels.append(label)
            parts = parts[count:]
        if not value.strip() or "" in labels:
            raise ValueError(f"--labels has an empty label. Received: {value!r}.")
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise ValueError(f"--labels names {twice[0]!r} twice.")
    return labels


def _spaceless(name: str) -> str:
    """Return a label without the spaces around commas."""
    return ",".join(part.strip() for part in class_name(name).split(","))
