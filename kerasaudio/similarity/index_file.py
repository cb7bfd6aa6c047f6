"""The file of an index: an ``.npz`` of the vectors and a JSON text of all the rest."""

import errno
import json
import os
import zipfile
import zlib
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.whole_file import writing_whole

FORMAT = 1


class Stored(NamedTuple):
    """What a file holds."""

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
    """Write an index beside its place, then move it there.

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
    # ASCII, so that names of files which are no Unicode come back as they were.
    text = np.frombuffer(json.dumps(facts).encode("ascii"), np.uint8)
    with writing_whole(Path(path)) as temporary, temporary.open("xb") as file:
        np.savez(file, vectors=vectors, facts=text)


def read(path: str | PathLike[str]) -> Stored:
    """Read an index, trusting nothing in the file.

    Raises:
        ValueError: It is no index, is damaged, or is of a newer format.
        OSError: The file cannot be read.
    """
    try:
        vectors, text = _arrays(path)
        facts = json.loads(text.astype(np.uint8).tobytes())
        form = facts["kerasaudio_index"]
        if form != FORMAT:
            raise ValueError(f"its format is {form!r}, this version reads {FORMAT}")
        stored = Stored(
            vectors, *(facts[key] for key in ("metric", "ids", "paths", "labels"))
        )
        _check(stored)
    except (
        ValueError,  # of NumPy and JSON, too
        TypeError,
        KeyError,
        AttributeError,
        EOFError,
        RuntimeError,  # of zipfile: encrypted, another compression
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(
            f"{os.fspath(path)} cannot be read as an index of kerasaudio: {error}. "
            "Pass a file that Index.save wrote."
        ) from error
    return stored


def _arrays(path: str | PathLike[str]) -> tuple[np.ndarray, np.ndarray]:
    try:
        # np.load leaves a file that it opened itself open where it fails.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return archive["vectors"], archive["facts"]
    except OSError as error:
        if error.errno == errno.EINVAL:  # a damaged archive points before its start
            raise ValueError("its parts are not where it says") from error
        raise


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
            raise ValueError(f"its {name} are not one a vector")
        if not all(isinstance(value, allowed) for value in values):
            raise ValueError(f"its {name} are of the wrong type")
