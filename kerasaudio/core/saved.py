"""A model in one safetensors file: its weights, and its description in the header.

The header's metadata has one entry, `kerasaudio`: JSON with the spec, the activation
of the head, and a CRC-32 of these and of the tensors. A file without this entry
contains weights only.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kerasaudio.checkpoints.native import (
    State,
    native_bytes,
    parse_metadata,
    parse_native,
)
from kerasaudio.core.spec import AudioSpec

FILE = "model.safetensors"  # in a folder
KEY = "kerasaudio"
VERSION = 1
_BEGINNING = '{"activation": '  # of the entry, to find it if its key is damaged


@dataclass(frozen=True)
class Saved:
    """The content of a file.

    Attributes:
        state: Tensors by `layer/variable`.
        spec: Spec of the model; None if the file contains weights only.
        activation: Activation of the head, such as "softmax"; None without a head.
        is_random: Whether the weights are random: no file and no training made them.
    """

    state: State
    spec: AudioSpec | None = None
    activation: str | None = None
    is_random: bool = False


def saved_bytes(saved: Saved) -> bytes:
    """Return the content of the file; the same model always gives the same bytes."""
    assert saved.spec is not None
    facts = {
        "version": VERSION,
        "activation": saved.activation,
        "spec": saved.spec.get_config(),
    }
    if saved.is_random:
        facts["random"] = True
    facts = json.loads(json.dumps(facts))  # as it will be read: keys are strings
    facts["crc32"] = _checksum(facts, saved.state)
    return native_bytes(saved.state, {KEY: _text(facts)})


def is_saved(path: Path) -> bool:
    """Return whether the header of a file describes a model."""
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > path.stat().st_size:
            return False  # not a safetensors file; its reader reports that
        header = file.read(length)
    try:
        return _entry(parse_metadata(start + header)) is not None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return False


def read_saved(path: Path) -> Saved:
    """Read a safetensors file; nothing in it is executed.

    Raises:
        ValueError: The file is not a safetensors file, is damaged, or was written by a
            later version.
        OSError: The file cannot be read.
    """
    content = path.read_bytes()
    state = parse_native(content, str(path))
    text = _entry(parse_metadata(content))
    if text is None:
        return Saved(state)
    try:
        facts: Any = json.loads(text)
        version, activation = facts["version"], facts["activation"]
        spec = dict(facts["spec"])
        checksum = facts.pop("crc32", None)
        is_random = bool(facts.get("random"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, repr(error)) from error
    unknown = sorted(spec.keys() - {field.name for field in fields(AudioSpec)})
    if version != VERSION or unknown:
        raise ValueError(
            f"{str(path)!r} is damaged, or was written by another version of "
            f"kerasaudio (format {version!r}"
            f"{''.join(f', {name}' for name in unknown)}) that this version cannot "
            "read. Update kerasaudio, or download the file again."
        )
    if checksum != _checksum(facts, state):
        raise _damaged(path, "its checksum differs")
    if not isinstance(activation, str | None):
        raise _damaged(path, f"activation {activation!r}")
    try:
        return Saved(state, AudioSpec.from_config(spec), activation, is_random)
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _entry(metadata: Mapping[str, str]) -> str | None:
    """Return our entry, even if its key is damaged."""
    ours = (text for text in metadata.values() if str(text).startswith(_BEGINNING))
    return metadata.get(KEY, next(ours, None))


def _text(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)


def _checksum(facts: Mapping[str, Any], state: State) -> int:
    checksum = zlib.crc32(_text(facts).encode(errors="surrogatepass"))
    for name in sorted(state):
        array = state[name]
        title = f"{name} {array.dtype.str} {array.shape}"
        checksum = zlib.crc32(title.encode(errors="surrogatepass"), checksum)
        checksum = zlib.crc32(array.tobytes(), checksum)
    return checksum


def _damaged(path: Path, problem: str) -> ValueError:
    return ValueError(
        f"{str(path)!r} is damaged, in the entry {KEY!r} of its header or after it "
        f"({problem}). Save or download it again."
    )
