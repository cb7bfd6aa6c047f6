"""How well a model does on labelled clips: its windows averaged, clip by clip."""

import json
import math
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.datasets import LabelledClips, predict_clips
from kerasaudio.datasets.targets import targets_for
from kerasaudio.metrics import PRAUC, ROCAUC
from kerasaudio.models import AudioModel
from kerasaudio.whole_file import write_csv, write_text


class Mistake(NamedTuple):
    """A clip that was taken for something else.

    Attributes:
        path: Its file.
        label: What it is.
        predicted: What the model says.
        score: Of what the model says.
        true_score: Of what it is.
    """

    path: Path
    label: str
    predicted: str
    score: float
    true_score: float


@dataclass(frozen=True, eq=False)
class ClipReport:
    """What a model makes of labelled clips.

    Attributes:
        dataset: Name of the data set.
        origin: The model: architecture, preset, name of its file.
        class_names: The model's labels.
        paths: The clips.
        labels: True class of each clip, int64 (clips,).
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
    def predictions(self) -> np.ndarray:
        """Class with the highest score, int64 (clips,)."""
        return np.asarray(self.scores.argmax(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        """Share of the clips that were recognised."""
        return float((self.predictions == self.labels).mean())

    @property
    def seen(self) -> np.ndarray:
        """Classes that clips are of, or were taken for: the rows of `confusion`."""
        return np.union1d(self.labels, self.predictions)

    @property
    def confusion(self) -> np.ndarray:
        """Clips by true (row) and predicted class (column), among those `seen`."""
        counts = np.zeros((len(self.class_names),) * 2, np.int64)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts[np.ix_(self.seen, self.seen)]

    @property
    def per_class(self) -> dict[str, dict[str, float]]:
        """Clips, precision, recall and F1 of each class that was `seen`."""
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
        """Mean F1 of the classes that were `seen`."""
        return float(np.mean([found["f1"] for found in self.per_class.values()]))

    @property
    def roc_auc(self) -> float:
        """Mean area under the ROC curve of the classes; NaN if only one has clips."""
        return self._area(ROCAUC)

    @property
    def pr_auc(self) -> float:
        """Mean average precision of the classes that have clips."""
        return self._area(PRAUC)

    def _area(self, metric: Any) -> float:
        clips, classes = self.scores.shape
        area = metric(classes=classes, max_clips=clips)
        area.update_state(self.labels[:, None] == np.arange(classes), self.scores)
        return float(area.result())

    @property
    def mistakes(self) -> list[Mistake]:
        """Clips that were not recognised, those the model was surest about first."""
        rows = np.arange(len(self.labels))
        said, true = self.scores[rows, self.predictions], self.scores[rows, self.labels]
        wrong = np.flatnonzero(self.predictions != self.labels)
        return [
            Mistake(
                self.paths[i],
                self.class_names[self.labels[i]],
                self.class_names[self.predictions[i]],
                float(said[i]),
                float(true[i]),
            )
            for i in wrong[np.argsort((true - said)[wrong], kind="stable")]
        ]

    def to_dict(self, mistakes: int = 10) -> dict[str, Any]:
        """Give the figures and the worst mistakes, ready for JSON."""
        figures = {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "roc_auc": self.roc_auc,
            "pr_auc": self.pr_auc,
        }
        return {
            "dataset": self.dataset,
            "clips": len(self.paths),
            **{k: v if math.isfinite(v) else None for k, v in figures.items()},
            "per_class": self.per_class,
            "class_names": [self.class_names[i] for i in self.seen],
            "confusion": self.confusion.tolist(),
            "mistakes": [
                m._asdict() | {"path": str(m.path)} for m in self.mistakes[:mistakes]
            ],
            "skipped": [str(path) for path in self.skipped],
            "origin": dict(self.origin),
        }

    def to_json(self) -> str:
        """Give `to_dict` as text."""
        return json.dumps(self.to_dict(), indent=2)

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write report.json, mistakes.csv (all of them) and confusion.png.

        Args:
            folder: Made if it does not exist; files of these names are replaced.

        Returns:
            The folder.

        Raises:
            OSError: It cannot be written.
            ImportError: The picture needs the extra `plot`; the rest is written.
        """
        from kerasaudio.plot import confusion_matrix

        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "report.json", self.to_json() + "\n")
        write_csv(out / "mistakes.csv", [Mistake._fields, *self.mistakes])
        names = [self.class_names[i] for i in self.seen]
        confusion_matrix(self.confusion, names, out / "confusion.png")
        return out


def measure(model: AudioModel, clips: LabelledClips, **settings: Any) -> ClipReport:
    """Measure a model on clips.

    Args:
        model: With labels, among which are the clips' class names.
        clips: With one class each.
        **settings: Of `predict_clips`: batch_size, clip_seconds, windows_per_clip,
            silence_db, errors, cache, dtype, readers.

    Raises:
        ValueError: Clips with several classes; classes that the model does not know.
        OSError: A file is missing or cannot be decoded.
    """
    spec = model.spec
    if clips.multi_label:
        raise ValueError(
            f"Clips of {clips.name} can have several classes. Use kerasaudio.metrics "
            "with predict_clips(model, clips)."
        )
    if spec.labels is None:
        raise ValueError(f"{model.name} has no labels to compare with.")
    targets, names = targets_for(clips, spec, one_hot=False)
    scores = predict_clips(model, clips, **settings)
    usable = np.isfinite(scores).all(axis=1)
    return ClipReport(
        dataset=clips.name,
        class_names=names,
        paths=tuple(p for p, good in zip(clips.paths, usable, strict=True) if good),
        labels=targets[usable].astype(np.int64),
        scores=scores[usable],
        skipped=tuple(p for p, g in zip(clips.paths, usable, strict=True) if not g),
        origin={"architecture": spec.architecture, "preset": spec.preset},
    )
