"""The settings that a saved state belongs to, so that only they resume it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabeledClips
from kerasaudio.datasets.streams.stream import Stream
from kerasaudio.training.augmentation import Augmentation
from kerasaudio.training.plan import Plan


def identity(
    model: AudioModel,
    training: LabeledClips | Stream,
    validation: LabeledClips | Stream | None,
    schedule: Plan,
    head: str,
    augmentation: Augmentation,
    validation_windows: int | None,
    batches: Mapping[str, Any],
) -> dict[str, Any]:
    """Return all that determines the result of a training, as values for JSON."""
    spec = model.spec
    facts: dict[str, Any] = {
        "dataset": training.name,
        "classes": list(spec.labels or ()),
        "model": spec.architecture,
        "arguments": dict(spec.arguments),
        "weights": spec.weights_hash,
        "training clips": _digest(training),
        "validation clips": None if validation is None else _digest(validation),
        "validation windows": validation_windows,
        "augmentation": augmentation.to_dict(),
        "batches": {name: repr(value) for name, value in sorted(batches.items())},
        **schedule.to_dict(),
    }
    if head != "kept":
        facts["head"] = head
    if "augment" in batches:  # a function has no name that is the same in every process
        facts["batches"]["augment"] = "given"
    return dict(json.loads(json.dumps(facts)))


def _digest(clips: LabeledClips | Stream) -> str:
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
