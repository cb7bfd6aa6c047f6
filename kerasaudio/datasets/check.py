"""Checks that the fields of labeled clips fit together."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from kerasaudio.datasets.protocol import Clips
from kerasaudio.text import one_line, warn

SHOWN = 3  # most names that an error message lists
PARTS = ("training", "validation", "testing")


def check_targets(clips: Clips) -> None:
    """Raise unless each class has a name and at least one clip."""
    targets = np.asarray(clips.targets)
    if len(set(clips.class_names)) != len(clips.class_names):
        twice = [n for n, times in Counter(clips.class_names).items() if times > 1]
        raise ValueError(
            f"{clips.name}: two classes have the same name: {listed(twice)}. (Names "
            "that differ only in how accents are encoded are the same.)"
        )
    if targets.ndim == 2:
        numbers = targets.dtype.kind in "iu" and np.isin(targets, (0, 1)).all()
        if targets.dtype != bool and not numbers:
            raise ValueError(
                f"{clips.name}: multi-hot targets must be True or False, 0 or 1. "
                f"Received: dtype {targets.dtype}."
            )
        used = set(np.flatnonzero(targets.any(axis=0)).tolist())
    elif targets.dtype.kind not in "iu":
        raise ValueError(
            f"{clips.name}: targets must be integers. Received: dtype {targets.dtype}."
        )
    else:
        used = set(np.unique(targets).tolist())
    missing = [n for i, n in enumerate(clips.class_names) if i not in used]
    unknown = sorted(used - set(range(len(clips.class_names))))
    if (missing and not clips.partial) or unknown:
        raise ValueError(
            f"{clips.name}: targets must be 0 to {len(clips.class_names) - 1}, each at "
            "least once. "
            + (f"Classes without a clip: {listed(missing)}. " if missing else "")
            + (f"Targets without a class: {listed(unknown)}." if unknown else "")
        )


def check_known(clips: Clips) -> None:
    """Raise unless what is known fits the targets."""
    known = clips.known
    if known is None:
        return
    targets = np.asarray(clips.targets)
    if np.shape(known) != targets.shape or known.dtype != bool or targets.ndim != 2:
        raise ValueError(
            f"{clips.name}: known must be bool (clips, classes), like multi-hot "
            f"targets. Received: {known.dtype} of shape {np.shape(known)}, with "
            f"targets {targets.shape}."
        )
    if (targets.astype(bool) & ~known).any():
        raise ValueError(
            f"{clips.name}: a class that a clip has must be known. Received: "
            f"{(targets.astype(bool) & ~known).sum()} targets that are not."
        )


def check_spans(clips: Clips) -> None:
    """Raise unless each clip ends after its start."""
    zero, infinity = np.zeros(len(clips)), np.full(len(clips), np.inf)
    starts = zero if clips.starts is None else clips.starts
    ends = infinity if clips.ends is None else clips.ends
    bad = np.flatnonzero(~((starts >= 0) & (starts < ends) & np.isfinite(starts)))
    if bad.size:
        first = bad[0]
        raise ValueError(
            f"{clips.name}: a clip must start at 0 s or later, and end after that. "
            f"Received: {starts[first]:g} s to {ends[first]:g} s of "
            f"{clips.paths[first]}"
            + (f", and {bad.size - 1} more." if bad.size > 1 else ".")
        )


def check_folds(clips: Clips, folds: np.ndarray) -> None:
    """Raise unless folds have valid numbers and no recording is in two folds.

    They are numbered without gaps, or are some of the `published_folds`.
    """
    numbers = np.unique(folds)
    published = clips.published_folds
    if published is not None:
        if strange := sorted(set(numbers.tolist()) - set(published)):
            raise ValueError(
                f"{clips.name}: folds must be {published[0]} to {published[-1]}. "
                f"Received: {listed(strange, 10)}."
            )
    elif not clips.partial and not np.array_equal(
        numbers, np.arange(1, len(numbers) + 1)
    ):
        raise ValueError(
            f"{clips.name}: folds must be numbered 1, 2, 3 ... without gaps. Received: "
            f"{listed(numbers.tolist(), 10)}. If no clips are missing and the numbers "
            "are not folds, rename the column."
        )
    _check_sides(clips, folds, "folds")


def check_parts(clips: Clips, parts: np.ndarray) -> None:
    """Raise unless the parts have valid names and no recording is in two parts."""
    unknown = sorted(set(np.unique(parts).tolist()) - set(PARTS))
    if unknown:
        raise ValueError(
            f"{clips.name}: parts must be among {', '.join(PARTS)}. Received: "
            f"{listed(unknown)}."
        )
    _check_sides(clips, parts, "parts")


def _check_sides(clips: Clips, sides: np.ndarray, what: str) -> None:
    if clips.groups is None:
        return
    sides_of: dict[Any, set[Any]] = {}
    for group, side in zip(clips.groups.tolist(), sides.tolist(), strict=True):
        sides_of.setdefault(group, set()).add(side)
    split = {group: sorted(on) for group, on in sides_of.items() if len(on) > 1}
    for group, on in split.items():
        if not set(on) <= set(clips.shared.get(group, ())):
            raise ValueError(
                f"{clips.name}: clips of the recording {group!s} are in the {what} "
                f"{listed(on)}; a recording must not be on both sides."
            )
    if split and not clips.partial:
        named = listed((f"{group} ({listed(on)})" for group, on in split.items()), 10)
        warn(
            f"{clips.name}: the published {what} have clips of the same recording on "
            f"two sides: {named}. They are used as published, so that results can be "
            "compared; kerasaudio.datasets.k_fold makes folds that share no recording.",
            stacklevel=7,  # the caller that makes the data set
        )


def listed(values: Iterable[Any], most: int = SHOWN) -> str:
    """Return the first of many values as text for error messages."""
    values = list(values)
    names = ", ".join(one_line(str(value)) for value in values[:most])
    return names if len(values) <= most else f"{names} ... ({len(values)} in all)"
