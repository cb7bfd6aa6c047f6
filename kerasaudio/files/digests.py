"""Compare files with expected sizes and hashes."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Literal

Algorithm = Literal["sha256", "git_blob", "md5"]
_CHUNK = 2**20


def digest(path: Path, algorithm: Algorithm) -> str:
    """Return the hash of a file.

    Args:
        path: Path of a regular file.
        algorithm: "sha256", "git_blob" for its object id in git, or "md5", which
            detects damage, but not manipulation.

    Raises:
        OSError: The file cannot be read.
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


def differs(
    path: Path, algorithm: Algorithm, want: str | None, size: int | None
) -> str | None:
    """Return how a file differs from a hash and a size (None if unknown), or None."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "it is not a regular file"
        if size is not None and status.st_size != size:
            return f"it has {status.st_size:,} bytes instead of {size:,}"
        found = digest(path, algorithm)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    if want is None or found != want:
        return f"its {algorithm} is {found} instead of {want}"
    return None
