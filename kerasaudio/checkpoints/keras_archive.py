"""Check a .keras file before Keras reads it: whole, and without foreign code."""

import json
import zipfile
from typing import Any

from kerasaudio.files.array_file import ZIP_DAMAGES
from kerasaudio.files.errors import UnsafeFileError

_MOST_CONFIG = 64 * 2**20
_OURS = ("keras", "kerasaudio")


def check_whole(path: str) -> None:
    """Raise unless a file is a complete .keras archive with valid checksums.

    Raises:
        ValueError: It is damaged, or another kind of file.
        OSError: It cannot be opened.
    """
    with open(path, "rb") as file:  # missing or forbidden: Python's own message
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
                damaged = archive.testzip()
        except (*ZIP_DAMAGES, OSError) as error:
            raise ValueError(
                f"{path!r} is not a complete .keras file ({error}): it is damaged, "
                "truncated or another kind of file. Save or download it again."
            ) from error
    if damaged is not None:
        raise ValueError(
            f"{path!r} is damaged, in {damaged!r}. Save or download it again."
        )
    if not {"config.json", "model.weights.h5"} <= set(names):
        raise ValueError(f"{path!r} is a zip archive, but not a saved Keras model.")


def check_foreign(path: str, limit: int) -> None:
    """Raise if a .keras file names code that is not of Keras or kerasaudio.

    Args:
        path: Path of the file.
        limit: Largest sum of the unpacked sizes in bytes.

    Raises:
        UnsafeFileError: It has a Lambda layer or an object of another package, or is
            larger than the limit.
        ValueError: Its configuration is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(one.file_size for one in archive.infolist())
            bounded = archive.getinfo("config.json").file_size <= _MOST_CONFIG
            text = archive.read("config.json") if bounded else b""
        config = json.loads(text) if bounded else None
    except (*ZIP_DAMAGES, OSError, KeyError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path!r} is not a complete .keras file ({error})."
        ) from error
    if size > limit or not bounded:
        raise UnsafeFileError(f"{path!r} unpacks to {size:,} bytes, which is too much.")
    _check(config, path)


def _check(config: Any, path: str) -> None:
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, dict):
            continue
        waiting += value.values()
        name, module = value.get("class_name"), value.get("module")
        if name in ("Lambda", "__lambda__") or "__lambda__" in value:
            raise UnsafeFileError(
                f"{path!r} has a Lambda layer, whose code is not run. Ask its author "
                "for a model of layers that Keras or kerasaudio have."
            )
        if name is None or module in (None, "builtins"):
            continue
        if str(module).partition(".")[0] not in _OURS:
            raise UnsafeFileError(
                f"{path!r} needs {name!r} of {module!r}. From the Hub, only objects of "
                "Keras and kerasaudio are loaded. If you trust it, download the file, "
                "import its code and pass its path."
            )
