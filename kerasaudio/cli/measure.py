"""What `train` and `evaluate` share: clips of a folder, and the report on a model."""

import argparse
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import complain, percent
from kerasaudio.report import columns, printable

WORST = 5  # mistakes shown


def add_clip_options(parser: Any) -> None:
    """Add what is said of the clips."""
    parser.add_argument(
        "--silence-db",
        type=_level,
        metavar="DB",
        help="leave out windows below this level, such as -50",
    )
    parser.add_argument(
        "--errors",
        choices=("raise", "skip"),
        default="raise",
        help="files that cannot be decoded: stop at once, or leave them out",
    )


def load_clips(path: str, recording: str | None = None) -> Any:
    """Read a folder of class folders, or a table."""
    from kerasaudio.datasets import from_folder, from_table

    if Path(path).suffix.lower() != ".csv":
        return from_folder(path, group=recording)
    if recording is not None:
        raise ValueError(
            "--recording is for folders. In a table, name the recordings in a column "
            "'group'."
        )
    return from_table(path)


def measure_model(options: argparse.Namespace) -> int:
    """Measure the model that `options.what` names on `options.path`."""
    from kerasaudio.models.named import load_named
    from kerasaudio.training import measure

    clips = load_clips(options.path)
    settings = {"silence_db": options.silence_db, "errors": options.errors}
    if options.clip_seconds is not None:
        settings["clip_seconds"] = options.clip_seconds
    report = measure(load_named(options.what), clips, **settings)
    title = f"{report.dataset}, {len(report.paths)} clips: {printable(options.what)}"
    print(report.to_json() if options.json else f"{title}\n\n{report_text(report)}")
    for path in report.skipped:
        complain(f"{printable(path)} was left out.")
    if options.out is not None:
        complain(f"The report is in {printable(report.save(options.out))}.")
    return 0


def report_text(report: Any) -> str:
    """Give a report as tables for people."""
    figures: list[tuple[str, ...]] = [
        ("accuracy", percent(report.accuracy)),
        ("macro F1", f"{report.macro_f1:.3f}"),
        ("ROC-AUC", f"{report.roc_auc:.3f}"),
        ("PR-AUC", f"{report.pr_auc:.3f}"),
    ]
    counts, names = report.confusion, list(report.per_class)
    classes: list[tuple[str, ...]] = [("class", "clips", "found", "F1", "taken for")]
    for row, (name, found) in enumerate(report.per_class.items()):
        wrong = [
            f"{names[i]} {counts[row, i]}"
            for i in (-counts[row]).argsort(kind="stable")
            if counts[row, i] and i != row
        ]
        share = percent(found["recall"]) if found["clips"] else "-"
        classes.append(
            (name, str(found["clips"]), share, f"{found['f1']:.3f}", ", ".join(wrong))
        )
    parts = [columns(figures), columns(classes)]
    if report.mistakes:
        worst: list[tuple[str, ...]] = [
            (
                f"{mistake.label}, taken for {mistake.predicted}",
                f"{mistake.score:.3f}",
                printable(mistake.path),
            )
            for mistake in report.mistakes[:WORST]
        ]
        parts.append(columns([("worst mistakes", "score", "file"), *worst]))
    return "\n\n".join(parts)


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 1.0
    if not float("-inf") < level <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no level of 0 dB or less")
    return level
