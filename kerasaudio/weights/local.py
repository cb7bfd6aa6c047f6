"""Find weights in the user's folders, which KERASAUDIO_WEIGHTS names.

The files are only read, never changed. They are identified by their hash, not by their
name.
"""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from kerasaudio.files.digests import Algorithm, digest
from kerasaudio.text import warn
from kerasaudio.weights.manifest import Source, load_manifest
from kerasaudio.weights.pins import mismatch

FOLDERS_VARIABLE = "KERASAUDIO_WEIGHTS"

# Files up to this size are read to find out what they are: in milliseconds.
_HASHED_BYTES = 32_000_000
# Hashes of files that did not match, which are computed again only if a file changes.
_digests: dict[tuple[str, int, int, Algorithm], str] = {}


def user_folders() -> list[Path]:
    """Return the folders of KERASAUDIO_WEIGHTS, separated as in PATH."""
    value = os.environ.get(FOLDERS_VARIABLE, "")
    return [Path(part).expanduser() for part in value.split(os.pathsep) if part]


def find_in_user_folders(source: Source, sizes: range) -> Path | None:
    """Return the path of a file in the user's folders; None if there is none.

    Args:
        source: The file to find: by its own name first, then by size and hash in all
            subfolders.
        sizes: Range of possible sizes in bytes, if the manifest does not state one.

    Warns:
        UserWarning: A folder does not exist, or a file with the right name has other
            contents and is not another published file.
    """
    for folder in user_folders():
        if not folder.is_dir():
            warn(
                f"{FOLDERS_VARIABLE} names {folder}, which is not a folder; skipped.",
                stacklevel=2,
            )
            continue
        named = folder / source.file_name
        if named.is_file():
            problem = mismatch(named, source)
            if problem is None:
                return named
            _report(named, problem, source)
        for path in files_below(folder):
            if path != named and _is_sought(path, source, sizes):
                return path
    return None


def is_likely(path: Path, source: Source) -> bool:
    """Return whether a file of a plausible size is that of a source.

    Large files are not hashed: one of exactly the right size is taken for the file.
    """
    if source.size is None or source.size <= _HASHED_BYTES:
        return _is_sought(path, source, range(sys.maxsize))
    return path.is_file()


def _report(path: Path, problem: str, source: Source) -> None:
    if _is_published(path):  # many published files have names like best_model.pth
        return
    warn(
        f"{path} has the name of {source.address}, but {problem}. It is not used and "
        "not changed. Replace it, or remove it from the folder.",
        stacklevel=3,
    )


def _is_published(path: Path) -> bool:
    try:
        status = path.stat()
        own_pins = {
            f"sha256:{_digest(path, status, 'sha256')}",
            f"git_blob:{_digest(path, status, 'git_blob')}",
        }
    except OSError:  # unreadable, which is reported elsewhere
        return False
    pins = {
        file.pin
        for entry in load_manifest()
        for source in entry.sources
        for file in (source, *source.companions)
    }
    return not own_pins.isdisjoint(pins)


def _is_sought(path: Path, source: Source, sizes: range) -> bool:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
            return False
        if source.size is None:
            alike = path.suffix == Path(source.file_name).suffix
            if not alike or status.st_size not in sizes:
                return False
        elif status.st_size != source.size:
            return False
        algorithm: Algorithm = "git_blob" if source.sha256 is None else "sha256"
        if f"{algorithm}:{_digest(path, status, algorithm)}" != source.pin:
            return False
        return mismatch(path, source) is None  # the current bytes, not the stored hash
    except OSError:  # deleted or unreadable, so not the file
        return False


def _digest(path: Path, status: os.stat_result, algorithm: Algorithm) -> str:
    key = (os.path.realpath(path), status.st_size, status.st_mtime_ns, algorithm)
    if key not in _digests:
        _digests[key] = digest(path, algorithm)
    return _digests[key]


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder in a fixed order, each real folder once."""
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:  # already visited through a link
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))
