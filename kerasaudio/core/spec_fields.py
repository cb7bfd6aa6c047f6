"""Check the fields of a spec, which may come from a file."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasaudio.arguments import class_name, whole_number
from kerasaudio.audio.check import MOST_SAMPLES, check_rate
from kerasaudio.audio.window_rule import PADDINGS, RESTS

# Fields that count samples or windows: minimum, and whether None is allowed.
COUNTS = {
    "clip_samples": (1, True),
    "window_samples": (1, False),
    "min_samples": (0, False),
    "hop_samples": (1, True),
    "short_samples": (0, False),
    "windows_per_clip": (1, True),
    "whole_samples": (0, False),
    "context_samples": (0, False),
    "edge_samples": (0, False),
    "max_samples": (1, True),
}
MAPPINGS = ("frontend", "arguments", "metrics")
TEXTS = ("weights", "weights_hash", "license", "citation", "homepage")
REQUIRED = ("sample_rate", "clip_samples", "window_samples")


def name_now(name: str) -> str:
    """Return the current name of a field."""
    return "license" if name == "licence" else name


def as_now(name: str, value: Any) -> Any:
    """Return a field in its current form; earlier versions stored values unchecked."""
    if isinstance(value, float) and value.is_integer():
        return int(value) if name == "sample_rate" or name in COUNTS else value
    return {} if value is None and name in MAPPINGS else value


def check_fields(spec: Any) -> None:
    """Check each field, and normalize numbers and labels.

    Raises:
        ValueError: A field has an invalid value.
    """
    # The dataclass is frozen. NumPy's numbers become Python's.
    own = object.__setattr__
    own(spec, "sample_rate", check_rate(spec.sample_rate))
    for name, (least, can_be_none) in COUNTS.items():
        value = getattr(spec, name)
        if value is not None or not can_be_none:
            own(spec, name, whole_number(value, name, least, MOST_SAMPLES))
    check_one_of(spec.window_padding, PADDINGS, "window_padding")
    check_one_of(spec.rest, RESTS, "rest")
    check_kind(spec.architecture, str, "architecture")
    for name in TEXTS:
        check_kind(getattr(spec, name), str | None, name)
    for name in MAPPINGS:
        check_kind(getattr(spec, name), Mapping, name)
    own(spec, "trained_on", checked_names(spec.trained_on, "trained_on"))
    if spec.labels is not None:
        own(spec, "labels", checked_names(spec.labels, "labels"))


def check_one_of(value: Any, values: tuple[str, ...], name: str) -> None:
    """Raise a ValueError unless a value is one of those allowed."""
    if not isinstance(value, str) or value not in values:
        raise ValueError(
            f"{name} must be one of {', '.join(values)}. Received: {value!r}."
        )


def check_kind(value: Any, kind: Any, name: str) -> None:
    """Raise a ValueError unless a value is a string, or a mapping."""
    if not isinstance(value, kind):
        what = {str: "a string", Mapping: "a mapping"}.get(kind, "a string or None")
        raise ValueError(f"{name} must be {what}. Received: {value!r}.")


def checked_names(value: Any, name: str) -> tuple[str, ...]:
    """Return normalized names, or raise a ValueError unless they are strings."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        names = tuple(value)
        if all(isinstance(name, str | int | np.integer) for name in names):
            return tuple(map(class_name, names))
    raise ValueError(f"{name} must be a list of strings. Received: {value!r}.")
