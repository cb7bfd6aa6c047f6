"""Paths of the manifest's files in the cache."""

import re
from pathlib import Path

from kerasaudio.files.cache import cache_folder
from kerasaudio.weights.manifest import Source


def downloaded_path(source: Source) -> Path:
    """Return the path of a source's file in the cache; it may not exist."""
    # A name from a manifest may not be valid on this file system.
    name = re.sub(r"[^\w.+-]", "_", source.file_name).lstrip(".") or "weights"
    return cache_folder() / "downloads" / _short(source) / name


def converted_path(source: Source, version: int) -> Path:
    """Return the path of a source's converted file in the cache.

    Args:
        source: The source that was converted.
        version: Version of the converters; files of other versions are not used.
    """
    name = f"{source.format}-v{version}.safetensors"
    return cache_folder() / "converted" / _short(source) / name


def _short(source: Source) -> str:
    return (source.pin or "unpinned").partition(":")[2][:24]
