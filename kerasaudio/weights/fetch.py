"""Find or download the file of an entry of the manifest, and verify it.

Order: the user's folders (KERASAUDIO_WEIGHTS), our cache, the package, the Hub's cache,
then the network. The hash of every file is compared with the manifest before use.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from kerasaudio.files.cache import forget_dead, has_cache_folder, locked
from kerasaudio.files.errors import DownloadError, WeightsError
from kerasaudio.files.network import unreachable
from kerasaudio.files.verified import download_verified
from kerasaudio.text import warn
from kerasaudio.weights import hub
from kerasaudio.weights.license import check_accepted
from kerasaudio.weights.listing import list_weights
from kerasaudio.weights.local import FOLDERS_VARIABLE, find_in_user_folders
from kerasaudio.weights.manifest import Source, WeightsEntry
from kerasaudio.weights.pins import mismatch
from kerasaudio.weights.places import downloaded_path

_BUNDLED = Path(__file__).parent / "bundled"
_UNKNOWN_LIMIT = 4 * 2**30


class Fetched(NamedTuple):
    """A verified file.

    Attributes:
        path: Path of the file. It may belong to the user: do not change it.
        source: The source of the entry that the file comes from.
    """

    path: Path
    source: Source


def fetch(
    entry: WeightsEntry, *, progress: bool = True, accept_license: bool = False
) -> Fetched:
    """Return the verified file of published weights; download it if needed.

    Args:
        entry: Entry of the manifest.
        progress: Whether a download shows a bar on stderr, on terminals and in
            notebooks.
        accept_license: Whether you accept a license that forbids commercial use. It is
            needed once, for the download. KERASAUDIO_ACCEPT_LICENSE accepts the
            licenses that it names, separated by commas.

    Returns:
        The path of a file whose hash equals the manifest's, and its source. If the
        original consists of several files, the others are available, too; see
        `fetch_companions`.

    Raises:
        WeightsError: The weights are unavailable. The message names each source with
            its problem, the size, and what to do without a network. Or their license
            forbids commercial use and has not been accepted.

    Warns:
        UserWarning: A file with the right name had the wrong hash: a user's file is
            not changed, a file of the cache is deleted and downloaded again. Or the Hub
            rejected the user's token and provided the file without it.

    Examples:
        >>> entry = kerasaudio.weights.find("MusiCNN", "mtat")
        >>> path, source = kerasaudio.weights.fetch(entry)
        >>> path.name, path.stat().st_size == source.size
        ('musicnn_mtat.safetensors', True)
    """
    found = _fetch_file(entry, progress, accept_license)
    fetch_companions(
        entry, found.source, progress=progress, accept_license=accept_license
    )
    return found


def fetch_companions(
    entry: WeightsEntry,
    source: Source,
    *,
    progress: bool = True,
    accept_license: bool = False,
) -> list[Path]:
    """Return the verified further files of a source; download them if needed.

    Args:
        entry: Entry of the manifest.
        source: One of its sources.
        progress: See `fetch`.
        accept_license: See `fetch`.

    Raises:
        WeightsError: As `fetch`.

    Examples:
        >>> entry = kerasaudio.weights.find("MusiCNN", "mtat")  # of one file
        >>> kerasaudio.weights.fetch_companions(entry, entry.sources[0])
        []
    """
    return [
        _fetch_file(replace(entry, sources=(other,)), progress, accept_license).path
        for other in source.companions
    ]


def _fetch_file(entry: WeightsEntry, progress: bool, accept_license: bool) -> Fetched:
    sources = entry.pinned_sources
    for source in sources:
        if path := find_in_user_folders(source, _plausible_sizes(entry)):
            return Fetched(path, source)
    for source in sources:
        if path := _from_cache(source):
            return Fetched(path, source)
    problems: dict[Source, str] = {}
    for source in sources:
        if path := _from_elsewhere(source, problems):
            return Fetched(path, source)
    if entry.is_non_commercial and not accept_license:
        check_accepted(entry)
    urls = {source: _url(source) for source in sources if source not in problems}
    problems |= unreachable(urls)
    for source, url in urls.items():
        if source not in problems:
            try:
                return Fetched(_download(entry, source, url, progress), source)
            except DownloadError as error:
                is_hub = source.kind == "hub"
                problems[source] = hub.explain(error, source) if is_hub else str(error)
            except WeightsError as error:
                problems[source] = str(error)
    raise WeightsError(_message(entry, problems))


def bundled_path(source: Source) -> Path:
    """Return the path of a bundled source in the package."""
    return _BUNDLED / (source.path or "")


def _from_cache(source: Source) -> Path | None:
    if not has_cache_folder():
        return None
    path = downloaded_path(source)
    if not path.is_file():
        return None
    forget_dead(path)
    if mismatch(path, source) is None:
        return path
    with locked(path):
        if path.is_file() and (problem := mismatch(path, source)):
            path.unlink()
            warn(f"{path} was damaged ({problem}) and has been deleted.", stacklevel=3)
    return path if path.is_file() else None


def _from_elsewhere(source: Source, problems: dict[Source, str]) -> Path | None:
    """Look for the file in the package and in the Hub's cache."""
    if source.kind == "bundled":
        path = bundled_path(source)
        problem = mismatch(path, source)
        if problem is None:
            return path
        problems[source] = f"{problem}: this installation is damaged, reinstall it"
    elif source.kind == "hub":
        cached = hub.cached_file(source)
        if cached is not None:
            problem = mismatch(cached, source)
            if problem is None:
                return cached
            warn(
                f"{cached} is not the expected file: {problem}. It is not used, and "
                "not deleted, as it belongs to Hugging Face's cache.",
                stacklevel=3,
            )
        if hub.is_offline():
            problems[source] = "HF_HUB_OFFLINE is set, and no cache has the file"
    return None


def _url(source: Source) -> str:
    return hub.file_url(source) if source.kind == "hub" else str(source.url)


def _download(entry: WeightsEntry, source: Source, url: str, progress: bool) -> Path:
    path = downloaded_path(source)
    with locked(path):
        if path.is_file() and mismatch(path, source) is None:
            return path  # another process was faster

        def get(headers: Mapping[str, str]) -> None:
            download_verified(
                url,
                path,
                lambda file: mismatch(file, source),
                title=entry.title,
                size=source.size,
                limit=source.size or _plausible_sizes(entry).stop,
                headers=headers,
                progress=progress,
            )

        if source.kind == "hub":
            hub.ask(url, get)
        else:
            get({})
        return path


def _plausible_sizes(entry: WeightsEntry) -> range:
    """Return limits for a file of unknown size, from the number of parameters."""
    if entry.parameters is None:
        return range(1, _UNKNOWN_LIMIT)
    return range(entry.parameters, 64 * entry.parameters + 2**20)


def _message(entry: WeightsEntry, problems: dict[Source, str]) -> str:
    lines = [f"The weights {entry.title} are unavailable:"]
    for source, problem in problems.items():
        lines.append(f"- {source.address}: {problem}.")
    folder = os.environ.get(FOLDERS_VARIABLE)
    searched = f" (now {folder!r}, which does not contain it)" if folder else ""
    lines.append(
        f"The file {_file_names(problems)} has {_size(entry)}. Put a copy into any "
        f"folder and set the environment variable {FOLDERS_VARIABLE}{searched} to that "
        "folder."
    )
    bundled = [other.title for other in list_weights() if other.is_bundled]
    if bundled:
        lines.append(f"These weights need no download: {', '.join(bundled)}.")
    return "\n".join(lines)


def _file_names(problems: dict[Source, str]) -> str:
    return " or ".join(dict.fromkeys(source.file_name for source in problems))


def _size(entry: WeightsEntry) -> str:
    size = entry.approximate_size
    if size is None:
        return "an unknown size"
    about = "" if any(source.size for source in entry.pinned_sources) else "about "
    return f"{about}{size / 1e6:.1f} MB"
