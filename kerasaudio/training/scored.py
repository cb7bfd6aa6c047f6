"""What reports on clips with one class, and on clips with several, have in common."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.files.whole_file import write_text
from kerasaudio.metrics import PRAUC, ROCAUC
from kerasaudio.metrics.per_clip import PerClipMetric


@dataclass(frozen=True, eq=False)
class ScoredClips:
    """Labelled clips, and the scores that a model gave them.

    Attributes:
        dataset: Name of the data set.
        origin: The model: architecture, preset, name of its file.
        class_names: The model's labels.
        paths: The clips.
        labels: What each clip is; see the reports.
        scores: Averaged over the windows of each clip, float32 (clips, classes).
        skipped: Files that could not be used.
    """

    dataset: str
    class_names: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: np.ndarray
    scores: np.ndarray
    skipped: tuple[Path, ...] = ()
    origin: dict[str, Any] = field(default_factory=dict)

    @property
    def truth(self) -> np.ndarray:
        """Which classes each clip has, bool (clips, classes)."""
        raise NotImplementedError

    @property
    def roc_auc(self) -> float:
        """Mean area under the ROC curve of the classes; NaN if only one has clips."""
        return self._area(ROCAUC)

    @property
    def pr_auc(self) -> float:
        """Mean average precision (mAP) of the classes that have clips."""
        return self._area(PRAUC)

    def figures(self) -> dict[str, float]:
        """Give the figures that sum up the report, by name."""
        raise NotImplementedError

    def to_dict(self, mistakes: int = 10) -> dict[str, Any]:
        """Give the figures and the worst mistakes, ready for JSON."""
        return {
            "dataset": self.dataset,
            "clips": len(self.paths),
            **finite(self.figures()),
            **self._details(mistakes),
            "skipped": [str(path) for path in self.skipped],
            "origin": dict(self.origin),
        }

    def to_json(self) -> str:
        """Give `to_dict` as text."""
        return json.dumps(self.to_dict(), indent=2)

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write report.json, and what else the report has.

        Args:
            folder: Made if it does not exist; files of these names are replaced.

        Returns:
            The folder.

        Raises:
            OSError: It cannot be written.
            ImportError: A picture needs the extra `plot`; the rest is written.
        """
        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "report.json", self.to_json() + "\n")
        self._save_details(out)
        return out

    def _details(self, mistakes: int) -> dict[str, Any]:
        raise NotImplementedError

    def _save_details(self, out: Path) -> None:
        raise NotImplementedError

    def _metric(self, metric: Any) -> PerClipMetric:
        """Give a metric that has heard all clips."""
        clips, classes = self.scores.shape
        heard: PerClipMetric = metric(classes=classes, max_clips=clips)
        heard.update_state(self.truth, self.scores)
        return heard

    def _area(self, metric: Any) -> float:
        return float(self._metric(metric).result())


def finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Give figures as JSON knows them: what is no number becomes None."""
    return {k: v if math.isfinite(v) else None for k, v in figures.items()}
