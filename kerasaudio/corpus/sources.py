"""The clips of a corpus: of folders, files, tables, tars, addresses and data sets."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from kerasaudio.audio.find import SUFFIXES, find_inside
from kerasaudio.core.data_set import DataSet, is_data_set
from kerasaudio.corpus import addresses, data_sets
from kerasaudio.corpus.clips import Clip, file_clip
from kerasaudio.corpus.hidden import shown
from kerasaudio.corpus.tables import SUFFIXES as TABLES
from kerasaudio.corpus.tables import table_clips
from kerasaudio.corpus.tars import is_tar, tar_clips

Source = str | os.PathLike[str] | DataSet
Sources = Source | Iterable[Source]


def clips_of(sources: Sources) -> Iterator[Clip]:
    """Yield the clips of sources one by one, in their order; some may come twice.

    Args:
        sources: One or several: a folder, whose audio files and tars are found; an
            audio file; a tar; a table (.csv, .tsv, .parquet); an address of any of
            these, also with `*`; or a data set of Hugging Face, or the folder of one.

    Raises:
        FileNotFoundError: A source does not exist.
        ValueError: A folder contains no audio, a table or a data set is not readable,
            or there is no source.
        OSError: A source cannot be read.
    """
    empty = True
    for source in listed(sources):
        empty = False
        if is_data_set(source):
            yield from data_sets.data_set_clips(source)
        else:
            yield from _clips(_name(source))
    if empty:
        raise ValueError(
            "Pass at least one folder, file, table or tar. Received: none."
        )


def listed(sources: Sources) -> Iterable[Any]:
    """Return the sources one by one, if only one was passed, too."""
    is_one = isinstance(sources, str | os.PathLike | Mapping) or is_data_set(sources)
    return [sources] if is_one else sources  # type: ignore[return-value]


def number_of_rows(sources: Sources) -> int | None:
    """Return the number of clips if all sources are data sets that know theirs."""
    several: Any = [sources] if is_data_set(sources) else sources
    if not isinstance(several, list | tuple):
        return None
    are_sized = all(is_data_set(one) and hasattr(one, "__len__") for one in several)
    return sum(map(len, several)) if are_sized else None


def _name(source: Any) -> str:
    if isinstance(source, Mapping):
        raise ValueError(
            "Pass one split of a data set, or a list of them, such as "
            f"dataset['train']. Received: {', '.join(map(repr, source)) or 'none'}."
        )
    if not isinstance(source, str | os.PathLike):
        raise ValueError(
            "A source must be a path, an address, or a data set of Hugging Face. "
            f"Received: {type(source).__name__}."
        )
    return os.fspath(source)


def _clips(source: str) -> Iterator[Clip]:
    if addresses.is_address(source):
        yield from _remote(source)
        return
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder named {source!r}.")
    if path.is_dir() and data_sets.is_saved(path):
        yield from data_sets.data_set_clips(data_sets.saved(path))
    elif path.is_dir():
        for file in find_inside(path, also=(".tar",)):
            yield from _file(str(file))
    else:
        yield from _file(source)


def _remote(address: str) -> Iterator[Clip]:
    files = list(addresses.found(address))
    if len(files) == 1:
        yield from _file(*files[0])
        return
    wanted = (*SUFFIXES, ".tar", *(TABLES if addresses.is_pattern(address) else ()))
    chosen = [f for f in files if _suffix(f[0]) in wanted]
    if not chosen:
        raise ValueError(
            f"{shown(address)} has no audio. It was searched for: {', '.join(wanted)}."
        )
    for file, size in chosen:
        yield from _file(file, size)


def _suffix(path: str) -> str:
    return PurePosixPath(addresses.without_query(path)).suffix.lower()


def _file(path: str, size: int | None = None) -> Iterator[Clip]:
    if is_tar(path):
        yield from tar_clips(path)
    elif _suffix(path) in TABLES:
        yield from table_clips(path)
    else:
        yield file_clip(path, size)
