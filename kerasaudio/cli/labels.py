"""`--label` and `--labels`: the classes that a command looks for."""

import argparse
import csv
from collections.abc import Sequence
from typing import Any

from kerasaudio.arguments import class_name

_SHOWN = 80  # most characters of a value that an error message shows


def add_label_options(parser: Any) -> None:
    """Add --label and --labels."""
    parser.add_argument(
        "--label",
        action="append",
        metavar="LABEL",
        help="only this class, whose name may contain commas; can be repeated "
        "(default: all classes)",
    )
    parser.add_argument(
        "--labels",
        action="append",
        metavar="LABEL,LABEL",
        help="several classes at once; can be repeated. A comma may separate labels or "
        "be part of one",
    )


def given_labels(options: argparse.Namespace, known: Sequence[str]) -> list[str] | None:
    """Read --label and --labels.

    Args:
        options: Options of the command.
        known: Labels of the model.

    Returns:
        The labels; None for all classes.

    Raises:
        ValueError: See `read_labels`.
    """
    if options.label is None:
        return read_labels(options.labels, known)
    names = {_spaceless(name): name for name in known}
    singles = [names.get(_spaceless(one), one.strip()) for one in options.label]
    if "" in singles:
        raise ValueError("--label must not be empty.")
    labels = singles + (read_labels(options.labels, known) or [])
    _check_different(labels, "--label" if options.labels is None else "--labels")
    return labels


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
    _check_different(labels, "--labels")
    return labels


def _check_different(labels: list[str], option: str) -> None:
    twice = [label for label in labels if labels.count(label) > 1]
    if twice:
        raise ValueError(f"{option} names {twice[0]!r} twice.")


def _spaceless(name: str) -> str:
    """Return a label without the spaces around commas."""
    return ",".join(part.strip() for part in class_name(name).split(","))
