"""Fingerprints of the files that a model was trained on."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from kerasaudio.files.digests import digest

_DIGITS = 12  # 48 bits: no two of a million files are likely to share them


def fingerprints(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the beginning of the SHA-256 hash of each file, by its path.

    Raises:
        OSError: A file cannot be read.
    """
    return {path: digest(path, "sha256")[:_DIGITS] for path in dict.fromkeys(paths)}


def learned_too(known: Sequence[str], paths: Iterable[Path]) -> tuple[str, ...]:
    """Return the fingerprints of a model, with those of more files; sorted.

    Raises:
        OSError: A file cannot be read.
    """
    return tuple(sorted({*known, *fingerprints(paths).values()}))
