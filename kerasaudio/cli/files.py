"""What a file is: a model, an exported model or a sound; no backend is imported."""

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kerasaudio.audio.about import sound_facts
from kerasaudio.checkpoints.exported_facts import FACTS_OF, saved_model_facts
from kerasaudio.checkpoints.keras_archive import check_whole
from kerasaudio.cli.common import similar_file
from kerasaudio.weights import repository

_KEY = "kerasaudio"  # of the entry in the header, as in kerasaudio.core.saved
_FACTS = "kerasaudio.json"  # of a repository, as in kerasaudio.loading
_MOST_FACTS = 2**20
_MOST_HEADER = 100 * 2**20  # as in the format's own reader
_TENSOR_SUFFIX = ".safetensors"

Facts = dict[str, Any]


def is_address(word: str) -> bool:
    """Return whether a word, which is no model, names a file or a repository."""
    is_there = word.startswith(repository.PREFIX) or os.path.lexists(word)
    return is_there or word.endswith(os.sep) or bool(Path(word).suffix)


def facts_of(word: str) -> Facts:
    """Return the facts of a file or a repository: kind, path, bytes, and its own.

    Raises:
        ValueError: The file is damaged, is of another kind, or was not written by
            kerasaudio.
        OSError: It is missing, or the repository is unavailable.
    """
    if word.startswith(repository.PREFIX):
        return _of_repository(word)
    path = Path(word)
    if not path.exists():
        raise FileNotFoundError(
            f"There is no file or folder named {word!r}.{similar_file(path)}"
        )
    if path.is_dir():
        facts = _ours(saved_model_facts(path), path, "SavedModel")
        size = sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    else:
        facts = _READERS.get(path.suffix, _sound)(path)
        size = path.stat().st_size
    return {"kind": facts.pop("kind"), "path": word, "bytes": size, **facts}


def _of_repository(address: str) -> Facts:
    found = repository.resolve(address)
    if _FACTS not in found.files:
        raise ValueError(
            f"{found.address} has no {_FACTS}: it was not written by push_to_hub."
        )
    content = repository.fetch_file(found, _FACTS, _MOST_FACTS).read_bytes()
    try:
        facts = dict(json.loads(content))
        size, model = int(facts["size"]), dict(facts["model"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{_FACTS} of {found.address} is damaged.") from error
    kind = f"repository with {facts.get('file')}"
    return {"kind": kind, "path": found.address, "bytes": size, **_tidy(model)}


def _keras(path: Path) -> Facts:
    check_whole(str(path))
    with zipfile.ZipFile(path) as archive:
        try:
            config = json.loads(archive.read("config.json"))
            versions = json.loads(archive.read("metadata.json"))
            inner, name = config["config"], config["registered_name"]
            spec = inner.get("spec") if name == "kerasaudio>AudioModel" else None
            about = {
                "keras": versions.get("keras_version"),
                "saved": versions.get("date_saved"),
                "layers": len(inner["layers"]),
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{str(path)!r} is damaged, in its description."
            ) from error
    return _ours(spec, path, "Keras model") | about


def _tensors(path: Path) -> Facts:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= _MOST_HEADER else b""
    try:
        tensors = dict(json.loads(header))
        metadata = tensors.pop("__metadata__", {})
        shapes = [tensor["shape"] for tensor in tensors.values()]
        about = {"tensors": len(shapes), "parameters": sum(map(_product, shapes))}
        spec = json.loads(metadata[_KEY])["spec"] if _KEY in metadata else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{str(path)!r} is not a whole safetensors file. Save or download it again."
        ) from error
    if spec is None:
        return {"kind": "safetensors file, with weights only", **about}
    return _ours(spec, path, "safetensors file") | about


def _product(shape: list[int]) -> int:
    product = 1
    for size in shape:
        product *= int(size)
    return product


def _exported(suffix: str, kind: str) -> Callable[[Path], Facts]:
    return lambda path: _ours(FACTS_OF[suffix](path), path, kind)


def _sound(path: Path) -> Facts:
    facts = sound_facts(path)
    return {
        "kind": "sound",
        **asdict(facts),
        "seconds": round(facts.seconds, 6),
    }


def _ours(facts: Mapping[str, Any] | None, path: Path, kind: str) -> Facts:
    if not isinstance(facts, Mapping):
        raise ValueError(
            f"{str(path)!r} says nothing of itself: it was not written by kerasaudio."
        )
    return {"kind": kind, **_tidy(facts)}


def _tidy(facts: Mapping[str, Any]) -> Facts:
    """Return facts under their current names, with seconds for the samples."""
    now = {{"licence": "license"}.get(name, name): v for name, v in facts.items()}
    rate, window = now.get("sample_rate"), now.get("window_samples")
    labels = now.pop("labels", None)
    if rate and window:
        now["window_seconds"] = window / rate
    if "preset" not in now and now.get("weights") and not now.get("trained_on"):
        now["preset"] = f"{now.get('architecture')}/{now['weights']}"
    return now | {"classes": len(labels or ()), "labels": labels}


_READERS: Mapping[str, Callable[[Path], Facts]] = {
    ".keras": _keras,
    _TENSOR_SUFFIX: _tensors,
    ".tflite": _exported(".tflite", "LiteRT model"),
    ".onnx": _exported(".onnx", "ONNX model"),
    ".xml": _exported(".xml", "OpenVINO model"),
}
