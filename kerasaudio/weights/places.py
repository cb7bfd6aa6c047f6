"""Where the cache keeps the files of the manifest."""

import re
from pathlib import Path

from kerasaudio.files.cache import cache_folder
from kerasaudio.weights.manifest import Source


def downloaded_path(source: Source) -> Path:
    """Say where the cache keeps the file of a source, whether or not it is there."""
    # A name from a manifest is not trusted to be one for this file system.
    name = re.sub(r"[^\w.+-]", "_", source.file_name).lstrip(".") or "weights"
    return cache_folder() / "downloads" / _short(source) / name


def converted_path(source: Source, version: int) -> Path:
    """Say where the cache keeps a source in our own format.

    Args:
        source: What was converted.
        version: Of the converters; a new one makes the old files useless.
    """
    name = f"{source.format}-v{version}.safetensors"
    return cache_folder() / "converted" / _short(source) / name


def _short(source: Source) -> str:
    return (source.pin or "unpinned").partition(":")[2][:24]
