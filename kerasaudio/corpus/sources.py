"""The clips of a corpus, from folders, lists of files, tables, tars and addresses."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from kerasaudio.audio.find import SUFFIXES, find_inside
from kerasaudio.corpus import addresses
from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.tables import SUFFIXES as TABLES
from kerasaudio.corpus.tables import table_clips
from kerasaudio.corpus.tars import is_tar, tar_clips

Source = str | os.PathLike[str]
Sources = Source | Iterable[Source]


def clips_of(sources: Sources) -> Iterator[Clip]:
    """Yield the clips of sources one by one, in their order; some may come twice.

    Args:
        sources: One or several: a folder, whose audio files and tars are found; an
            audio file; a tar; a table (.csv, .tsv, .parquet); or an address of any of
            these, also with `*`.

    Raises:
        FileNotFoundError: A source does not exist.
        ValueError: A folder contains no audio, a table is not readable, or there is no
            source.
        OSError: A source cannot be read.
    """
    if isinstance(sources, str | os.PathLike):
        sources = [sources]
    empty = True
    for source in sources:
        empty = False
        yield from _clips(os.fspath(source))
    if empty:
        raise ValueError(
            "Pass at least one folder, file, table or tar. Received: none."
        )


def _clips(source: str) -> Iterator[Clip]:
    if addresses.is_address(source):
        yield from _remote(source)
        return
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder named {source!r}.")
    if path.is_dir():
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
    chosen = [f for f in files if PurePosixPath(f[0]).suffix.lower() in wanted]
    if not chosen:
        raise ValueError(
            f"{address} has no audio. It was searched for: {', '.join(wanted)}."
        )
    for file, size in chosen:
        yield from _file(file, size)


def _file(path: str, size: int | None = None) -> Iterator[Clip]:
    if is_tar(path):
        yield from tar_clips(path)
    elif path.lower().endswith(TABLES):
        yield from table_clips(path)
    else:
        yield Clip(path, size=_size(path) if size is None else size)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:  # a dangling link; reading it says so
        return 0
