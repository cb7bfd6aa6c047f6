"""`kerasaudio nearest` in a Parquet data set of vectors: by its index, or exactly."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerasaudio.cli.common import complain
from kerasaudio.text import printable

Embed = Callable[[Any], Any]  # an extractor -> the vector of the query


def data_set_of(given: Sequence[str]) -> Path | None:
    """Return the Parquet file, or the folder of such files and no sounds, if any."""
    from kerasaudio.audio import find_audio
    from kerasaudio.similarity.disk.data_set import SUFFIX, parquet_files

    if len(given) != 1:
        return None
    path = Path(given[0])
    if path.suffix == SUFFIX and not path.is_dir():
        return path
    if not path.is_dir():
        return None
    try:
        parquet_files(path)
    except ValueError:
        return None
    try:
        find_audio(path)
    except ValueError:
        return path
    return None  # sounds, with a table beside them


def check_origin(name: str, origin: Mapping[str, Any], extractor: Any) -> None:
    """Raise unless vectors come from the network and the settings of an extractor.

    Raises:
        ValueError: They come from others, or do not tell.
    """
    ours = extractor.origin
    fact = "fingerprint" if "fingerprint" in origin else "weights_hash"
    if origin.get(fact) != ours[fact]:
        maker = origin.get("model", "an unknown network")
        raise ValueError(
            f"{name!r} holds vectors of {printable(maker)} with other "
            "settings or of another version. Name the --model that made it, or the "
            "folder."
        )


def _fitting(name: str, origin: Mapping[str, Any], extractor: Any) -> Any:
    """Return the extractor for a query: the given one, or one of the same windows.

    A query is the mean of its windows, also where each row is a window.

    Raises:
        ValueError: The vectors come from another network or other settings.
    """
    from kerasaudio.features import FeatureExtractor

    windows = (origin.get("window_seconds"), origin.get("hop_seconds"))
    if "pool" in origin and origin["pool"] is None:
        for window, hop in ((None, None), windows):
            settings: dict[str, Any] = {"window_seconds": window, "hop_seconds": hop}
            try:
                each = FeatureExtractor(extractor.model, pool=None, **settings)
            except ValueError:  # windows that the network does not take
                continue
            if each.origin["fingerprint"] == origin.get("fingerprint"):
                return FeatureExtractor(extractor.model, **settings)
    check_origin(name, origin, extractor)
    return extractor


def nearest_in(
    data: Path, extractor: Any, embed: Embed, asked: str, options: argparse.Namespace
) -> list[Any]:
    """Return the neighbors in a data set, without those from the file `asked`.

    Times are given if the rows are windows, or may be.

    Args:
        data: A Parquet file, or a folder of them.
        extractor: Extractor of the network that the command names.
        embed: Gives the vector of the query.
        asked: Real path of the query.
        options: The options top and farthest.

    Raises:
        ValueError: A file is unusable, or its vectors are from another network.
        OSError: A file cannot be read.
        ImportError: pyarrow is not installed.
    """
    from kerasaudio.features import parquet
    from kerasaudio.similarity.disk.build import described
    from kerasaudio.similarity.disk.data_set import parquet_files

    parquet.check_installed(advice="")
    files = parquet_files(data)
    rows, _, origin = described(files)
    vector = embed(_fitting(str(data), origin, extractor))
    if not rows:
        return []
    index = None if options.farthest else _index(data, rows)
    if index is None:
        index, timed = _in_memory(files)
        find = index.farthest if options.farthest else index.nearest
    else:
        find, timed = index.nearest, _same
    found = _others(find, vector, asked, options.top, len(index))
    if origin.get("pool") is None:
        return [timed(neighbor) for neighbor in found]
    return [replace(neighbor, start=None, end=None) for neighbor in found]


def _index(data: Path, rows: int) -> Any:
    """Return the index of a data set; None if all vectors shall be compared."""
    from kerasaudio.similarity import DiskIndex
    from kerasaudio.similarity.disk.data_set import default_folder
    from kerasaudio.similarity.disk.manifest import Manifest
    from kerasaudio.similarity.index import FAISS_FROM
    from kerasaudio.similarity.search import has_faiss

    if not has_faiss():
        return None
    try:
        if Manifest.read(default_folder(data)).metric != "cosine":
            return None
    except (ValueError, OSError):  # damaged, or there is none
        if rows <= FAISS_FROM:
            return None
    try:
        return DiskIndex(data)
    except (ValueError, FileNotFoundError) as error:
        reason = "" if isinstance(error, FileNotFoundError) else f" ({error})"
    complain(f"Indexing {rows:,} vectors, once{reason}.")
    try:
        return DiskIndex.build(data)
    except OSError as error:
        complain(f"{error} All vectors are compared instead.")
        return None


def _in_memory(files: Sequence[Path]) -> tuple[Any, Callable[[Any], Any]]:
    """Return all vectors, and a function that adds the times to a neighbor."""
    from kerasaudio.features import parquet
    from kerasaudio.similarity import Index

    index = Index()
    times: list[tuple[float, float]] = []
    for file in files:
        try:
            for batch in parquet.batches(file):
                index.add(batch["embedding"], paths=batch["path"])
                times += zip(
                    batch["start"].tolist(), batch["end"].tolist(), strict=True
                )
        except ValueError as error:
            raise ValueError(f"{str(file)!r} is not usable: {error}") from error

    def timed(neighbor: Any) -> Any:
        start, end = times[neighbor.position]
        return neighbor if start != start else replace(neighbor, start=start, end=end)

    return index, timed


def _same(neighbor: Any) -> Any:
    return neighbor


def _others(
    find: Callable[[Any, int], list[Any]], vector: Any, asked: str, top: int, rows: int
) -> list[Any]:
    """Return the first `top` neighbors that are not of the file `asked`."""
    number = min(top + 1, rows)
    while True:
        found = find(vector, number)
        others = [one for one in found if os.path.realpath(str(one.path)) != asked]
        if len(others) >= top or number == rows:
            return others[:top]
        number = min(2 * number, rows)
