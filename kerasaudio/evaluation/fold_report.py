"""Report on a cross-validation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.datasets import LabeledClips
from kerasaudio.evaluation.report import (
    Report,
    draw_confusion,
    finite,
    table,
    taken_for,
)
from kerasaudio.moved import old_attribute, renamed
from kerasaudio.text import percent


@renamed(labels="targets")
@dataclass(frozen=True, eq=False, repr=False)
class FoldReport(Report):
    """Results of a classifier on the folds of a data set.

    Attributes:
        dataset: Name of the data set.
        probe: Kind of classifier.
        folds: Accuracy on each held-out fold, 0 to 1.
        confusion: Number of clips by true class (row) and predicted class (column),
            summed over the folds, int64 (classes, classes).
        class_names: Names of the rows and columns.
        paths: File of each clip.
        targets: True class of each clip, int64 (clips,).
        predictions: Class of each clip, predicted by the model that was trained without
            the clip's fold, int64 (clips,).
        fold_of: Fold of each clip, int64 (clips,).
        seed: Random seed.
        settings: Settings of the classifier.
        origin: Facts about the network: model, layer, weights_hash, kerasaudio version
            and others.
        seconds: Time spent on "features" and on "folds", in seconds.

    Examples:
        `kerasaudio.cross_validate` returns one. You can also make one from other
        predictions.

        >>> clips = kerasaudio.datasets.from_table("clips.csv")
        >>> report = kerasaudio.evaluation.FoldReport.of(
        ...     clips, np.zeros(8, int), probe="always the first", seed=0
        ... )
        >>> report
        FoldReport('clips', clips=8, accuracy=0.5, std=0)
        >>> report.per_class
        {'hiss': 1.0, 'hum': 0.0}
    """

    dataset: str
    probe: str
    folds: tuple[float, ...]
    confusion: np.ndarray
    class_names: tuple[str, ...]
    paths: tuple[Path, ...]
    targets: np.ndarray
    predictions: np.ndarray
    fold_of: np.ndarray
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    labels = old_attribute("labels", "targets")

    @classmethod
    def of(
        cls, clips: LabeledClips, predictions: np.ndarray, **facts: Any
    ) -> "FoldReport":
        """Make a report from predictions.

        Args:
            clips: Clips with folds.
            predictions: Predicted class of each clip, int (clips,).
            **facts: probe, seed, settings, origin and seconds; see the attributes.
        """
        fold_of = clips.require_folds()
        right = predictions == clips.targets
        confusion = np.zeros((len(clips.class_names),) * 2, np.int64)
        np.add.at(confusion, (clips.targets, predictions), 1)
        return cls(
            dataset=clips.name,
            folds=tuple(
                float(right[fold_of == fold].mean()) for fold in np.unique(fold_of)
            ),
            confusion=confusion,
            class_names=clips.class_names,
            paths=clips.paths,
            targets=clips.targets,
            predictions=predictions,
            fold_of=fold_of,
            **facts,
        )

    def figures(self) -> dict[str, float]:
        """Return the figures that summarize the report, by name."""
        return {"accuracy": self.accuracy, "std": self.std}

    @property
    def accuracy(self) -> float:
        """Mean accuracy over the folds, 0 to 1."""
        return float(np.mean(self.folds))

    @property
    def std(self) -> float:
        """Population standard deviation of the folds' accuracies."""
        return float(np.std(self.folds))

    @property
    def per_class(self) -> dict[str, float]:
        """Fraction of each class's clips that were recognized; NaN without clips."""
        right, there = np.diag(self.confusion), self.confusion.sum(axis=1)
        shares = np.where(there > 0, right / np.maximum(1, there), np.nan)
        return dict(zip(self.class_names, shares.tolist(), strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Return everything except the single clips as a JSON-ready dictionary."""
        return {
            "dataset": self.dataset,
            "clips": len(self.paths),
            "probe": self.probe,
            "accuracy": self.accuracy,
            "std": self.std,
            "folds": list(self.folds),
            "per_class": finite(self.per_class),
            "class_names": list(self.class_names),
            "confusion": self.confusion.tolist(),
            "seed": self.seed,
            "settings": dict(self.settings),
            "origin": dict(self.origin),
            "seconds": dict(self.seconds),
        }

    def table(self) -> str:
        """Return the folds and classes as text tables."""
        folds = [(str(i), percent(a)) for i, a in enumerate(self.folds, start=1)]
        mean = f"{percent(self.accuracy)} ± {percent(self.std)}"
        classes = [
            (
                name,
                str(self.confusion[row].sum()),
                "-" if np.isnan(share) else percent(share),
                taken_for(self.class_names, self.confusion, row),
            )
            for row, (name, share) in enumerate(self.per_class.items())
        ]
        return "\n\n".join(
            [
                table(("fold", "accuracy"), *folds, ("mean", mean)),
                table(("class", "clips", "accuracy", "taken for"), *classes),
            ]
        )

    def pictures(self, folder: str | PathLike[str]) -> list[Path]:
        """Draw confusion.png; see `Report.pictures`."""
        return draw_confusion(self.confusion, self.class_names, Path(folder))

    def _tables(self) -> dict[str, Any]:
        heading = ["true \\ predicted", *self.class_names]
        counts = zip(self.class_names, self.confusion.tolist(), strict=True)
        return {
            "confusion.csv": [heading, *([name, *row] for name, row in counts)],
            "predictions.csv": self._predictions(),
        }

    def _predictions(self) -> list[list[Any]]:
        rows = [
            [str(path), fold, self.class_names[label], self.class_names[guess]]
            for path, fold, label, guess in zip(
                self.paths, self.fold_of, self.targets, self.predictions, strict=True
            )
        ]
        return [["path", "fold", "label", "predicted"], *rows]
