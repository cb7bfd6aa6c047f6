"""Build an index on disk from a Parquet data set, in bounded memory.

Files are read twice: for their hashes, and for the vectors, which are copied into
records that can be read one by one. A sample of these gives the centroids; then all are
encoded. In memory are the sample, and the codes, as in a search.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from kerasaudio.features import parquet
from kerasaudio.files.progress import hidden
from kerasaudio.files.workplace import workplace
from kerasaudio.similarity.disk import codes, data_set
from kerasaudio.similarity.disk.data_set import Source
from kerasaudio.similarity.disk.manifest import DATA, Manifest, part_name
from kerasaudio.similarity.disk.part import write_codes
from kerasaudio.similarity.disk.rows import RowFile, RowWriter
from kerasaudio.similarity.distances import check_vectors

# What tells vectors of one model from those of another, if both are known.
_IDENTITY = ("fingerprint", "weights_hash")
_AT_ONCE = 4096  # rows of the sample


def build(data: Path, folder: Path, metric: str, progress: bool | None) -> None:
    """Write an index, which appears, or replaces another one, when it is complete.

    Args:
        data: A Parquet file, or a folder of them.
        folder: Folder to write.
        metric: "cosine" or "euclidean".
        progress: Whether to show a progress bar; None for only where bars are shown.

    Raises:
        ValueError: A file is not a table of vectors, is damaged, has other vectors than
            the first one, or changes meanwhile.
        BusyError: Another process builds this index.
        OSError: A file cannot be read or written.
        ImportError: faiss or pyarrow is not installed.
    """
    version = codes.faiss_version()
    parquet.check_installed(advice="")
    files = data_set.parquet_files(data)
    rows, width, origin = described(files)
    if not rows:
        raise ValueError(f"There are no vectors in {str(data)!r}.")
    _check_writable(folder)
    with (
        workplace(folder.parent, only=folder.name) as place,
        tqdm(
            total=2 * rows, unit="row", desc="indexing", disable=hidden(progress)
        ) as bar,
    ):
        made = place.folder / folder.name
        made.mkdir()
        sources = tuple(data_set.source_of(data, file) for file in files)
        name = part_name(DATA, metric, version, sources)
        with RowWriter(made, name, width) as writer:
            for file in files:
                for batch in _checked(file, metric, width):
                    writer.write(**batch)
                    bar.update(len(batch["paths"]))
        _check_unchanged(data, sources)
        written = RowFile(made, name, width, rows)
        space = codes.train(_sample(written), metric, codes.lists_for(rows))
        write_codes(made, name, space, written, bar.update)
        Manifest(metric, width, origin, version, sources, {name: rows}).write(made)
        place.put(made)


def _check_writable(folder: Path) -> None:
    """Raise unless a folder can be made or replaced.

    Raises:
        OSError: Its parent is missing or cannot be written to.
    """
    try:
        with workplace(folder.parent):
            pass
    except OSError as error:
        raise type(error)(
            error.errno,
            f"the index cannot be written ({error.strerror or error}). Pass another "
            "folder=",
            str(folder),
        ) from error


def described(files: Sequence[Path]) -> tuple[int, int, Mapping[str, Any]]:
    """Return the number of rows of a data set, their width, and their origin.

    Args:
        files: Its Parquet files.

    Raises:
        ValueError: A file is not a table of vectors, is damaged, or has vectors of
            another model than the first one.
        OSError: A file cannot be read.
    """
    first: tuple[int, Mapping[str, Any]] | None = None
    total = 0
    for file in files:
        try:
            rows, width, origin = parquet.describe(file)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise _unusable(file, error) from error
        total += rows
        if not rows:
            continue
        if first is None:
            first = width, origin
        if width != first[0]:
            raise ValueError(
                f"{str(file)!r} has vectors of {width} features, but {str(files[0])!r} "
                f"of {first[0]}. An index holds the vectors of one model and layer."
            )
        differs = [
            name
            for name in _IDENTITY
            if name in origin and origin[name] != first[1].get(name, origin[name])
        ]
        if differs:
            raise ValueError(
                f"{str(file)!r} has vectors of {_told(origin)}, but {str(files[0])!r} "
                f"of {_told(first[1])}: their {' and '.join(differs)} differ. An index "
                "holds the vectors of one model with the same settings."
            )
    return total, *(first or (0, {}))


def _told(origin: Mapping[str, Any]) -> str:
    return f"{origin.get('model', 'an unknown model')}"


def _checked(file: Path, metric: str, width: int) -> Iterator[dict[str, Any]]:
    """Yield what `RowWriter.write` takes."""
    first = 0
    try:
        for batch in parquet.batches(file):
            vectors, paths = batch["embedding"], batch["path"]
            name = f"the vectors from row {first} on (row 0 in this message)"
            yield {
                "vectors": check_vectors(vectors, metric, width=width, name=name),
                "paths": paths,
                "starts": batch["start"],
                "ends": batch["end"],
            }
            first += len(vectors)
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> ValueError:
    return ValueError(f"{str(file)!r} is not a table of vectors: {error}")


def _check_unchanged(data: Path, sources: tuple[Source, ...]) -> None:
    if told := data_set.changes(data, sources):
        raise ValueError(
            f"The data set changed while it was indexed: {told}. Build the index again."
        )


def _sample(file: RowFile) -> np.ndarray:
    rng = np.random.default_rng(codes.SEED)
    chosen = rng.choice(file.rows, codes.sample_size(file.rows), replace=False)
    chosen.sort()
    parts = np.array_split(chosen, -(-len(chosen) // _AT_ONCE))
    sample = np.empty((len(chosen), file.width), np.float32)
    at = 0
    for part in parts:
        sample[at : at + len(part)] = file.vectors(part)
        at += len(part)
    return sample
