"""A model in one safetensors file: its weights, and in the header what it is.

The header's metadata have one entry, `kerasaudio`: JSON with the spec and the
activation of the head. A file without it holds weights only.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from kerasaudio.models.spec import AudioSpec
from kerasaudio.weights.convert.native import (
    State,
    native_bytes,
    parse_metadata,
    parse_native,
)

FILE = "model.safetensors"  # in a folder
KEY = "kerasaudio"
VERSION = 1


@dataclass(frozen=True)
class Saved:
    """What a file holds.

    Attributes:
        state: Tensors by `layer/variable`.
        spec: Of the model; None in a file of weights only.
        activation: Of its head, such as "softmax"; None without a head.
    """

    state: State
    spec: AudioSpec | None = None
    activation: str | None = None


def saved_bytes(saved: Saved) -> bytes:
    """Give the file, byte for byte the same for the same model."""
    assert saved.spec is not None
    facts = {
        "version": VERSION,
        "activation": saved.activation,
        "spec": saved.spec.get_config(),
    }
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return native_bytes(saved.state, {KEY: text})


def is_saved(path: Path) -> bool:
    """Tell, by its header alone, whether a file says what model it holds."""
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > path.stat().st_size:
            return False  # no safetensors file, as its reader will say
        header = file.read(length)
    try:
        return KEY in parse_metadata(start + header)
    except (ValueError, AttributeError):
        return False


def read_saved(path: Path) -> Saved:
    """Read a safetensors file; nothing in it is executed.

    Raises:
        ValueError: It is no safetensors file, or was written by a later version.
        OSError: It cannot be read.
    """
    content = path.read_bytes()
    state = parse_native(content, str(path))
    text = parse_metadata(content).get(KEY)
    if text is None:
        return Saved(state)
    try:
        facts: Any = json.loads(text)
        version, activation = facts["version"], facts["activation"]
        spec = dict(facts["spec"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{str(path)!r}: the entry {KEY!r} of its header is damaged ({error!r})."
        ) from error
    unknown = sorted(spec.keys() - {field.name for field in fields(AudioSpec)})
    if version != VERSION or unknown:
        raise ValueError(
            f"{str(path)!r} was written by another version of kerasaudio (format "
            f"{version!r}{''.join(f', {name}' for name in unknown)}), which this one "
            "cannot read. Update kerasaudio."
        )
    problem = _problem(spec, activation)
    if problem is not None:
        raise ValueError(
            f"{str(path)!r}: the entry {KEY!r} of its header is damaged ({problem})."
        )
    return Saved(state, AudioSpec.from_config(spec), activation)


def _problem(spec: dict[str, Any], activation: Any) -> str | None:
    """Tell what in the facts cannot be; what else is wrong, the network will say."""
    labels = spec.get("labels")
    if not isinstance(activation, str | None):
        return f"activation {activation!r}"
    if labels is not None and not (
        isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    ):
        return "labels are no list of text"
    for key in ("sample_rate", "window_samples"):
        if not isinstance(spec.get(key), int):
            return f"{key} {spec.get(key)!r}"
    for key in ("arguments", "frontend", "metrics"):
        if not isinstance(spec.get(key, {}), dict):
            return f"{key} {spec.get(key)!r}"
    if not isinstance(spec.get("architecture"), str):
        return f"architecture {spec.get('architecture')!r}"
    return None
