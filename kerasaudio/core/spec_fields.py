"""Check the fields of a spec, which may come from a file."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasaudio.arguments import class_name, number, whole_number
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
    "step_samples": (1, True),
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
    check_steps(spec)
    check_one_of(spec.window_padding, PADDINGS, "window_padding")
    check_one_of(spec.rest, RESTS, "rest")
    check_kind(spec.architecture, str, "architecture")
    for name in TEXTS:
        check_kind(getattr(spec, name), str | None, name)
    for name in MAPPINGS:
        check_kind(getattr(spec, name), Mapping, name)
    for name in ("trained_on", "learned_files"):
        own(spec, name, checked_names(getattr(spec, name), name))
    own(spec, "provenance", checked_steps(spec.provenance))
    if spec.labels is not None:
        own(spec, "labels", checked_names(spec.labels, "labels"))


def check_steps(spec: Any) -> None:
    """Raise a ValueError unless windows that share a state follow each other."""
    step, window = spec.step_samples, spec.window_samples
    if step is None:
        return
    side_by_side = spec.hop_samples in (None, window)
    if window % step or not side_by_side or spec.windows_per_clip or spec.whole_samples:
        raise ValueError(
            f"With step_samples={step}, which means that windows share a state, they "
            "must lie side by side and be whole steps long. Received: "
            f"window_samples={window}, hop_samples={spec.hop_samples}, "
            f"windows_per_clip={spec.windows_per_clip}, "
            f"whole_samples={spec.whole_samples}. For windows that are heard on their "
            "own, pass step_samples=None."
        )


def whole_steps(spec: Any, window: float | None, hop: float | None) -> float | None:
    """Return the length in seconds of windows that share a state; None for the spec's.

    Args:
        spec: Spec with `step_samples`.
        window: Wanted length in seconds.
        hop: Wanted time from one window's start to the next, which is their length.

    Raises:
        ValueError: The two differ, or a value is not positive.
    """
    seconds = hop if window is None else window
    if seconds is None:
        return None
    if hop not in (None, seconds):
        raise ValueError(
            f"{spec.architecture or 'The model'} has a state that goes on from each "
            "window to the next, so windows lie side by side. Received: "
            f"window_seconds={window!r}, hop_seconds={hop!r}. Pass only one of them."
        )
    name = "hop_seconds" if window is None else "window_seconds"
    step = float(spec.step_samples / spec.sample_rate)
    return step * max(1, round(number(seconds, name, above=0) / step))


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


def checked_steps(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the steps of a provenance, or raise a ValueError if they are not plain."""
    plain = str | int | float | None
    if isinstance(value, list | tuple) and all(
        isinstance(step, Mapping)
        and all(isinstance(k, str) and isinstance(v, plain) for k, v in step.items())
        for step in value
    ):
        return tuple(dict(step) for step in value)
    raise ValueError(
        "provenance must be a list of mappings of text and numbers. Received: "
        f"{value!r}."
    )
