"""The file of an index: an ``.npz`` with the vectors and a JSON text with the rest."""

import json
import os
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.files.array_file import read_arrays
from kerasaudio.files.whole_file import writing_whole

FORMAT = 1


class Stored(NamedTuple):
    """Content of a file."""

    vectors: np.ndarray
    metric: str
    ids: list[Any]
    paths: list[Any]
    labels: list[Any]


def write(
    path: str | PathLike[str],
    vectors: np.ndarray,
    metric: str,
    ids: list[Any],
    paths: list[Any],
    labels: list[Any],
) -> None:
    """Write an index to a temporary file, then move it to its path.

    Raises:
        OSError: The file cannot be written.
    """
    facts = {
        "kerasaudio_index": FORMAT,
        "metric": metric,
        "ids": ids,
        "paths": paths,
        "labels": labels,
    }
    # ASCII, so that file names that are not valid Unicode are restored unchanged.
    text = np.frombuffer(json.dumps(facts).encode("ascii"), np.uint8)
    with writing_whole(Path(path)) as temporary, temporary.open("xb") as file:
        np.savez(file, vectors=vectors, facts=text)


def read(path: str | PathLike[str]) -> Stored:
    """Read an index and check everything in the file.

    Raises:
        ValueError: The file is not an index, is damaged, or has a newer format.
        OSError: The file cannot be read.
    """
    try:
        arrays = read_arrays(Path(path), ("vectors", "facts"))
        facts = json.loads(arrays["facts"].astype(np.uint8).tobytes())
        form = facts["kerasaudio_index"]
        if form != FORMAT:
            raise ValueError(
                f"its format is {form!r}, but this version reads only {FORMAT}"
            )
        stored = Stored(
            arrays["vectors"],
            *(facts[key] for key in ("metric", "ids", "paths", "labels")),
        )
        _check(stored)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(
            f"{os.fspath(path)} cannot be read as an index of kerasaudio: {error}. "
            "Pass a file that Index.save wrote."
        ) from error
    return stored


def _check(stored: Stored) -> None:
    if stored.vectors.ndim != 2 or stored.vectors.dtype != np.float32:
        raise ValueError(
            f"its vectors are {stored.vectors.dtype} {stored.vectors.shape}"
        )
    optional = (int, str, type(None))
    for name, allowed in (
        ("ids", (int, str)),
        ("paths", (str, type(None))),
        ("labels", optional),
    ):
        values = getattr(stored, name)
        if not isinstance(values, list) or len(values) != len(stored.vectors):
            raise ValueError(f"its {name} do not have one entry per vector")
        if not all(isinstance(value, allowed) for value in values):
            raise ValueError(f"its {name} have the wrong type")
