"""What reports on clips with one class, and on clips with several, have in common."""

from abc import abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.evaluation.report import FIGURES, Report, finite, table
from kerasaudio.metrics import PRAUC, ROCAUC
from kerasaudio.metrics.per_clip import PerClipMetric
from kerasaudio.moved import old_attribute
from kerasaudio.text import percent, printable

WORST = 5  # mistakes shown


@dataclass(frozen=True, eq=False, repr=False)
class ScoredClips(Report):
    """Labeled clips, and the scores that a model gave them.

    Attributes:
        dataset: Name of the data set.
        origin: The model: architecture, preset, name of its file.
        class_names: The model's labels.
        paths: The clips.
        targets: What each clip is; see the reports.
        scores: Averaged over the windows of each clip, float32 (clips, classes).
        skipped: Files that could not be used.
    """

    dataset: str
    class_names: tuple[str, ...]
    paths: tuple[Path, ...]
    targets: np.ndarray
    scores: np.ndarray
    skipped: tuple[Path, ...] = ()
    origin: dict[str, Any] = field(default_factory=dict)

    labels = old_attribute("labels", "targets")

    @property
    @abstractmethod
    def truth(self) -> np.ndarray:
        """Which classes each clip has, bool (clips, classes)."""

    @property
    def roc_auc(self) -> float:
        """Mean area under the ROC curve of the classes; NaN if only one has clips."""
        return self._area(ROCAUC)

    @property
    def pr_auc(self) -> float:
        """Mean average precision (mAP) of the classes that have clips."""
        return self._area(PRAUC)

    def to_dict(self, mistakes: int = 10) -> dict[str, Any]:
        """Return the figures and the worst mistakes, ready for JSON."""
        return {
            "dataset": self.dataset,
            "clips": len(self.paths),
            **finite(self.figures()),
            **self._details(mistakes),
            "skipped": [str(path) for path in self.skipped],
            "origin": dict(self.origin),
        }

    def table(self) -> str:
        """Return figures, classes and the worst mistakes as tables for people."""
        figures = [
            (FIGURES[name], percent(value) if name == "accuracy" else f"{value:.3f}")
            for name, value in self.figures().items()
        ]
        parts = [table(*figures), table(*self._classes())]
        worst = [
            (what, f"{score:.3f}", printable(path))
            for what, score, path in self._worst(WORST)
        ]
        if worst:
            parts.append(table(("worst mistakes", "score", "file"), *worst))
        return "\n\n".join(parts)

    @abstractmethod
    def _details(self, mistakes: int) -> dict[str, Any]:
        """Return what `to_dict` has besides the figures."""

    @abstractmethod
    def _classes(self) -> list[tuple[str, ...]]:
        """Return a row a class, below a heading."""

    @abstractmethod
    def _worst(self, mistakes: int) -> list[tuple[str, float, Path]]:
        """Return the worst mistakes: what happened, the score, the file."""

    def _metric(self, metric: Any) -> PerClipMetric:
        """Return a metric that has heard all clips."""
        clips, classes = self.scores.shape
        heard: PerClipMetric = metric(classes=classes, max_clips=clips)
        heard.update_state(self.truth, self.scores)
        return heard

    def _area(self, metric: Any) -> float:
        return float(self._metric(metric).result())
