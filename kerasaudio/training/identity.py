"""The settings that a saved state belongs to, so that only they resume it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.training.material import Data, Use


def identity(
    use: Use, training: Data, validation: Data | None, head: str
) -> dict[str, Any]:
    """Return all that determines the result of a training, as values for JSON."""
    spec = use.model.spec
    facts: dict[str, Any] = {
        "dataset": training.name,
        "classes": list(spec.labels or ()),
        "model": spec.architecture,
        "arguments": dict(spec.arguments),
        "weights": spec.weights_hash,
        "training clips": _digest(training),
        "validation clips": None if validation is None else _digest(validation),
        "validation windows": use.windows,
        "augmentation": use.augmentation.to_dict(),
        "batches": {
            name: repr(value)
            for name, value in sorted(use.settings.items())
            if name != "readers"  # how many threads decode changes nothing
        },
        **use.plan.to_dict(),
    }
    if use.masked:
        facts["unknown labels"] = "left out"
    if head != "kept":
        facts["head"] = head
    if "augment" in use.settings:
        # A function has no name that is the same in every process.
        facts["batches"]["augment"] = "given"
    return dict(json.loads(json.dumps(facts)))


def _digest(clips: Data) -> str:
    if isinstance(clips, Stream):
        return clips.identity
    hashed = hashlib.sha256()
    for path, category in zip(clips.paths, clips.categories, strict=True):
        hashed.update(
            f"{path.resolve()}\0{category}\0".encode(errors="surrogateescape")
        )
    return f"{len(clips)} clips, {hashed.hexdigest()[:16]}"


def check_same(old: dict[str, Any], new: dict[str, Any], folder: Path) -> None:
    """Raise a ValueError that lists the differences, if there are any."""
    names = sorted(old.keys() | new.keys())
    differ = [name for name in names if old.get(name) != new.get(name)]
    if differ:
        changes = "; ".join(
            f"{name}: {old.get(name)!r}, now {new.get(name)!r}" for name in differ[:3]
        )
        raise ValueError(
            f"{str(folder)!r} holds an interrupted training with other settings "
            f"({changes}). Continue with those settings, or start again with "
            "restart=True."
        )
