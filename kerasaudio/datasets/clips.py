"""What every data set gives: clips on disk, their classes, folds and recordings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.arguments import class_name
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.datasets.check import (
    PARTS,
    check_folds,
    check_parts,
    check_spans,
    check_targets,
    listed,
)
from kerasaudio.moved import old_attribute, renamed


@renamed(labels="targets")
@dataclass(frozen=True, eq=False, repr=False)
class LabeledClips:
    """Sound files, or parts of them, with one class each or with several.

    Attributes:
        name: Of the data set.
        paths: The files.
        targets: Class numbers from 0, int64 (clips,); or where a clip can have several
            classes or none, multi-hot, bool (clips, classes).
        class_names: Names of the classes, in the order of their numbers; in Unicode's
            composed form, NFC.
        folds: Official fold of each clip, numbered from 1 without gaps, int64
            (clips,); None if the data set has no folds.
        groups: Recording (or speaker) that each clip is cut from, (clips,); a good
            split has none on both sides. None if unknown: each file is one then.
        starts: Where each clip begins in its file, in seconds, float64 (clips,); None
            for the beginning.
        ends: Where it ends, in seconds; None, or infinity, for the end of the file.
        parts: Which part of the published split each clip is in: "training",
            "validation" or "testing"; None if there is no such split.
        partial: Whether these are some of a data set's clips, so that classes may have
            none, and folds gaps.
        shared: Recordings that the published folds of a data set are known to have on
            two sides, and those folds. A UserWarning names them; any other recording
            in two folds is an error.

    Raises:
        ValueError: Lengths that differ, targets without a name, classes without a
            clip, folds with gaps, a recording in two folds or parts, clips that end
            before they start.

    Examples:
        >>> clips = kerasaudio.datasets.LabeledClips(
        ...     name="yard",
        ...     paths=tuple(kerasaudio.find_audio("sounds")),
        ...     targets=np.array([0, 1, 2]),
        ...     class_names=("bark", "knock", "rain"),
        ... )
        >>> clips
        LabeledClips('yard', clips=3, classes=3)
        >>> clips.take([0, 2]).categories
        ('bark', 'rain')
    """

    name: str
    paths: tuple[Path, ...]
    targets: np.ndarray
    class_names: tuple[str, ...]
    folds: np.ndarray | None = None
    groups: np.ndarray | None = None
    starts: np.ndarray | None = None
    ends: np.ndarray | None = None
    parts: np.ndarray | None = None
    partial: bool = False
    shared: Mapping[Any, tuple[int, ...]] = field(default_factory=dict)

    labels = old_attribute("labels", "targets")

    def __post_init__(self) -> None:
        """Bring class names into one form; check that the fields fit together."""
        # Frozen, hence by the back door; file systems write accents in two ways.
        names = tuple(class_name(name) for name in self.class_names)
        object.__setattr__(self, "class_names", names)
        if not self.paths:
            raise ValueError(f"{self.name} holds no clips.")
        for name in ("targets", "folds", "groups", "starts", "ends", "parts"):
            values = getattr(self, name)
            if values is None or np.shape(values) == (len(self.paths),):
                continue
            if name != "targets" or np.shape(values) != self._multi_shape:
                raise ValueError(
                    f"{self.name}: {name} must have one entry for each of the "
                    f"{len(self.paths)} clips. Received: shape {np.shape(values)}."
                )
        check_targets(self)
        check_spans(self)
        if self.folds is not None:
            check_folds(self, self.folds)
        if self.parts is not None:
            check_parts(self, self.parts)

    @property
    def _multi_shape(self) -> tuple[int, int]:
        return len(self.paths), len(self.class_names)

    def __len__(self) -> int:
        """Give the number of clips."""
        return len(self.paths)

    def __repr__(self) -> str:
        """Give name and numbers in a line."""
        told = [f"clips={len(self)}", f"classes={len(self.class_names)}"]
        if self.folds is not None:
            told.append(f"folds={len(np.unique(self.folds))}")
        return f"{type(self).__name__}({self.name!r}, {', '.join(told)})"

    @property
    def multi_label(self) -> bool:
        """Whether a clip can have several classes."""
        return self.targets.ndim == 2

    @property
    def multi_hot(self) -> np.ndarray:
        """Which classes each clip has, bool (clips, classes)."""
        if self.multi_label:
            return self.targets.astype(bool)
        return self.targets[:, None] == np.arange(len(self.class_names))

    @property
    def recordings(self) -> np.ndarray:
        """Number of the recording that each clip is from: its group, or its file."""
        source = self.groups
        if source is None:
            source = np.array([str(path) for path in self.paths])
        return np.unique(source, return_inverse=True)[1]

    @property
    def categories(self) -> tuple[str, ...]:
        """Class name of each clip; of several, joined by ";"."""
        if self.multi_label:
            return tuple(
                ";".join(self.class_names[i] for i in np.flatnonzero(row))
                for row in self.targets
            )
        return tuple(self.class_names[label] for label in self.targets)

    def take(self, which: ArrayLike, name: str | None = None) -> "LabeledClips":
        """Give some of the clips, with all classes.

        Args:
            which: Positions, int (n,), or bool (clips,).
            name: Of the new set; None for this one's.

        Raises:
            ValueError: No clips, or positions that there are not.
        """
        chosen = np.asarray(which)
        if chosen.dtype == bool and chosen.shape == (len(self),):
            chosen = np.flatnonzero(chosen)
        if chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu":
            raise ValueError(
                f"{self.name}: take needs positions of clips, or a mask of "
                f"{len(self)}. Received: {chosen.dtype} of shape {chosen.shape}."
            )
        if chosen.min() < 0 or chosen.max() >= len(self):
            raise ValueError(
                f"{self.name} has clips 0 to {len(self) - 1}. Received: "
                f"{chosen.min()} to {chosen.max()}."
            )
        values: dict[str, Any] = {}
        for each in fields(LabeledClips):
            value = getattr(self, each.name)
            values[each.name] = (
                value[chosen] if isinstance(value, np.ndarray) else value
            )
        values["paths"] = tuple(self.paths[i] for i in chosen)
        return LabeledClips(**values | {"name": name or self.name, "partial": True})

    def hold_out(self, fold: int) -> tuple["LabeledClips", "LabeledClips"]:
        """Give the clips of all other folds, to learn from, and those of one.

        Raises:
            ValueError: There are no folds to do so with, or not this one.
        """
        folds = self.require_folds()
        if fold not in folds:
            raise ValueError(
                f"{self.name} has the folds {listed(np.unique(folds).tolist(), 10)}. "
                f"Received: {fold!r}."
            )
        return self.take(folds != fold), self.take(folds == fold)

    def published_split(self) -> tuple["LabeledClips", ...]:
        """Give the parts of the published split: training, (validation,) testing.

        Raises:
            ValueError: The data set has none.
        """
        if self.parts is None:
            raise ValueError(
                f"{self.name} has no published split. Use kerasaudio.datasets.split, "
                "or hold_out(fold) where there are folds."
            )
        there = [part for part in PARTS if (self.parts == part).any()]
        return tuple(self.take(self.parts == part) for part in there)

    def class_weights(self) -> dict[int, float]:
        """Give each class the weight that makes up for its share of the clips.

        Returns:
            clips / (classes * clips of the class), for `fit(class_weight=...)`; over
            all clips they average to 1 where each has one class. Classes without a
            clip have none.
        """
        counts = self.multi_hot.sum(axis=0)
        there = np.flatnonzero(counts)
        return {int(i): float(len(self) / (len(there) * counts[i])) for i in there}

    def batches(
        self, model_or_spec: Any, batch_size: int = 32, **settings: Any
    ) -> ClipBatches:
        """Give batches for `fit`, `evaluate` and `predict`; see `ClipBatches`."""
        return ClipBatches(self, model_or_spec, batch_size, **settings)

    def require_whole_files(self, what: str) -> None:
        """Raise unless each clip is a file of its own, with one class.

        Args:
            what: Needs them so.

        Raises:
            ValueError: Clips have several classes, or are parts of files.
        """
        if self.multi_label or self.starts is not None or self.ends is not None:
            found = "several classes a clip" if self.multi_label else "parts of files"
            raise ValueError(
                f"{what} takes whole files with one class each. {self.name} has "
                f"{found}: train with fit(clips.batches(model)), and predict with "
                "kerasaudio.evaluation.predict_clips."
            )

    def require_folds(self) -> np.ndarray:
        """Give the folds.

        Raises:
            ValueError: The data set has none, or only one, or a class is in one fold
                only, so that nothing is left to learn it from.
        """
        if self.folds is None or len(np.unique(self.folds)) < 2:
            raise ValueError(
                f"{self.name} has no folds to cross-validate with. Give each clip one, "
                "numbered from 1: LabeledClips(..., folds=...), or use "
                "kerasaudio.datasets.k_fold."
            )
        for name, has_it in zip(self.class_names, self.multi_hot.T, strict=True):
            where = np.unique(self.folds[has_it])
            if len(where) == 1:
                raise ValueError(
                    f"{self.name}: all clips of class {name!r} are in fold {where[0]}. "
                    "When that fold is held out, nothing is left to learn it from."
                )
        return self.folds
