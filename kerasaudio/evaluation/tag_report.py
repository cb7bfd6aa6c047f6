"""Report on how well a model tags clips that can have several classes, or none."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasaudio.arguments import plain
from kerasaudio.evaluation.report import finite
from kerasaudio.evaluation.scored import ScoredClips
from kerasaudio.metrics import PRAUC, ROCAUC, DPrime
from kerasaudio.moved import renamed

COLUMNS = ("clips", "roc_auc", "average_precision", "precision", "recall", "f1")


class WrongTag(NamedTuple):
    """A tag that the model missed, or predicted wrongly.

    Attributes:
        path: File of the clip.
        label: The tag.
        present: Whether the clip has the tag.
        score: Score that the model gave the tag.
    """

    path: Path
    label: str
    present: bool
    score: float


@renamed(labels="targets")
@dataclass(frozen=True, eq=False, repr=False)
class TagReport(ScoredClips):
    """Results of a model on clips that can have several classes.

    Attributes:
        dataset: Name of the data set.
        origin: Architecture, preset and file name of the model.
        class_names: Labels of the model.
        paths: File of each clip.
        targets: True classes of each clip, bool (clips, classes).
        scores: Scores averaged over the windows of each clip, float32 (clips, classes).
        skipped: Files that could not be used.
        learned: Number of clips in files that the model was trained on.
        threshold: Lowest score at which a tag counts as predicted; the areas under the
            curves do not depend on it.
        known: Which targets are known, bool (clips, classes); None if all are. The
            others count neither as present nor as absent, in any figure.

    Examples:
        `kerasaudio.evaluate` returns one. You can also make one from other scores.

        >>> report = kerasaudio.evaluation.TagReport(
        ...     dataset="songs",
        ...     class_names=("guitar", "slow"),
        ...     paths=("a.mp3", "b.mp3", "c.mp3"),
        ...     targets=np.array([[True, True], [False, True], [True, False]]),
        ...     scores=np.array([[0.8, 0.4], [0.1, 0.9], [0.6, 0.3]]),
        ... )
        >>> round(report.roc_auc, 3), round(report.instance_f1, 3)
        (1.0, 0.889)
        >>> report.mistakes[0].label, report.mistakes[0].present
        ('slow', True)
    """

    threshold: float = 0.5
    known: np.ndarray | None = None

    @property
    def truth(self) -> np.ndarray:
        """True classes of each clip, bool (clips, classes)."""
        return self.targets

    @property
    def predictions(self) -> np.ndarray:
        """Predicted classes of each clip among those known, bool (clips, classes)."""
        given = np.asarray(self.scores >= self.threshold)
        return given if self.known is None else given & self.known

    @property
    def instance_f1(self) -> float:
        """Mean over the clips of the F1 of their tags; 0 for a clip without any."""
        return float(_f1(self.truth, self.predictions, axis=1).mean())

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that are true or predicted; NaN if there are none."""
        used = (self.truth | self.predictions).any(axis=0)
        f1 = _f1(self.truth, self.predictions, axis=0)[used]
        return float(f1.mean()) if f1.size else float("nan")

    @property
    def d_prime(self) -> float:
        """Separation d' of clips with and without a class, computed from `roc_auc`."""
        if self.known is None:
            return self._area(DPrime)
        area = 2.0 * keras.ops.erfinv(2.0 * self.roc_auc - 1.0)
        return float(keras.ops.convert_to_numpy(area))

    @property
    def per_class(self) -> dict[str, dict[str, float]]:
        """Clips, areas, precision, recall and F1 of each class that has clips.

        The area under the ROC curve is NaN if all clips have the class.
        """
        truth, given = self.truth, self.predictions
        right = (truth & given).sum(axis=0)
        areas, precisions = self._by_class(ROCAUC), self._by_class(PRAUC)
        f1 = _f1(truth, given, axis=0)
        return {
            self.class_names[i]: {
                "clips": int(truth[:, i].sum()),
                "roc_auc": float(areas[i]),
                "average_precision": float(precisions[i]),
                "precision": float(right[i] / max(1, given[:, i].sum())),
                "recall": float(right[i] / truth[:, i].sum()),
                "f1": float(f1[i]),
            }
            for i in np.flatnonzero(truth.any(axis=0)).tolist()
        }

    @property
    def mistakes(self) -> list[WrongTag]:
        """Missed and wrong tags, those farthest from the threshold first."""
        wrong = np.argwhere(self.truth != self.predictions)
        there = self.truth[tuple(wrong.T)]
        scores = self.scores[tuple(wrong.T)]
        distance = np.abs(scores - self.threshold)
        return [
            WrongTag(
                self.paths[wrong[i, 0]],
                self.class_names[wrong[i, 1]],
                bool(there[i]),
                float(scores[i]),
            )
            for i in np.argsort(-distance, kind="stable")
        ]

    def figures(self) -> dict[str, float]:
        """Return the figures that summarize the report, by name."""
        return {
            "roc_auc": self.roc_auc,
            "pr_auc": self.pr_auc,
            "d_prime": self.d_prime,
            "instance_f1": self.instance_f1,
            "macro_f1": self.macro_f1,
        }

    def _details(self, mistakes: int) -> dict[str, Any]:
        return {
            "threshold": plain(self.threshold),
            "per_class": {name: finite(row) for name, row in self.per_class.items()},
            "mistakes": [
                m._asdict() | {"path": str(m.path)} for m in self.mistakes[:mistakes]
            ],
        }

    def _tables(self) -> dict[str, Any]:
        rows = [(name, *row.values()) for name, row in self.per_class.items()]
        return {
            "per_class.csv": [("label", *COLUMNS), *rows],
            "mistakes.csv": [WrongTag._fields, *self.mistakes],
        }

    def _classes(self) -> list[tuple[str, ...]]:
        shown = ("roc_auc", "average_precision", "f1")
        return [
            ("class", "clips", "ROC-AUC", "PR-AUC", "F1"),
            *(
                (name, str(found["clips"]), *(f"{found[key]:.3f}" for key in shown))
                for name, found in self.per_class.items()
            ),
        ]

    def _worst(self, mistakes: int) -> list[tuple[str, float, Path]]:
        return [
            (
                f"{wrong.label}, {'missed' if wrong.present else 'not there'}",
                wrong.score,
                wrong.path,
            )
            for wrong in self.mistakes[:mistakes]
        ]

    def _by_class(self, metric: Any) -> np.ndarray:
        if self.known is not None:
            return self._by_known_class(metric)
        heard: Any = self._metric(metric)
        return np.asarray(keras.ops.convert_to_numpy(heard.per_class()))

    def _by_known_class(self, metric: Any) -> np.ndarray:
        """Return the area of each class over the clips where it is known."""
        areas = np.full(len(self.class_names), np.nan, np.float32)
        for i, known in enumerate(np.asarray(self.known).T):
            if known.any():
                heard = metric(classes=1, max_clips=int(known.sum()))
                heard.update_state(
                    self.truth[known, i, None], self.scores[known, i, None]
                )
                areas[i] = float(heard.result())
        return areas

    def _area(self, metric: Any) -> float:
        if self.known is None:
            return super()._area(metric)
        areas = self._by_known_class(metric)
        return float(np.nanmean(areas)) if np.isfinite(areas).any() else float("nan")


def _f1(truth: np.ndarray, given: np.ndarray, axis: int) -> np.ndarray:
    right = 2 * (truth & given).sum(axis=axis)
    tags = truth.sum(axis=axis) + given.sum(axis=axis)
    return np.asarray(right / np.maximum(1, tags))
