"""Published weights as tensors: fetched, verified, converted once, kept."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from kerasaudio.checkpoints.native import State, native_bytes, parse_native
from kerasaudio.files.cache import forget_dead, has_cache_folder, locked, write_whole
from kerasaudio.files.errors import WeightsError
from kerasaudio.text import warn
from kerasaudio.weights.fetch import fetch
from kerasaudio.weights.manifest import Source, WeightsEntry
from kerasaudio.weights.places import converted_path

# Raise it whenever a converter gives other tensors: older conversions are then left.
CONVERTERS_VERSION = 1

Convert = Callable[[Path], State]


def load_state(
    entry: WeightsEntry, converters: Mapping[str, Convert]
) -> tuple[State, Source]:
    """Give the tensors of published weights.

    The first call fetches and converts; later ones read the conversion, whose hash was
    written beside it, and need no network.

    Args:
        entry: What to load.
        converters: Source format -> reader of such a file.

    Returns:
        Tensors by `layer/variable`, and the source they come from.

    Raises:
        WeightsError: The file cannot be had, or is not what the manifest pins.
        ValueError: The file is not what its format promises.

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
            f"{entry.title}; it can read {', '.join(converters) or 'native'}."
        )
    state = converters[source.format](path)
    _keep_conversion(source, state)
    return state, source


def _read_conversion(path: Path) -> bytes | None:
    note = _note(path)
    forget_dead(path)
    if not path.is_file() or not note.is_file():
        return None
    content = path.read_bytes()
    if _seal(content) != note.read_bytes():
        warn(f"{path} was damaged; it is made again from the original.", stacklevel=3)
        return None
    return content


def _keep_conversion(source: Source, state: State) -> None:
    content = native_bytes(state)
    try:
        path = converted_path(source, CONVERTERS_VERSION)
        with locked(path):
            write_whole(path, content)
            write_whole(_note(path), _seal(content))
    except WeightsError as error:  # the weights are at hand all the same
        warn(f"The converted weights cannot be kept: {error}.", stacklevel=3)


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode("ascii")
