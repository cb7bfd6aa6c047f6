"""Where the files of published weights are, without the network.

Nothing is verified here: `fetch` does that before a file is used.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from kerasaudio.files.cache import has_cache_folder
from kerasaudio.weights import hub
from kerasaudio.weights.fetch import bundled_path
from kerasaudio.weights.load import CONVERTERS_VERSION
from kerasaudio.weights.local import files_below, is_likely, user_folders
from kerasaudio.weights.manifest import Source, WeightsEntry
from kerasaudio.weights.places import converted_path, downloaded_path

Kind = Literal["package", "user folder", "cache", "hub cache", "download"]


class Whereabouts(NamedTuple):
    """Where the file of an entry is.

    Attributes:
        kind: "package", "user folder" (of KERASAUDIO_WEIGHTS), "cache" (of kerasaudio),
            "hub cache" (of Hugging Face's libraries), or "download" if it is on none of
            these.
        path: Path of the file; None for "download".
    """

    kind: Kind
    path: Path | None = None


def whereabouts(entries: Iterable[WeightsEntry]) -> list[Whereabouts]:
    """Find the files of published weights, in the order in which `fetch` looks.

    Files are recognized by name and size; only small files of the user's folders are
    hashed. Nothing is downloaded, changed or reported.

    Args:
        entries: Entries of the manifest.

    Returns:
        A place for each entry.

    Examples:
        >>> entry = kerasaudio.weights.find("YAMNet", "audioset")
        >>> kerasaudio.weights.whereabouts([entry])[0].kind
        'package'
    """
    files = list(_user_files())
    return [_find(entry, files) for entry in entries]


def _user_files() -> Iterator[tuple[Path, int]]:
    for folder in user_folders():
        for path in files_below(folder) if folder.is_dir() else ():
            with contextlib.suppress(OSError):  # a dead link
                yield path, path.stat().st_size


def _find(entry: WeightsEntry, files: Sequence[tuple[Path, int]]) -> Whereabouts:
    sources = entry.pinned_sources
    for source in sources:
        fitting = _likely_sizes(entry) if source.size is None else [source.size]
        for path, size in files:
            if size in fitting and is_likely(path, source):
                return Whereabouts("user folder", path)
    for source in sources if has_cache_folder() else ():
        if _is_whole(path := downloaded_path(source), source):
            return Whereabouts("cache", path)
        if (path := converted_path(source, CONVERTERS_VERSION)).is_file():
            return Whereabouts("cache", path)
    for source in sources:
        if source.kind == "bundled" and _is_whole(bundled_path(source), source):
            return Whereabouts("package", bundled_path(source))
        if source.kind == "hub":
            cached = hub.cached_file(source)
            if cached is not None and _is_whole(cached, source):
                return Whereabouts("hub cache", cached)
    return Whereabouts("download")


def _is_whole(path: Path, source: Source) -> bool:
    return path.is_file() and source.size in (None, path.stat().st_size)


def _likely_sizes(entry: WeightsEntry) -> range:
    """Return the sizes of a file that holds little but the parameters, as float32.

    `fetch` searches in a wider range, and takes the time to hash what it finds.
    """
    expected = 4 * (entry.parameters or 0)
    return range(expected * 9 // 10, expected * 12 // 10)
