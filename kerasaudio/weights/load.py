"""Load published weights as tensors: download, verify, convert once, and keep."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from kerasaudio.checkpoints.native import State, native_bytes, parse_native
from kerasaudio.files.cache import forget_dead, has_cache_folder, locked, write_whole
from kerasaudio.files.errors import WeightsError
from kerasaudio.text import warn
from kerasaudio.weights.fetch import fetch, fetch_companions
from kerasaudio.weights.manifest import Source, WeightsEntry
from kerasaudio.weights.places import converted_path

# Increase it when a converter returns other tensors, to ignore older conversions.
CONVERTERS_VERSION = 1

Convert = Callable[..., State]


def load_state(
    entry: WeightsEntry, converters: Mapping[str, Convert]
) -> tuple[State, Source]:
    """Return the tensors of published weights.

    The first call downloads and converts the file. Later calls read the converted file,
    whose hash is stored next to it, and need no network.

    Args:
        entry: Entry of the manifest.
        converters: Source format -> reader of such a file. If the original consists of
            several files, it gets the paths of all.

    Returns:
        Tensors by `layer/variable`, and the source they come from.

    Raises:
        WeightsError: The file is unavailable, or differs from the manifest's hash.
        ValueError: The file does not have the expected format.

    Examples:
        >>> entry = kerasaudio.weights.find("BarkNet", "esc10")
        >>> state, source = kerasaudio.weights.load_state(entry, converters={})
        >>> state["predictions/bias"].shape
        (2,)
    """
    for source in entry.pinned_sources if has_cache_folder() else ():
        kept = _read_conversion(converted_path(source, CONVERTERS_VERSION))
        if kept is not None:
            return parse_native(kept), source
    path, source = fetch(entry)
    if source.format == "native":
        return parse_native(path.read_bytes()), source
    if source.format not in converters:
        raise ValueError(
            f"{entry.factory} cannot read {source.format!r}, the format of "
            f"{entry.title}. It can read {', '.join(converters) or 'native'}."
        )
    state = converters[source.format](path, *fetch_companions(entry, source))
    _keep_conversion(source, state)
    return state, source


def _read_conversion(path: Path) -> bytes | None:
    note = _note(path)
    forget_dead(path)
    if not path.is_file() or not note.is_file():
        return None
    content = path.read_bytes()
    if _seal(content) != note.read_bytes():
        warn(f"{path} was damaged; the original is converted again.", stacklevel=3)
        return None
    return content


def _keep_conversion(source: Source, state: State) -> None:
    content = native_bytes(state)
    try:
        path = converted_path(source, CONVERTERS_VERSION)
        with locked(path):
            write_whole(path, content)
            write_whole(_note(path), _seal(content))
    except WeightsError as error:  # the weights can be used anyway
        warn(f"The converted weights cannot be stored: {error}.", stacklevel=3)


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode("ascii")
