"""Tables of features as NumPy archives, written row by row, without pickle.

Arrays: embedding (rows, features); path, start, end (rows,); model, weights_hash,
kerasaudio_version; facts (JSON).
"""

import contextlib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from kerasaudio.features.rows import Plan, Rows
from kerasaudio.files import array_file
from kerasaudio.files.array_file import read_arrays

__all__ = ["check_installed", "is_whole", "read", "read_facts", "write"]
_COLUMNS = ("embedding", "path", "start", "end", "facts")


def check_installed() -> None:
    """Do nothing: NumPy is always installed."""


def write(out: Path, plan: Plan, pieces: Iterator[tuple[Path, Rows]]) -> None:
    """Write an archive; `pieces` is iterated once."""
    spans = []
    text = f"<U{max(1, plan.longest_path)}"
    with zipfile.ZipFile(out, "w") as archive:
        with _array(archive, "embedding", "<f4", (plan.rows, plan.width)) as put:
            for path, rows in pieces:
                put(rows.vectors)
                spans.append((str(path), rows.starts, rows.ends))
        with _array(archive, "start", "<f8", (plan.rows,)) as put:
            for _, starts, _ in spans:
                put(starts)
        with _array(archive, "end", "<f8", (plan.rows,)) as put:
            for _, _, ends in spans:
                put(ends)
        with _array(archive, "path", text, (plan.rows,)) as put:
            for name, starts, _ in spans:
                put(np.full(len(starts), name, text))
        for name, value in (plan.constants | {"facts": plan.facts()}).items():
            scalar = np.array(value)
            with _array(archive, name, scalar.dtype.str, ()) as put:
                put(scalar)


@contextlib.contextmanager
def _array(
    archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...]
) -> Iterator[Callable[[np.ndarray], None]]:
    member = zipfile.ZipInfo(f"{name}.npy")
    if np.dtype(dtype).kind == "U":
        member.compress_type = zipfile.ZIP_DEFLATED  # many rows have the same name
    with archive.open(member, "w", force_zip64=True) as file:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, header)

        def put(part: np.ndarray) -> None:
            file.write(np.ascontiguousarray(part, dtype).tobytes())

        yield put


def read(file: Path) -> tuple[dict[str, np.ndarray], str]:
    """Return the columns by name, and the facts.

    Raises:
        ValueError: The file is not such an archive.
    """
    columns = read_arrays(file, _COLUMNS)
    return columns, str(columns.pop("facts"))


def read_facts(file: Path) -> str:
    """Return the facts only.

    Raises:
        ValueError: The file is not such an archive.
    """
    return str(read_arrays(file, ("facts",))["facts"])


def is_whole(file: Path) -> bool:
    """Return whether the whole table is unchanged since it was written.

    Raises:
        OSError: It cannot be read.
    """
    return array_file.is_whole(file, _COLUMNS)
