"""`LabeledClips`: clips on disk with their classes, folds and recordings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.arguments import class_name
from kerasaudio.datasets.batching.batches import ClipBatches
from kerasaudio.datasets.check import (
    PARTS,
    check_folds,
    check_known,
    check_parts,
    check_spans,
    check_targets,
    listed,
)
from kerasaudio.moved import old_attribute, renamed


@renamed(labels="targets")
@dataclass(frozen=True, eq=False, repr=False)
class LabeledClips:
    """Sound files, or parts of them, with one or several classes each.

    Attributes:
        name: Name of the data set.
        paths: Path of each clip's file.
        targets: Class numbers from 0, int64 (clips,); if a clip can have several
            classes or none, multi-hot, bool (clips, classes).
        class_names: Names of the classes, in the order of their numbers; in Unicode's
            composed form, NFC.
        folds: Official fold of each clip, numbered from 1 without gaps, int64
            (clips,); None if the data set has no folds.
        groups: Recording (or speaker) that each clip is cut from, (clips,); a good
            split has no group on both sides. None if unknown: each file then counts as
            one recording.
        starts: Start of each clip in its file, in seconds, float64 (clips,); None for
            the beginning of the file.
        ends: End of each clip in its file, in seconds, float64 (clips,); None or
            infinity for the end of the file.
        parts: Part of the published split that each clip is in: "training",
            "validation" or "testing"; None if there is no such split.
        partial: Whether these are only some of a data set's clips, so that classes may
            be empty and folds may have gaps.
        shared: Recordings that are known to be in two of the published folds or parts,
            with these folds or parts. A UserWarning names them; any other recording on
            two sides is an error.
        known: Which classes of each clip are labeled, as present or absent, bool
            (clips, classes); None if all are. `evaluate` and `train` leave out the
            others.
        events: Events of each clip, a tuple of (class name, start, end) in seconds from
            the start of the clip, or None if they are unknown, object (clips,);
            `kerasaudio.metrics.segment_f1` compares them with those of `find_events`.
            None if the data set has no times.

    Raises:
        ValueError: Lengths differ, a target has no class name, a class has no clip,
            folds have gaps, a recording is in two folds or parts, a clip ends before it
            starts, or a class that is not known is in the targets.

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
    shared: Mapping[Any, tuple[Any, ...]] = field(default_factory=dict)
    known: np.ndarray | None = None
    events: np.ndarray | None = None

    # Numbers of the published folds, of which a folder may have only some.
    published_folds: ClassVar[range | None] = None
    labels = old_attribute("labels", "targets")

    def __post_init__(self) -> None:
        """Normalize class names and check that the fields fit together."""
        # object.__setattr__, because the class is frozen. NFC, because file systems
        # encode accents in two ways.
        names = tuple(class_name(name) for name in self.class_names)
        object.__setattr__(self, "class_names", names)
        if not self.paths:
            raise ValueError(f"{self.name} has no clips.")
        each = ("targets", "folds", "groups", "starts", "ends", "parts", "events")
        for name in each:
            values = getattr(self, name)
            if values is None or np.shape(values) == (len(self.paths),):
                continue
            if name != "targets" or np.shape(values) != self._multi_shape:
                raise ValueError(
                    f"{self.name}: {name} must have one entry for each of the "
                    f"{len(self.paths)} clips. Received: shape {np.shape(values)}."
                )
        check_targets(self)
        check_known(self)
        check_spans(self)
        if self.folds is not None:
            check_folds(self, self.folds)
        if self.parts is not None:
            check_parts(self, self.parts)

    @property
    def _multi_shape(self) -> tuple[int, int]:
        return len(self.paths), len(self.class_names)

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.paths)

    def __repr__(self) -> str:
        """Return the name and the numbers of clips, classes and folds in one line."""
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
        """Number of the recording of each clip (its group or its file), (clips,)."""
        source = self.groups
        if source is None:
            source = np.array([str(path) for path in self.paths])
        return np.unique(source, return_inverse=True)[1]

    @property
    def categories(self) -> tuple[str, ...]:
        """Class name of each clip; several names are joined by ";"."""
        if self.multi_label:
            return tuple(
                ";".join(self.class_names[i] for i in np.flatnonzero(row))
                for row in self.targets
            )
        return tuple(self.class_names[label] for label in self.targets)

    def take(self, which: ArrayLike, name: str | None = None) -> "LabeledClips":
        """Return some of the clips, with the same class names.

        Args:
            which: Positions, int (n,), or a mask, bool (clips,).
            name: Name of the new set; None for the same name.

        Raises:
            ValueError: No clip is chosen, or a position is out of range.
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
        """Return the clips of all other folds (to train on) and those of this fold.

        Raises:
            ValueError: There are fewer than two folds, or none has this number.
        """
        folds = self.require_folds()
        if fold not in folds:
            raise ValueError(
                f"{self.name} has the folds {listed(np.unique(folds).tolist(), 10)}. "
                f"Received: {fold!r}."
            )
        return self.take(folds != fold), self.take(folds == fold)

    def published_split(self) -> tuple["LabeledClips", ...]:
        """Return the parts of the published split: training, (validation,) testing.

        Raises:
            ValueError: The data set has no published split.
        """
        if self.parts is None:
            raise ValueError(
                f"{self.name} has no published split. Use kerasaudio.datasets.split, "
                "or hold_out(fold) if there are folds."
            )
        there = [part for part in PARTS if (self.parts == part).any()]
        return tuple(self.take(self.parts == part) for part in there)

    def class_weights(self) -> dict[int, float]:
        """Return a weight per class that balances classes with few and many clips.

        Returns:
            clips / (classes * clips of the class) by class number, for
            `fit(class_weight=...)`. If each clip has one class, the weights average to
            1 over all clips. Classes without a clip are left out.
        """
        counts = self.multi_hot.sum(axis=0)
        there = np.flatnonzero(counts)
        return {int(i): float(len(self) / (len(there) * counts[i])) for i in there}

    def batches(
        self, model_or_spec: Any, batch_size: int = 32, **settings: Any
    ) -> ClipBatches:
        """Return batches for `fit`, `evaluate` and `predict`; see `ClipBatches`."""
        return ClipBatches(self, model_or_spec, batch_size, **settings)

    def require_whole_files(self, what: str) -> None:
        """Raise unless each clip is a whole file with one class.

        Args:
            what: Name of the function that needs whole files, for the message.

        Raises:
            ValueError: Clips can have several classes, or are parts of files.
        """
        if self.multi_label or self.starts is not None or self.ends is not None:
            found = "several classes per clip" if self.multi_label else "parts of files"
            raise ValueError(
                f"{what} needs whole files with one class each, but {self.name} has "
                f"{found}. Train with fit(clips.batches(model)), and predict with "
                "kerasaudio.evaluation.predict_clips."
            )

    def require_folds(self) -> np.ndarray:
        """Return the fold of each clip, int64 (clips,).

        Raises:
            ValueError: The data set has fewer than two folds, or all clips of a class
                are in one fold, so that no clip is left to train on.
        """
        if self.folds is None or len(np.unique(self.folds)) < 2:
            raise ValueError(
                f"{self.name} has no folds for cross-validation. Give each clip one, "
                "numbered from 1: LabeledClips(..., folds=...), or use "
                "kerasaudio.datasets.k_fold."
            )
        for name, has_it in zip(self.class_names, self.multi_hot.T, strict=True):
            where = np.unique(self.folds[has_it])
            if len(where) == 1:
                raise ValueError(
                    f"{self.name}: all clips of class {name!r} are in fold {where[0]}. "
                    "When that fold is held out, the class has no clip to train on."
                )
        return self.folds
