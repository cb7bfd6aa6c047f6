"""`--out` of `tag` and `listen`: a file that grows with each result."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from kerasaudio.files.whole_file import check_writable

FORM_OF = {".txt": "text", ".csv": "csv", ".jsonl": "json"}


def add_out_options(forms: Any, parser: argparse.ArgumentParser) -> None:
    """Add --out and --overwrite.

    Args:
        forms: Group of options of which one can be given; see
            `writer.add_format_options`.
        parser: Parser of the command.
    """
    forms.add_argument(
        "--out",
        metavar="FILE",
        help="write the tags to a file: .txt (text), .csv (a table) or .jsonl (an "
        "object per line); with --engine, the folder of a data set",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace --out")


def check_out(options: argparse.Namespace) -> str:
    """Check --out before anything long, and return the form of the results.

    Raises:
        ValueError: The suffix is unknown, or there is --overwrite without --out.
        OSError: The file exists or cannot be written.
    """
    if options.out is None:
        if options.overwrite:
            raise ValueError("--overwrite needs --out.")
        return str(options.form)
    path = Path(options.out)
    form = FORM_OF.get(path.suffix)
    if form is None:
        hint = ""
        if path.suffix == ".json":
            hint = " A file with an object per line is named .jsonl."
        raise ValueError(
            f"--out must be a file with the suffix {', '.join(FORM_OF)}. Received: "
            f"{options.out!r}.{hint}"
        )
    if os.path.lexists(path) and not options.overwrite:
        raise FileExistsError(
            f"{options.out!r} already exists. Use another name, or pass --overwrite."
        )
    if path.is_dir():
        raise IsADirectoryError(f"{options.out!r} is a folder.")
    check_writable(path)
    return form


@contextmanager
def opened_out(options: argparse.Namespace) -> Iterator[TextIO]:
    """Open the file --out, whose lines can be read while more are added.

    Raises:
        OSError: It cannot be written, or has come into being since it was checked.
    """
    with open(
        options.out,
        "w" if options.overwrite else "x",
        encoding="utf-8",
        errors="surrogateescape",
        newline="",
    ) as file:
        yield file
