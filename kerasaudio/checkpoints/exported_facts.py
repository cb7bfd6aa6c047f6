"""Read what an exported model says of itself: JSON that `kerasaudio.export` stored.

SavedModel: assets/kerasaudio.json    LiteRT: kerasaudio.json in an appended zip archive
ONNX: `kerasaudio` in metadata_props   OpenVINO: `kerasaudio` in the runtime information

Only that part of a file is read, and neither its runtime nor a backend is needed.

Source: onnx/onnx.proto of ONNX 1.16, message ModelProto; OpenVINO's IR, version 11.
"""

import json
import mmap
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kerasaudio.checkpoints.protobuf import BYTES, VARINT, fields, single, text
from kerasaudio.files.array_file import ZIP_DAMAGES

KEY = "kerasaudio"
FACTS_FILE = "kerasaudio.json"

_METADATA = 14  # a pair of key (1) and value (2), repeated
_ONNX = {
    **dict.fromkeys((1, 5), VARINT),
    **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), BYTES),
}

Facts = dict[str, Any]


def saved_model_facts(path: Path) -> Facts | None:
    """Return the facts in the assets of a SavedModel; None if there are none."""
    file = path / "assets" / FACTS_FILE
    return _parsed(file.read_bytes(), path) if file.is_file() else None


def litert_facts(path: Path) -> Facts | None:
    """Return the facts in the archive that is appended to a file; None without."""
    with path.open("rb") as file:  # missing or forbidden: Python's own message
        if not zipfile.is_zipfile(file):
            return None
        try:
            with zipfile.ZipFile(file) as archive:
                if FACTS_FILE not in archive.namelist():
                    return None
                content = archive.read(FACTS_FILE)
        except ZIP_DAMAGES as error:
            raise _damaged(path, error) from error
    return _parsed(content, path)


def onnx_facts(path: Path) -> Facts | None:
    """Return the facts in the metadata of an ONNX file; None if there are none."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise _damaged(path, "it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = _onnx_metadata(content, path)
    return None if found is None else _parsed(found, path)


def openvino_facts(path: Path) -> Facts | None:
    """Return the facts in the runtime information; None if there are none."""
    try:
        found = ElementTree.parse(path).getroot().find(f"rt_info/{KEY}")
    except ElementTree.ParseError as error:
        raise _damaged(path, error) from error
    value = None if found is None else found.get("value", found.text)
    return None if value is None else _parsed(value, path)


FACTS_OF = {".tflite": litert_facts, ".onnx": onnx_facts, ".xml": openvino_facts}
"""By suffix; the folder of a SavedModel has none."""


def _onnx_metadata(content: mmap.mmap, path: Path) -> str | None:
    """Return our entry; no view of the file outlives this function."""
    with memoryview(content) as whole:
        try:
            for number, entry in fields(whole, _ONNX):
                if number == _METADATA:
                    pair = single(entry, {1: BYTES, 2: BYTES})
                    if text(pair.get(1), "metadata") == KEY:
                        return text(pair.get(2), "metadata")
        except ValueError as error:
            raise _damaged(path, error) from error
    return None


def _parsed(content: str | bytes, path: Path) -> Facts:
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, problem: object) -> ValueError:
    return ValueError(
        f"{str(path)!r} is damaged, or is another kind of file ({problem}). Export or "
        "download it again."
    )
