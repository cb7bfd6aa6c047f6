"""Report on how well a model recognizes clips with one class each."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.evaluation.report import draw_confusion, taken_for
from kerasaudio.evaluation.scored import ScoredClips
from kerasaudio.moved import renamed
from kerasaudio.text import percent


class Mistake(NamedTuple):
    """A clip whose class was predicted wrongly.

    Attributes:
        path: File of the clip.
        label: True class.
        predicted: Predicted class.
        score: Score of the predicted class.
        true_score: Score of the true class.
    """

    path: Path
    label: str
    predicted: str
    score: float
    true_score: float


@renamed(labels="targets")
@dataclass(frozen=True, eq=False, repr=False)
class ClipReport(ScoredClips):
    """Results of a model on clips with one class each.

    Attributes:
        dataset: Name of the data set.
        origin: Architecture, preset and file name of the model.
        class_names: Labels of the model.
        paths: File of each clip.
        targets: True class of each clip, int64 (clips,).
        scores: Scores averaged over the windows of each clip, float32 (clips, classes).
        skipped: Files that could not be used.
        learned: Number of clips in files that the model was trained on.

    Examples:
        `kerasaudio.evaluate` returns one. You can also make one from other scores.

        >>> report = kerasaudio.evaluation.ClipReport(
        ...     dataset="yard",
        ...     class_names=("bark", "knock"),
        ...     paths=("a.wav", "b.wav", "c.wav"),
        ...     targets=np.array([0, 1, 1]),
        ...     scores=np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]),
        ... )
        >>> round(report.accuracy, 3), report.confusion.tolist()
        (0.667, [[1, 0], [1, 1]])
        >>> report.mistakes[0].path, report.mistakes[0].predicted
        ('c.wav', 'bark')
    """

    @property
    def truth(self) -> np.ndarray:
        """True class of each clip, one-hot, bool (clips, classes)."""
        return np.asarray(self.targets[:, None] == np.arange(len(self.class_names)))

    @property
    def predictions(self) -> np.ndarray:
        """Class with the highest score, int64 (clips,)."""
        return np.asarray(self.scores.argmax(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        """Fraction of the clips that were recognized, 0 to 1."""
        return float((self.predictions == self.targets).mean())

    @property
    def seen(self) -> np.ndarray:
        """Numbers of the classes that are true or predicted: rows of `confusion`."""
        return np.union1d(self.targets, self.predictions)

    @property
    def confusion(self) -> np.ndarray:
        """Number of clips by true (row) and predicted class (column), as in `seen`."""
        counts = np.zeros((len(self.class_names),) * 2, np.int64)
        np.add.at(counts, (self.targets, self.predictions), 1)
        return counts[np.ix_(self.seen, self.seen)]

    @property
    def per_class(self) -> dict[str, dict[str, float]]:
        """Clips, precision, recall and F1 of each class in `seen`."""
        counts = self.confusion
        right, there, named = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        return {
            self.class_names[number]: {
                "clips": int(there[row]),
                "precision": float(right[row] / max(1, named[row])),
                "recall": float(right[row] / max(1, there[row])),
                "f1": float(2 * right[row] / (there[row] + named[row])),
            }
            for row, number in enumerate(self.seen.tolist())
        }

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes in `seen`."""
        return float(np.mean([found["f1"] for found in self.per_class.values()]))

    @property
    def mistakes(self) -> list[Mistake]:
        """Clips that were not recognized, most confident mistakes first."""
        rows = np.arange(len(self.targets))
        said, true = (
            self.scores[rows, self.predictions],
            self.scores[rows, self.targets],
        )
        wrong = np.flatnonzero(self.predictions != self.targets)
        return [
            Mistake(
                self.paths[i],
                self.class_names[self.targets[i]],
                self.class_names[self.predictions[i]],
                float(said[i]),
                float(true[i]),
            )
            for i in wrong[np.argsort((true - said)[wrong], kind="stable")]
        ]

    def figures(self) -> dict[str, float]:
        """Return the figures that summarize the report, by name."""
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "roc_auc": self.roc_auc,
            "pr_auc": self.pr_auc,
        }

    def _details(self, mistakes: int) -> dict[str, Any]:
        return {
            "per_class": self.per_class,
            "class_names": [self.class_names[i] for i in self.seen],
            "confusion": self.confusion.tolist(),
            "mistakes": [
                m._asdict() | {"path": str(m.path)} for m in self.mistakes[:mistakes]
            ],
        }

    def _tables(self) -> dict[str, Any]:
        return {"mistakes.csv": [Mistake._fields, *self.mistakes]}

    def pictures(self, folder: str | PathLike[str]) -> list[Path]:
        """Draw confusion.png; see `Report.pictures`."""
        names = [self.class_names[i] for i in self.seen]
        return draw_confusion(self.confusion, names, Path(folder))

    def _classes(self) -> list[tuple[str, ...]]:
        names, counts = list(self.per_class), self.confusion
        rows: list[tuple[str, ...]] = [("class", "clips", "found", "F1", "taken for")]
        for row, (name, found) in enumerate(self.per_class.items()):
            share = percent(found["recall"]) if found["clips"] else "-"
            wrong = taken_for(names, counts, row)
            rows.append((name, str(found["clips"]), share, f"{found['f1']:.3f}", wrong))
        return rows

    def _worst(self, mistakes: int) -> list[tuple[str, float, Path]]:
        return [
            (f"{wrong.label}, taken for {wrong.predicted}", wrong.score, wrong.path)
            for wrong in self.mistakes[:mistakes]
        ]
