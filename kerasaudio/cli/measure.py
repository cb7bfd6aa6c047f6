"""What `train` and `evaluate` share: clips of a folder, and the report on a model."""

import argparse
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import complain, percent
from kerasaudio.report import columns, printable
from kerasaudio.text import escaped

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
        "--separator",
        metavar="TEXT",
        help="stands between several labels of a clip in a table, such as ';'",
    )
    parser.add_argument(
        "--errors",
        choices=("raise", "skip"),
        default="raise",
        help="files that cannot be decoded: stop at once, or leave them out",
    )


def load_clips(
    path: str, recording: str | None = None, separator: str | None = None
) -> Any:
    """Read a folder of class folders, or a table."""
    from kerasaudio.datasets import from_folder, from_table

    if Path(path).suffix.lower() != ".csv":
        if separator is not None:
            raise ValueError(
                "--separator is for tables: in a folder a clip has the one class "
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
    from kerasaudio.loading import load
    from kerasaudio.plot.figure import check_matplotlib
    from kerasaudio.training import measure

    clips = load_clips(options.path, separator=options.separator)
    if options.out is not None and not clips.multi_label:
        check_matplotlib()  # before hours of work, not behind: there will be a picture
    settings = {"silence_db": options.silence_db, "errors": options.errors}
    if options.clip_seconds is not None:
        settings["clip_seconds"] = options.clip_seconds
    report = measure(load(options.what), clips, **settings)
    data = f"{escaped(report.dataset)}, {len(report.paths)} clips"
    title = f"{data}: {printable(options.what)}"
    print(report.to_json() if options.json else f"{title}\n\n{report_text(report)}")
    for path in report.skipped:
        complain(f"{printable(path)} was left out.")
    if options.out is not None:
        complain(f"The report is in {printable(report.save(options.out))}.")
    return 0


def report_text(report: Any) -> str:
    """Give a report as tables for people."""
    from kerasaudio.training import TagReport

    several = isinstance(report, TagReport)
    figures: list[tuple[str, ...]] = [
        (_FIGURES[name], percent(value) if name == "accuracy" else f"{value:.3f}")
        for name, value in report.figures().items()
    ]
    parts = [columns(figures), _tags_text(report) if several else _classes_text(report)]
    if report.mistakes:
        describe = _wrong_tag if several else _mistake
        worst: list[tuple[str, ...]] = [
            (describe(mistake), f"{mistake.score:.3f}", printable(mistake.path))
            for mistake in report.mistakes[:WORST]
        ]
        parts.append(columns([("worst mistakes", "score", "file"), *worst]))
    return "\n\n".join(parts)


_FIGURES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "instance_f1": "F1 of a clip",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "d_prime": "d'",
}


def _classes_text(report: Any) -> str:
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
    return columns(classes)


def _tags_text(report: Any) -> str:
    tags: list[tuple[str, ...]] = [("class", "clips", "ROC-AUC", "PR-AUC", "F1")]
    tags += [
        (
            name,
            str(found["clips"]),
            f"{found['roc_auc']:.3f}",
            f"{found['average_precision']:.3f}",
            f"{found['f1']:.3f}",
        )
        for name, found in report.per_class.items()
    ]
    return columns(tags)


def _mistake(mistake: Any) -> str:
    return f"{mistake.label}, taken for {mistake.predicted}"


def _wrong_tag(mistake: Any) -> str:
    return f"{mistake.label}, {'missed' if mistake.present else 'not there'}"


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 1.0
    if not float("-inf") < level <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no level of 0 dB or less")
    return level
