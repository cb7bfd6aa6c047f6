"""Files a user already has: the folders that KERASAUDIO_WEIGHTS names.

They are only ever read. A file is taken for what its bytes are, not for its name.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from kerasaudio.files.digests import Algorithm, digest
from kerasaudio.text import warn
from kerasaudio.weights.manifest import Source, load_manifest
from kerasaudio.weights.pins import mismatch

FOLDERS_VARIABLE = "KERASAUDIO_WEIGHTS"

# Files that were not what was sought are not hashed again while they stay as they are.
_digests: dict[tuple[str, int, int, Algorithm], str] = {}


def user_folders() -> list[Path]:
    """Give the folders of KERASAUDIO_WEIGHTS, separated as in PATH."""
    value = os.environ.get(FOLDERS_VARIABLE, "")
    return [Path(part).expanduser() for part in value.split(os.pathsep) if part]


def find_in_user_folders(source: Source, sizes: range) -> Path | None:
    """Look for a file among those the user has.

    Args:
        source: What is sought: under its own name first, then by size and hash in all
            subfolders.
        sizes: What its size may be, where the manifest does not know.

    Warns:
        UserWarning: A folder does not exist, or a file of the right name has other
            contents and is no other published file either.
    """
    for folder in user_folders():
        if not folder.is_dir():
            warn(
                f"{FOLDERS_VARIABLE} names {folder}, which is no folder; it is skipped",
                stacklevel=2,
            )
            continue
        named = folder / source.file_name
        if named.is_file():
            problem = mismatch(named, source)
            if problem is None:
                return named
            _report(named, problem, source)
        for path in _files(folder):
            if path != named and _is_sought(path, source, sizes):
                return path
    return None


def _report(path: Path, problem: str, source: Source) -> None:
    if _is_published(path):  # many published files have names like best_model.pth
        return
    warn(
        f"{path} has the name of {source.address}, but {problem}. It is left as it is "
        "and not used. Replace it, or take it out of the folder.",
        stacklevel=3,
    )


def _is_published(path: Path) -> bool:
    try:
        status = path.stat()
        own_pins = {
            f"sha256:{_digest(path, status, 'sha256')}",
            f"git_blob:{_digest(path, status, 'git_blob')}",
        }
    except OSError:  # unreadable: reported as such
        return False
    pins = {source.pin for entry in load_manifest() for source in entry.sources}
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
        return mismatch(path, source) is None  # the bytes of now, not those of memory
    except OSError:  # gone, or not ours to read: it is not the one
        return False


def _digest(path: Path, status: os.stat_result, algorithm: Algorithm) -> str:
    key = (os.path.realpath(path), status.st_size, status.st_mtime_ns, algorithm)
    if key not in _digests:
        _digests[key] = digest(path, algorithm)
    return _digests[key]


def _files(folder: Path) -> Iterator[Path]:
    """Walk a folder in a fixed order, into each real folder once, links included."""
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(parent)
        if (status.st_dev, status.st_ino) in seen:  # a link led here before
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))
