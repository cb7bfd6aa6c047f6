"""A table of vectors: which file and which seconds each stands for, and its origin."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.features import npz, parquet
from kerasaudio.features.rows import Failed, Plan, Rows
from kerasaudio.files.whole_file import check_writable, writing_whole

_FORMATS = {".npz": npz, ".parquet": parquet}


@dataclass(frozen=True)
class Features:
    """Vectors of many files.

    Attributes:
        vectors: float32 (rows, features). One row a file, in the order of the files;
            or one a window, those of a file one after the other.
        paths: The file of each row.
        starts: Where the row's sound starts in the file in seconds, float64 (rows,).
        ends: Where it ends.
        failed: Files that gave no rows, and why.
        origin: model, layer, pool, window_seconds, hop_seconds, sample_rate,
            weights_hash, kerasaudio (its version), backend, fingerprint.

    Examples:
        >>> extractor = kerasaudio.FeatureExtractor("BarkNet/esc10", pool=None)
        >>> features = extractor.extract("sounds")
        >>> features.vectors.shape, features.paths[0].name, features.starts[:2].tolist()
        ((6, 128), 'bark.wav', [0.0, 1.0])
        >>> features.save("windows.npz").name
        'windows.npz'
    """

    vectors: np.ndarray
    paths: tuple[Path, ...]
    starts: np.ndarray
    ends: np.ndarray
    failed: tuple[Failed, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.vectors)

    def __repr__(self) -> str:
        """Return the size in a line, and not the numbers."""
        rows, width = np.shape(self.vectors)
        files, failed = len(set(self.paths)), len(self.failed)
        return f"{type(self).__name__}({rows} x {width}, {files=}, {failed=})"

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the table to a .npz or .parquet file, whole or not at all.

        Raises:
            ValueError: The suffix is another.
            FileExistsError: The file exists, and `overwrite` is False.
            OSError: It cannot be written.
            ImportError: Parquet without pyarrow.
        """
        out = check_suffix(path)
        if out.exists() and not overwrite:
            raise FileExistsError(
                f"{str(out)!r} exists. Pass overwrite=True to replace it."
            )
        longest = max((len(str(path)) for path in self.paths), default=0)
        rows, width = self.vectors.shape
        plan = Plan(longest, rows, width, self.failed, self.origin)
        write(out, plan, self._pieces())
        return out

    def _pieces(self) -> Iterator[tuple[Path, Rows]]:
        for i, path in enumerate(self.paths):
            here = slice(i, i + 1)
            yield path, Rows(self.vectors[here], self.starts[here], self.ends[here])


def check_suffix(path: str | PathLike[str]) -> Path:
    """Return the path of a format that tables are written in.

    Raises:
        ValueError: The suffix is another.
        ImportError: Parquet without pyarrow.
    """
    out = Path(path)
    if out.suffix not in _FORMATS:
        raise ValueError(
            f"Features are written to {' or '.join(_FORMATS)} files. "
            f"Received: {str(path)!r}."
        )
    _FORMATS[out.suffix].check_installed()
    return out


def check_out(
    path: str | PathLike[str], origin: Mapping[str, Any], overwrite: bool
) -> Path:
    """Return a path that may be written: free, or a table of the same origin.

    Raises:
        ValueError: The suffix is another.
        FileExistsError: It holds something else, and `overwrite` is False.
        OSError: Its folder is missing or not to be written.
    """
    out = check_suffix(path)
    if out.exists() and not overwrite:
        there = _facts(out).get("origin", {})
        if there.get("fingerprint") != origin["fingerprint"]:
            what = there.get("model", "something that is no table of features")
            raise FileExistsError(
                f"{str(out)!r} exists and holds {what}, of other settings or another "
                "version. Name another file, or allow it: overwrite=True, --overwrite."
            )
    check_writable(out)  # better now than after hours
    return out


def write(out: Path, plan: Plan, pieces: Iterator[tuple[Path, Rows]]) -> None:
    """Write rows as they come to a file that is seen whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    facts = plan.facts()
    is_same = plan.contents and out.exists() and _facts(out) == json.loads(facts)
    if is_same and _FORMATS[out.suffix].is_whole(out):
        return
    with writing_whole(out) as temporary:
        _FORMATS[out.suffix].write(temporary, plan, pieces)


def _facts(path: Path) -> dict[str, Any]:
    """Return what a table says of itself; {} if the file is none."""
    try:
        return dict(json.loads(_FORMATS[path.suffix].read_facts(path)))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def load_features(path: str | PathLike[str]) -> Features:
    """Read a table that `Features.save`, `extract` or `kerasaudio embed` wrote.

    Args:
        path: A .npz or .parquet file. Nothing in it is unpickled.

    Raises:
        ValueError: It is no such table, or is damaged.
        OSError: It is missing or cannot be read.
        ImportError: Parquet without pyarrow.

    Examples:
        >>> extractor = kerasaudio.FeatureExtractor("BarkNet/esc10")
        >>> extractor.write("sounds", "barks.npz").rows
        3
        >>> features = kerasaudio.load_features("barks.npz")
        >>> features.vectors.shape, features.origin["model"]
        ((3, 128), 'BarkNet/esc10')
    """
    file = check_suffix(path)
    try:
        columns, facts = _FORMATS[file.suffix].read(file)
        known = json.loads(facts)
        vectors = _numbers(columns, "embedding", 2)
        starts, ends = (_numbers(columns, name, 1) for name in ("start", "end"))
        paths = tuple(map(Path, columns["path"]))
        failed = tuple(Failed(Path(name), error) for name, error in known["failed"])
        if len({len(vectors), len(paths), len(starts), len(ends)}) > 1:
            raise ValueError("its columns have different lengths")
        if not (np.isfinite(starts).all() and np.isfinite(ends).all()):
            raise ValueError("its times are not all finite")
        return Features(
            np.ascontiguousarray(vectors, "float32"),
            paths,
            starts.astype("float64"),
            ends.astype("float64"),
            failed,
            dict(known["origin"]),
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{str(path)!r} is no table of features of kerasaudio: {error}."
        ) from error


def _numbers(columns: Mapping[str, Any], name: str, axes: int) -> np.ndarray:
    values = np.asarray(columns[name])
    if values.ndim != axes or values.dtype.kind not in "fiu":
        raise ValueError(f"its {name} is {values.dtype} of shape {values.shape}")
    return values
