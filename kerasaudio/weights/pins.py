"""Whether a file is the one that the manifest pins."""

from pathlib import Path

from kerasaudio.files.digests import Algorithm, differs
from kerasaudio.weights.manifest import Source


def mismatch(path: Path, source: Source) -> str | None:
    """Tell what is wrong with a file: None if its every byte is as pinned."""
    algorithm: Algorithm = "git_blob" if source.sha256 is None else "sha256"
    want = source.git_blob if source.sha256 is None else source.sha256
    return differs(path, algorithm, want, source.size)
