"""How well a model does on labelled clips: its windows averaged, clip by clip."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.datasets import LabelledClips
from kerasaudio.datasets.batching.targets import targets_for
from kerasaudio.evaluation import predict_clips
from kerasaudio.files.whole_file import write_csv
from kerasaudio.training.scored import ScoredClips
from kerasaudio.training.tag_report import TagReport


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
class ClipReport(ScoredClips):
    """What a model makes of clips with one class each.

    Attributes:
        dataset: Name of the data set.
        origin: The model: architecture, preset, name of its file.
        class_names: The model's labels.
        paths: The clips.
        labels: True class of each clip, int64 (clips,).
        scores: Averaged over the windows of each clip, float32 (clips, classes).
        skipped: Files that could not be used.
    """

    @property
    def truth(self) -> np.ndarray:
        """Which class each clip has, bool (clips, classes)."""
        return np.asarray(self.labels[:, None] == np.arange(len(self.class_names)))

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

    def figures(self) -> dict[str, float]:
        """Give the figures that sum up the report, by name."""
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

    def _save_details(self, out: Path) -> None:
        """Write mistakes.csv (all of them) and confusion.png."""
        from kerasaudio.plot import confusion_matrix

        write_csv(out / "mistakes.csv", [Mistake._fields, *self.mistakes])
        names = [self.class_names[i] for i in self.seen]
        confusion_matrix(self.confusion, names, out / "confusion.png")


def measure(model: AudioModel, clips: LabelledClips, **settings: Any) -> Any:
    """Measure a model on clips.

    Args:
        model: With labels, among which are the clips' class names.
        clips: With one class each, or with several.
        **settings: Of `predict_clips`: batch_size, clip_seconds, windows_per_clip,
            silence_db, errors, cache, dtype, readers.

    Returns:
        `ClipReport` on clips with one class each: accuracy, confusion. `TagReport` on
        clips that can have several: how they are ranked, F1 of their tags.

    Raises:
        ValueError: Classes that the model does not know.
        OSError: A file is missing or cannot be decoded.
    """
    spec = model.spec
    if spec.labels is None:
        raise ValueError(f"{model.name} has no labels to compare with.")
    targets, names = targets_for(clips, spec, one_hot=False)
    scores = predict_clips(model, clips, **settings)
    usable = np.isfinite(scores).all(axis=1)
    several = clips.multi_label
    report = TagReport if several else ClipReport
    return report(
        dataset=clips.name,
        class_names=names,
        paths=tuple(p for p, good in zip(clips.paths, usable, strict=True) if good),
        labels=targets[usable].astype(bool if several else np.int64),
        scores=scores[usable],
        skipped=tuple(p for p, g in zip(clips.paths, usable, strict=True) if not g),
        origin={"architecture": spec.architecture, "preset": spec.preset},
    )
