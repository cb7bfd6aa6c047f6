"""`kerasaudio detect`: find events in files, with their times."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import (
    add_errors_option,
    add_model_options,
    add_repeat_option,
    complain,
    find_files,
    load_model,
    seconds,
    share,
)
from kerasaudio.cli.corpus import (
    ENGINE_NOTE,
    ENGINE_WORDS,
    add_engine_options,
    check_engine,
    run_engine,
)
from kerasaudio.cli.labels import add_label_options, given_labels
from kerasaudio.cli.scores import SCORE_WORDS, WINDOW_WORDS, add_window_options
from kerasaudio.cli.wording import MODEL_WORDS, SALVAGE_WORDS, Words, in_options
from kerasaudio.cli.writer import add_format_options, write_all
from kerasaudio.files.label_formats import SUFFIXES
from kerasaudio.text import counted, printable

_DESCRIPTION = """Find sound events: which sounds are in a file, and when.

The times are as exact as the network's frames or windows; those of YAMNet are up to
0.7 s off. Networks that take any length can have shorter windows.

Without --out, the events are printed. With --out they are written to a file:
  .csv               a table with the columns path, start, end, label and score
  .txt               a label track for Audacity
  .selections.txt    a selection table for Raven
A .csv file has the events of all sounds; of the others, each belongs to one sound, so
for several sounds name a folder and a --format.
"""

_EXAMPLES = """examples:
  kerasaudio detect street.wav --labels Dog,Siren --threshold 0.3
  kerasaudio detect street.wav --label "Beep, bleep" --label Speech
  kerasaudio detect sounds/ --min 0.5 --gap 1 --out events.csv
  kerasaudio detect street.wav --out street.txt
  kerasaudio detect sounds/ --out labels/ --format raven
  kerasaudio detect corpus/ --labels Dog --engine local --out dogs/

in Python: kerasaudio.events.find_events(model, "street.wav", labels=["Dog"])"""

_WORDS: Words = {
    **MODEL_WORDS,
    **SALVAGE_WORDS,
    **WINDOW_WORDS,
    **SCORE_WORDS,
    **ENGINE_WORDS,
    "min_seconds": "--min",
    "gap_seconds": "--gap",
    "Build it with classifier_activation='sigmoid' or 'softmax'": "Use a model with "
    "probabilities",
}


def add(commands: Any) -> None:
    """Register the command."""
    detect = commands.add_parser(
        "detect",
        help="find events in files or folders, with their times",
        description=_DESCRIPTION + ENGINE_NOTE,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    detect.add_argument("paths", nargs="+", metavar="FILE_OR_FOLDER")
    add_model_options(detect)
    add_repeat_option(detect)
    add_window_options(detect)
    add_label_options(detect)
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
    add_errors_option(detect)
    add_format_options(detect).add_argument(
        "--out",
        help="a .csv, .txt or .selections.txt file; or a folder, see --format and "
        "--engine",
    )
    detect.add_argument(
        "--format", choices=tuple(SUFFIXES), help="the files in the folder --out"
    )
    detect.add_argument("--overwrite", action="store_true", help="replace --out")
    add_engine_options(detect)
    detect.set_defaults(run=_detect, wording=_WORDS)


def _detect(options: argparse.Namespace) -> int:
    from kerasaudio.cli.label_files import EventWriter, check_target
    from kerasaudio.events.classes import chosen_columns
    from kerasaudio.events.timeline import spec_over_time

    if check_engine(options):
        model = load_model(options)
        return run_engine(
            options,
            model,
            "detect",
            labels=given_labels(options, model.spec.labels or ()),
            threshold=options.threshold,
            min_seconds=options.min,
            gap_seconds=options.gap,
            window_seconds=options.window,
            hop_seconds=options.hop,
        )
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
    labels = given_labels(options, known)
    chosen_columns(labels, known, options.model)
    spec = spec_over_time(model, options.window, options.hop)
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
                window_seconds=options.window,
                hop_seconds=options.hop,
                errors=options.errors,
            )
        except (ValueError, OSError) as error:
            yield Detected(path, error=in_options(str(error), _WORDS))
        else:
            yield Detected(path, events)
