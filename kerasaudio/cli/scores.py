"""Options of the commands that score sounds, and what they leave of the scores.

`tag`, `listen` and `detect` take windows, labels and a threshold, `embed` the windows;
everywhere they mean the same. Windows and hops are in seconds.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kerasaudio.cli.common import positive, positive_seconds
from kerasaudio.cli.labels import add_label_options, given_labels
from kerasaudio.cli.tagged import Tags
from kerasaudio.cli.wording import Words

TOP = 5  # as in kerasaudio.core.ranked, which needs a backend to be imported

WINDOW_WORDS: Words = {
    "window_seconds": "--window",
    "hop_seconds": "--hop",
    "hop_samples": "--hop, in samples,",
}
SCORE_WORDS: Words = {
    "labels": "--labels",
    "threshold": "--threshold",
    " are in model.spec.labels": " are shown by kerasaudio info",
}


def add_window_options(parser: Any, hop: str = "the model's, or the window") -> None:
    """Add --window and --hop.

    Args:
        parser: Parser or group of a command.
        hop: Default of --hop, for the help.
    """
    for name, text in {
        "window": "length of a window, for networks that take any (default: the "
        "model's)",
        "hop": f"time from one window to the next (default: {hop})",
    }.items():
        parser.add_argument(
            f"--{name}", type=positive_seconds, metavar="SECONDS", help=text
        )
        parser.add_argument(  # the name it had in detect and embed
            f"--{name}-seconds",
            dest=name,
            type=positive_seconds,
            default=argparse.SUPPRESS,
            help=argparse.SUPPRESS,
        )


def add_tag_options(parser: Any) -> None:
    """Add --label, --labels, --top and --threshold."""
    add_label_options(parser)
    parser.add_argument(
        "--top",
        type=positive,
        metavar="N",
        help=f"largest number of tags (default: {TOP}, or all that --label names)",
    )
    parser.add_argument(
        "--threshold",
        type=_number,
        metavar="SCORE",
        help="leave out tags with lower scores (default: none)",
    )


@dataclass(frozen=True)
class Choice:
    """The tags that a command shows.

    Attributes:
        labels: Labels to choose from; None for all.
        top: Largest number of tags.
        threshold: Lowest score; None for any.
    """

    labels: frozenset[str] | None
    top: int
    threshold: float | None

    def of(self, tags: Tags) -> Tags:
        """Return what is left of the tags of all classes, best first."""
        if self.labels is not None:
            tags = [tag for tag in tags if tag[0] in self.labels]
        if self.threshold is not None:
            tags = [tag for tag in tags if tag[1] >= self.threshold]
        return tags[: self.top]


def choice(
    options: argparse.Namespace, known: Sequence[str], advice: str = ""
) -> Choice:
    """Return the choice that --label, --labels, --top and --threshold make.

    Args:
        options: Options of the command.
        known: Labels of the model.
        advice: What else to do if a label is unknown.

    Raises:
        ValueError: A label is unknown, or --top is larger than the number of labels.
    """
    from kerasaudio.events.classes import chosen_columns

    labels = given_labels(options, known)
    try:
        chosen_columns(labels, known, str(options.model))
    except ValueError as error:
        raise ValueError(f"{error}{advice}") from error
    most = len(known if labels is None else labels)
    if options.top is not None and options.top > most:
        whose = f"the classes of {options.model}" if labels is None else "the labels"
        raise ValueError(
            f"--top must be from 1 to {most}, {whose}. Received: {options.top}."
        )
    usual = min(TOP, most) if labels is None else most
    chosen = None if labels is None else frozenset(labels)
    return Choice(chosen, options.top or usual, options.threshold)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return number
