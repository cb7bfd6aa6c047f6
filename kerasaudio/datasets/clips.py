"""What every data set gives: clips on disk, their classes, folds and recordings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

SHOWN = 3  # how many of many names an error lists


@dataclass(frozen=True, eq=False)
class LabelledClips:
    """Sound files with one class each.

    Attributes:
        name: Of the data set.
        paths: The files.
        labels: Class numbers from 0, int64 (clips,).
        class_names: Names of the classes, in the order of their numbers.
        folds: Official fold of each clip, numbered from 1 without gaps, int64
            (clips,); None if the data set has no folds.
        groups: Recording (or speaker) that each clip is cut from, (clips,); a good
            split has none on both sides. None if unknown.

    Raises:
        ValueError: Lengths that differ, labels without a name, classes without a
            clip, folds with gaps, a recording in two folds.
    """

    name: str
    paths: tuple[Path, ...]
    labels: np.ndarray
    class_names: tuple[str, ...]
    folds: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Check that the fields fit together."""
        if not self.paths:
            raise ValueError(f"{self.name} holds no clips.")
        for field in ("labels", "folds", "groups"):
            values = getattr(self, field)
            if values is not None and np.shape(values) != (len(self.paths),):
                raise ValueError(
                    f"{self.name}: {field} must have one entry for each of the "
                    f"{len(self.paths)} clips. Received: shape {np.shape(values)}."
                )
        _check_labels(self)
        if self.folds is not None:
            _check_folds(self, self.folds)

    def __len__(self) -> int:
        """Give the number of clips."""
        return len(self.paths)

    @property
    def categories(self) -> tuple[str, ...]:
        """Class name of each clip."""
        return tuple(self.class_names[label] for label in self.labels)

    def require_folds(self) -> np.ndarray:
        """Give the folds.

        Raises:
            ValueError: The data set has none, or only one, or a class is in one fold
                only, so that nothing is left to learn it from.
        """
        if self.folds is None or len(np.unique(self.folds)) < 2:
            raise ValueError(
                f"{self.name} has no folds to cross-validate with. Give each clip one, "
                "numbered from 1: LabelledClips(..., folds=...)."
            )
        for label, name in enumerate(self.class_names):
            where = np.unique(self.folds[self.labels == label])
            if len(where) < 2:
                raise ValueError(
                    f"{self.name}: all clips of class {name!r} are in fold {where[0]}. "
                    "When that fold is held out, nothing is left to learn it from."
                )
        return self.folds


def _check_labels(clips: LabelledClips) -> None:
    labels = np.asarray(clips.labels)
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"{clips.name}: labels must be integers. Received: dtype {labels.dtype}."
        )
    used = set(np.unique(labels).tolist())
    missing = [n for i, n in enumerate(clips.class_names) if i not in used]
    unknown = sorted(used - set(range(len(clips.class_names))))
    if missing or unknown:
        raise ValueError(
            f"{clips.name}: labels must be 0 to {len(clips.class_names) - 1}, each at "
            "least once. "
            + (f"No clip has: {listed(missing)}. " if missing else "")
            + (f"No class has the number: {listed(unknown)}." if unknown else "")
        )


def _check_folds(clips: LabelledClips, folds: np.ndarray) -> None:
    numbers = np.unique(folds)
    gaps = sorted(set(range(1, int(numbers[-1]) + 1)) - set(numbers.tolist()))
    if numbers[0] != 1 or gaps:
        raise ValueError(
            f"{clips.name}: folds must be numbered 1, 2, 3 ... without gaps. Received: "
            f"{listed(numbers.tolist(), 10)}. Are clips missing?"
        )
    if clips.groups is None:
        return
    for group in np.unique(clips.groups):
        inside = np.unique(folds[clips.groups == group])
        if len(inside) > 1:
            raise ValueError(
                f"{clips.name}: clips of the recording {group!s} are in the folds "
                f"{listed(inside.tolist())}; a recording must not be on both sides."
            )


def listed(values: list, most: int = SHOWN) -> str:
    """Name the first of many values, for errors."""
    names = ", ".join(str(value) for value in values[:most])
    return names if len(values) <= most else f"{names} ... ({len(values)} in all)"
