"""What the cache holds, by kind, and how to remove it.

Only files whose paths are those that kerasaudio writes count, as KERASAUDIO_CACHE can
be a folder with other things in it. Links are never followed. Lock files stay: another
process may be waiting for one, and they are empty.
"""

import contextlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from kerasaudio.files.cache import cache_folder
from kerasaudio.files.workplace import remove_dead

_HASH = "[0-9a-f]{24}"
_LOG = "[0-9a-f]{32}"
_UNFINISHED = r"(?:\.part(?:\.etag)?)?"
_WORK = re.compile(r"\.kerasaudio-[0-9a-f]{16}")
_LOCK = (".lock", ".pid")


@dataclass(frozen=True)
class Kind:
    """A kind of files in the cache.

    Attributes:
        title: What they are.
        folders: Names of their folders.
        places: Pattern of the folders in these that contain files; None for files in
            these folders themselves.
        names: Pattern of the names of files.
        locked: Whether processes lock a file while they write it.
    """

    title: str
    folders: tuple[str, ...]
    places: str | None
    names: str
    locked: bool = False


KINDS = {
    "weights": Kind(
        "downloaded and converted weights",
        ("downloads", "converted"),
        _HASH,
        r"[\w.+-]+",
        locked=True,
    ),
    "repositories": Kind(
        "lists of files on the Hugging Face Hub",
        ("repositories",),
        None,
        rf"{_HASH}\.json",
    ),
    "features": Kind(
        "vectors of FeatureExtractor",
        ("features",),
        rf"{_LOG}(?:-salvaged)?",
        rf"{_LOG}\.log",
    ),
    "decoded": Kind(
        "decoded audio of labeled clips",
        ("decoded",),
        r"\d+-(?:float32|float16|int16)-v\d+",
        rf"{_LOG}\.(?:pcm|index)",
    ),
    "datasets": Kind(
        "archives of public data sets, to resume",
        ("datasets",),
        rf"\w+-{_HASH}",
        rf"all\.(?:zip|tar\.gz){_UNFINISHED}",
        locked=True,
    ),
}


@dataclass
class Held:
    """How much the cache holds of a kind.

    Attributes:
        files: Number of files.
        bytes: Their size in bytes.
    """

    files: int = 0
    bytes: int = 0


@dataclass
class Cleared(Held):
    """How much was removed.

    Attributes:
        files: Number of files.
        bytes: Their size in bytes.
        kept: Files and folders that could not be removed -> reason.
    """

    kept: dict[Path, str] | None = None


def held() -> dict[str, Held]:
    """Return how much the cache holds of each kind.

    Raises:
        WeightsError: The user has no folder for the cache.
    """
    base, found = cache_folder(), {}
    for name in KINDS:
        found[name] = total = Held()
        for file in files_of(name, base):
            with contextlib.suppress(OSError):  # removed meanwhile
                total.bytes += file.stat(follow_symlinks=False).st_size
                total.files += 1
    return found


def files_of(name: str, base: Path) -> Iterator[Path]:
    """Yield the files of a kind in a cache folder."""
    for folder in _places(base, KINDS[name]):
        yield from _files(folder, KINDS[name])


def clear(kinds: Collection[str] = ()) -> Cleared:
    """Remove the files of some kinds, or of all, from the cache.

    A file that another process downloads or converts stays. Another process that reads
    features or decoded audio computes again what it needs.

    Args:
        kinds: Names of `KINDS`; none means all.

    Raises:
        ValueError: A kind is unknown.
        WeightsError: The user has no folder for the cache.
    """
    for name in kinds:
        if name not in KINDS:
            raise ValueError(f"kinds must be of {', '.join(KINDS)}. Received: {name!r}")
    base, done = cache_folder(), Cleared(kept={})
    for name, kind in KINDS.items():
        if kinds and name not in kinds:
            continue
        for folder in _places(base, kind):
            remove_dead(folder)
            _clear_folder(folder, kind, done)
            if kind.places is not None:
                _remove_empty(folder)
        for folder_name in kind.folders:
            _remove_empty(base / folder_name)
    return done


def links() -> list[Path]:
    """Return the folders of kinds that are links, which are left alone."""
    names = [name for kind in KINDS.values() for name in kind.folders]
    return [path for name in names if (path := cache_folder() / name).is_symlink()]


def _places(base: Path, kind: Kind) -> Iterator[Path]:
    """Yield the folders with files of a kind."""
    for name in kind.folders:
        folder = base / name
        if folder.is_symlink() or not folder.is_dir():
            continue
        if kind.places is None:
            yield folder
            continue
        for entry in _entries(folder):
            is_place = re.fullmatch(kind.places, entry.name, re.ASCII)
            if is_place and entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)


def _files(folder: Path, kind: Kind) -> Iterator[Path]:
    """Yield the files of a kind in a folder, with those that a process works on."""
    for entry in _entries(folder):
        if _WORK.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            for place, _, names in os.walk(entry.path):
                yield from (Path(place, name) for name in names if name != "lock")
        elif _is_ours(entry, kind):
            yield Path(entry.path)


def _is_ours(entry: os.DirEntry[str], kind: Kind) -> bool:
    return (
        re.fullmatch(kind.names, entry.name, re.ASCII) is not None
        and not entry.name.endswith(_LOCK)
        and entry.is_file(follow_symlinks=False)
    )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # removed meanwhile, or of another user
        return []


def _clear_folder(folder: Path, kind: Kind, done: Cleared) -> None:
    assert done.kept is not None
    ours = [entry for entry in _entries(folder) if _is_ours(entry, kind)]
    with contextlib.ExitStack() as stack:
        if kind.locked:
            targets = {_target(entry.name) for entry in ours}
            if not all(_lock(stack, folder / name) for name in targets):
                done.kept[folder] = "another process uses it"
                return
        for entry in ours:
            path = Path(entry.path)
            try:
                size = entry.stat(follow_symlinks=False).st_size
                path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                done.kept[path] = str(error.strerror or error)
                continue
            done.files += 1
            done.bytes += size


def _target(name: str) -> str:
    """Return the name of the file that is locked while another one is written."""
    return re.sub(r"(?:\.part(?:\.etag)?|\.sha256)\Z", "", name)


def _lock(stack: contextlib.ExitStack, path: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        stack.enter_context(FileLock(f"{path}.lock", timeout=0))
    except (Timeout, OSError, NotImplementedError):
        return False
    return True


def _remove_empty(folder: Path) -> None:
    if not folder.is_symlink():
        with contextlib.suppress(OSError):  # it is not empty, or not there
            folder.rmdir()
