"""Targets of clips, numbered like the labels of a model."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from kerasaudio.core import AudioSpec
from kerasaudio.datasets.check import listed
from kerasaudio.datasets.protocol import Clips, check_clips
from kerasaudio.text import warn

ABSENT = "absent"
UNKNOWN = (ABSENT, "nan")


def spec_of(model_or_spec: Any) -> AudioSpec:
    """Return the spec of a model, or the spec itself.

    Raises:
        ValueError: The value is neither a spec nor a model with one.
    """
    spec = getattr(model_or_spec, "spec", model_or_spec)
    if not isinstance(spec, AudioSpec):
        raise ValueError(
            "Batches need a model of kerasaudio, or an AudioSpec such as "
            "AudioSpec.of_fixed_clips(16000, 16000). Received: "
            f"{type(model_or_spec).__name__}."
        )
    return spec


def targets_for(
    clips: Clips, spec: AudioSpec, one_hot: bool, unknown: str = ABSENT
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the target of each clip, and the names of the targets.

    Args:
        clips: Clips; their class names may be a part of the model's labels, in any
            order.
        spec: Spec with the model's labels. If it has none, or only generated ones,
            classes keep their numbers.
        one_hot: Whether targets are (clips, classes) even if each clip has one class.
        unknown: Targets of unknown labels: "absent" for 0, "nan" for NaN.

    Returns:
        Targets, int32 (clips,) or float32 (clips, classes), and their names in the
        order of the numbers.

    Raises:
        ValueError: A class is not among the model's labels, or `clips` is not a clips
            object.
    """
    check_clips(clips)
    place, labels = places_for(clips, spec)
    if not (clips.multi_label or one_hot):
        return place[clips.targets].astype("int32"), labels
    targets = np.zeros((len(clips), len(labels)), "float32")
    targets[:, place] = clips.multi_hot
    if unknown != ABSENT and has_unknown(clips):
        targets[~known_for(clips, labels)] = np.nan
    return targets, labels


class Named(Protocol):
    """What has a name, and classes."""

    @property
    def name(self) -> str:
        """Name of the data."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""


def places_for(clips: Named, spec: AudioSpec) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the number of each class among the model's labels, and the labels.

    Raises:
        ValueError: A class is not among the model's labels.
    """
    names = clips.class_names
    labels = spec.labels or names
    made_up = all(label == f"class {i}" for i, label in enumerate(labels))
    if made_up and len(labels) == len(names):
        labels = names
    without = [name for name in names if name not in labels]
    if without:
        raise ValueError(
            f"{clips.name} has classes that {spec.architecture or 'the model'} has no "
            f"output for: {listed(without)}. Its labels: {listed(labels, 5)}. Build it "
            "for these classes, with labels=clips.class_names."
        )
    return np.array([labels.index(name) for name in names]), tuple(labels)


def known_for(clips: Clips, names: Sequence[str]) -> np.ndarray:
    """Return which targets are known, bool (clips, names); see `targets_for`.

    Classes of the model that the clips do not have are unknown if others are.
    """
    known = np.zeros((len(clips), len(names)), bool)
    place = [list(names).index(name) for name in clips.class_names]
    known[:, place] = True if clips.known is None else clips.known
    return known


def check_unknown(unknown: str) -> None:
    """Raise a ValueError unless `unknown` is "absent" or "nan"."""
    if unknown not in UNKNOWN:
        raise ValueError(f"unknown must be one of {UNKNOWN}. Received: {unknown!r}.")


def has_unknown(clips: Clips) -> bool:
    """Return whether some labels of clips are unknown."""
    return clips.known is not None and not clips.known.all()


def warn_of_unknown(clips: Clips) -> None:
    """Warn that training counts unknown classes as absent, if there are any."""
    if clips.known is not None and not clips.known.all():
        warn(
            f"{clips.name}: {1 - clips.known.mean():.0%} of the labels are unknown. "
            "These batches count them as absent. kerasaudio.training.train leaves them "
            "out; so do batches with unknown='nan' and the loss "
            "kerasaudio.training.MaskedBinaryCrossentropy().",
            stacklevel=4,
        )


def mean_class_weights(clips: Clips) -> np.ndarray:
    """Return the mean weight of each clip's classes, float32 (clips,)."""
    hot = clips.multi_hot
    weights = clips.class_weights()
    each = np.array([weights.get(i, 0.0) for i in range(hot.shape[1])])
    several = np.maximum(1, hot.sum(axis=1))
    mean = np.where(hot.any(axis=1), hot @ each / several, 1.0)
    return mean.astype("float32")
