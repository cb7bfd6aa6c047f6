"""Compare a file with the hash in the manifest."""

from pathlib import Path

from kerasaudio.files.digests import Algorithm, differs
from kerasaudio.weights.manifest import Source


def mismatch(path: Path, source: Source) -> str | None:
    """Return how a file differs from the manifest's size and hash; None if equal."""
    algorithm: Algorithm = "git_blob" if source.sha256 is None else "sha256"
    want = source.git_blob if source.sha256 is None else source.sha256
    return differs(path, algorithm, want, source.size)
