"""A table of vectors: the file and the seconds of each, and its origin."""

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
        vectors: Vectors, float32 (rows, features): one row per file, in the order of
            the files; or one row per window, with those of a file in sequence.
        paths: File of each row.
        starts: Start of each row's sound in its file, in seconds, float64 (rows,).
        ends: End of each row's sound in its file, in seconds, float64 (rows,).
        failed: Files without rows, with the reasons.
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
        """Return the number of rows."""
        return len(self.vectors)

    def __repr__(self) -> str:
        """Return the size in one line, without the values."""
        rows, width = np.shape(self.vectors)
        files, failed = len(set(self.paths)), len(self.failed)
        return f"{type(self).__name__}({rows} x {width}, {files=}, {failed=})"

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the table to a .npz or .parquet file, completely or not at all.

        Args:
            path: Path of the file.
            overwrite: Whether to replace an existing file.

        Returns:
            Path of the file.

        Raises:
            ValueError: The suffix is neither .npz nor .parquet.
            FileExistsError: The file exists, and `overwrite` is False.
            OSError: The file cannot be written.
            ImportError: Parquet needs pyarrow, which is not installed.
        """
        out = check_suffix(path)
        if out.exists() and not overwrite:
            raise FileExistsError(
                f"{str(out)!r} already exists. Pass overwrite=True to replace it."
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
    """Return the path, or raise unless tables can be written in its format.

    Raises:
        ValueError: The suffix is neither .npz nor .parquet.
        ImportError: Parquet needs pyarrow, which is not installed.
    """
    out = Path(path)
    if out.suffix not in _FORMATS:
        raise ValueError(
            f"A table of features must be a {' or '.join(_FORMATS)} file. "
            f"Received: {str(path)!r}."
        )
    _FORMATS[out.suffix].check_installed()
    return out


def check_out(
    path: str | PathLike[str], origin: Mapping[str, Any], overwrite: bool
) -> Path:
    """Return the path, or raise unless it is free or a table of the same origin.

    Raises:
        ValueError: The suffix is neither .npz nor .parquet.
        FileExistsError: The file holds something else, and `overwrite` is False.
        OSError: Its folder is missing or cannot be written.
    """
    out = check_suffix(path)
    if out.exists() and not overwrite:
        there = _facts(out).get("origin", {})
        if there.get("fingerprint") != origin["fingerprint"]:
            what = there.get("model", "something that is not a table of features")
            raise FileExistsError(
                f"{str(out)!r} already exists and holds {what}, with other settings or "
                "from another version. Use another file, or pass overwrite=True."
            )
    check_writable(out)  # fail now, not after hours
    return out


def write(out: Path, plan: Plan, pieces: Iterator[tuple[Path, Rows]]) -> None:
    """Write rows as they arrive to a file that appears only when it is complete.

    Raises:
        OSError: The file cannot be written.
    """
    facts = plan.facts()
    is_same = plan.contents and out.exists() and _facts(out) == json.loads(facts)
    if is_same and _FORMATS[out.suffix].is_whole(out):
        return
    with writing_whole(out) as temporary:
        _FORMATS[out.suffix].write(temporary, plan, pieces)


def _facts(path: Path) -> dict[str, Any]:
    """Return the facts in a table; {} if the file is not a table."""
    try:
        return dict(json.loads(_FORMATS[path.suffix].read_facts(path)))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def load_features(path: str | PathLike[str]) -> Features:
    """Read a table that `Features.save`, `extract` or `kerasaudio embed` wrote.

    Args:
        path: Path of a .npz or .parquet file. Nothing in it is unpickled.

    Returns:
        The table.

    Raises:
        ValueError: The file is not such a table, or is damaged.
        OSError: The file is missing or cannot be read.
        ImportError: Parquet needs pyarrow, which is not installed.

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
            f"{str(path)!r} is not a table of features of kerasaudio: {error}."
        ) from error


def _numbers(columns: Mapping[str, Any], name: str, axes: int) -> np.ndarray:
    values = np.asarray(columns[name])
    if values.ndim != axes or values.dtype.kind not in "fiu":
        raise ValueError(f"its {name} is {values.dtype} of shape {values.shape}")
    return values
