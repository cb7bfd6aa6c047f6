"""Whether a file is the one that the manifest pins."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Literal

from kerasaudio.weights.manifest import Source

Algorithm = Literal["sha256", "git_blob", "md5"]
_CHUNK = 2**20


def digest(path: Path, algorithm: Algorithm) -> str:
    """Hash a file.

    Args:
        path: A regular file.
        algorithm: "sha256", "git_blob" for the object id that git would give it, or
            "md5", which tells damage, not malice.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        if algorithm == "git_blob":
            hasher = hashlib.sha1(usedforsecurity=False)
            hasher.update(b"blob %d\0" % os.fstat(file.fileno()).st_size)
        else:
            hasher = hashlib.new(algorithm, usedforsecurity=algorithm != "md5")
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def mismatch(path: Path, source: Source) -> str | None:
    """Tell what is wrong with a file: None if its every byte is as pinned."""
    algorithm: Algorithm = "git_blob" if source.sha256 is None else "sha256"
    want = source.git_blob if source.sha256 is None else source.sha256
    return differs(path, algorithm, want, source.size)


def differs(
    path: Path, algorithm: Algorithm, want: str | None, size: int | None
) -> str | None:
    """Tell how a file differs from a size, if that is known, and a hash."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "it is no regular file"
        if size is not None and status.st_size != size:
            return f"it has {status.st_size:,} bytes instead of {size:,}"
        found = digest(path, algorithm)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    if want is None or found != want:
        return f"its {algorithm} is {found} instead of {want}"
    return None
