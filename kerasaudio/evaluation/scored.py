"""The common base of reports on clips with one class and with several."""

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

WORST = 5  # number of mistakes shown


@dataclass(frozen=True, eq=False, repr=False)
class ScoredClips(Report):
    """Labeled clips with the scores of a model.

    Attributes:
        dataset: Name of the data set.
        origin: Architecture, preset and file name of the model.
        class_names: Labels of the model.
        paths: File of each clip.
        targets: True class or classes of each clip; see the reports.
        scores: Scores averaged over the windows of each clip, float32 (clips, classes).
        skipped: Files that could not be used.
        learned: Number of clips in files that the model was trained on.
    """

    dataset: str
    class_names: tuple[str, ...]
    paths: tuple[Path, ...]
    targets: np.ndarray
    scores: np.ndarray
    skipped: tuple[Path, ...] = ()
    origin: dict[str, Any] = field(default_factory=dict)
    learned: int = 0

    labels = old_attribute("labels", "targets")

    @property
    @abstractmethod
    def truth(self) -> np.ndarray:
        """True classes of each clip, bool (clips, classes)."""

    @property
    def roc_auc(self) -> float:
        """Mean area under the ROC curve of the classes; NaN if only one has clips."""
        return self._area(ROCAUC)

    @property
    def pr_auc(self) -> float:
        """Mean average precision (mAP) of the classes that have clips."""
        return self._area(PRAUC)

    def to_dict(self, mistakes: int = 10) -> dict[str, Any]:
        """Return the figures and the worst mistakes as a JSON-ready dictionary."""
        return {
            "dataset": self.dataset,
            "clips": len(self.paths),
            **finite(self.figures()),
            **self._details(mistakes),
            "skipped": [str(path) for path in self.skipped],
            "learned": self.learned,
            "origin": dict(self.origin),
        }

    def table(self) -> str:
        """Return the figures, classes and worst mistakes as text tables."""
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
        if self.learned:
            parts.append(
                f"{self.learned} of these {len(self.paths)} clips are from files that "
                "the model was trained on. Measure\nit on others to know how well it "
                "recognizes new sounds."
            )
        return "\n\n".join(parts)

    @abstractmethod
    def _details(self, mistakes: int) -> dict[str, Any]:
        """Return the entries of `to_dict` besides the figures."""

    @abstractmethod
    def _classes(self) -> list[tuple[str, ...]]:
        """Return a heading and one row per class."""

    @abstractmethod
    def _worst(self, mistakes: int) -> list[tuple[str, float, Path]]:
        """Return the worst mistakes: description, score, file."""

    def _metric(self, metric: Any) -> PerClipMetric:
        """Return a metric that is updated with all clips."""
        clips, classes = self.scores.shape
        heard: PerClipMetric = metric(classes=classes, max_clips=clips)
        heard.update_state(self.truth, self.scores)
        return heard

    def _area(self, metric: Any) -> float:
        return float(self._metric(metric).result())
