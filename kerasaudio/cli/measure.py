"""Shared by `train` and `evaluate`: clips of a folder, the report on a model."""

import argparse
import sys
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import complain, share
from kerasaudio.cli.writer import json_line
from kerasaudio.text import escaped, printable


def add_clip_options(parser: Any) -> None:
    """Add the options about clips."""
    parser.add_argument(
        "--silence-db",
        type=_level,
        metavar="DB",
        help="leave out windows below this level in dB, such as -50",
    )
    parser.add_argument(
        "--separator",
        metavar="TEXT",
        help="text between the labels of a clip in a table, such as ';'",
    )
    parser.add_argument(
        "--errors",
        choices=("raise", "skip"),
        default="raise",
        help="for files that cannot be decoded: raise an error, or skip them "
        "(default: raise)",
    )


def add_split_options(parser: Any, hold_out: str) -> None:
    """Add --hold-out, with its help, and --recording."""
    parser.add_argument("--hold-out", type=share, metavar="SHARE", help=hold_out)
    parser.add_argument(
        "--recording",
        metavar="REGEX",
        help="finds the recording in the name of a file; clips of one recording are "
        "never on both sides (default: each file is a recording)",
    )


def held_out(clips: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """Return the clips to learn from, and those that --hold-out keeps for the test.

    The same --hold-out, --seed and --recording give the same clips.
    """
    from kerasaudio.datasets import split

    fractions = (1 - options.hold_out, options.hold_out)
    learned, held = split(clips, fractions, options.seed or 0)
    return learned, held


def load_clips(
    path: str, recording: str | None = None, separator: str | None = None
) -> Any:
    """Read a folder of class folders, or a table."""
    from kerasaudio.datasets import from_folder, from_table

    if Path(path).suffix.lower() not in (".csv", ".txt"):
        if separator is not None:
            raise ValueError(
                "--separator is for tables: in a folder, a clip has only the class "
                "whose folder it is in."
            )
        return from_folder(path, group=recording)
    if recording is not None:
        raise ValueError(
            "--recording is for folders. In a table, name the recordings in a column "
            "'group'."
        )
    return from_table(path, separator=separator)


def measure_model(options: argparse.Namespace) -> int:
    """Measure the model that `options.what` names on `options.path`."""
    from kerasaudio.evaluation import evaluate
    from kerasaudio.loading import load
    from kerasaudio.plot.figure import check_matplotlib

    clips = load_clips(options.path, options.recording, options.separator)
    if options.hold_out is not None:
        _, clips = held_out(clips, options)
    if options.out is not None and not clips.multi_label:
        check_matplotlib()  # for the picture: before hours of work, not after
    settings = {"silence_db": options.silence_db, "errors": options.errors}
    if options.clip_seconds is not None:
        settings["clip_seconds"] = options.clip_seconds
    report = evaluate(load(options.what), clips, **settings)
    data = f"{escaped(report.dataset)}, {len(report.paths)} clips"
    text = f"{data}: {printable(options.what)}\n\n{report.table()}\n"
    sys.stdout.write(json_line(report.to_dict()) if options.json else text)
    if options.hold_out is not None and report.learned:
        complain(
            "The model has learned from clips that --hold-out selects. Pass "
            "--hold-out, --seed and --recording as in its training; and the folder "
            "must not have changed since."
        )
    for path in report.skipped:
        complain(f"{printable(path)} was left out.")
    if options.out is not None:
        complain(f"The report is in {printable(report.save(options.out))}.")
    return 0


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 1.0
    if not float("-inf") < level <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a level of 0 dB or less")
    return level
