"""The base of all reports: figures, text tables, files, a short repr."""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.files.whole_file import write_csv, write_text
from kerasaudio.text import columns

FIGURES = {
    "accuracy": "accuracy",
    "std": "standard deviation",
    "macro_f1": "macro F1",
    "instance_f1": "F1 of a clip",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "d_prime": "d'",
}


class Report(ABC):
    """Results of a model on clips.

    Attributes:
        dataset: Name of the data set.
        paths: File of each clip.

    Examples:
        >>> clips = kerasaudio.datasets.from_folder("labeled")
        >>> model = kerasaudio.LeNetMFCC(labels=clips.class_names, filters=4)
        >>> report = kerasaudio.evaluate(model, clips)
        >>> isinstance(report, kerasaudio.evaluation.Report)
        True
        >>> list(report.figures())
        ['accuracy', 'macro_f1', 'roc_auc', 'pr_auc']
        >>> report.to_dict()["clips"]
        8
    """

    dataset: str
    paths: tuple[Path, ...]

    @abstractmethod
    def figures(self) -> dict[str, float]:
        """Return the figures that summarize the report, by name."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dictionary."""

    @abstractmethod
    def table(self) -> str:
        """Return the report as text tables."""

    @abstractmethod
    def _tables(self) -> dict[str, Sequence[Sequence[Any]]]:
        """Return the rows of each CSV file to write, by file name."""

    def to_json(self) -> str:
        """Return `to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=2)

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write report.json, CSV tables and pictures into a folder.

        Args:
            folder: Created if it does not exist; files with the same names are
                replaced.

        Returns:
            The folder.

        Raises:
            OSError: A file cannot be written.
            ImportError: Pictures need the extra `plot`; all other files are written.
        """
        out = Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "report.json", self.to_json() + "\n")
        for name, rows in self._tables().items():
            write_csv(out / name, rows)
        self.pictures(out)
        return out

    def pictures(self, folder: str | PathLike[str]) -> list[Path]:
        """Draw the pictures of the report as PNG files in a folder.

        Returns:
            Paths of the files; [] for a report without pictures.

        Raises:
            ImportError: matplotlib (the extra `plot`) is not installed.
            OSError: A file cannot be written.
        """
        return []

    def __repr__(self) -> str:
        """Return the figures in one line."""
        told = [f"{name}={value:.4g}" for name, value in self.figures().items()]
        about = [repr(self.dataset), f"clips={len(self.paths)}", *told]
        return f"{type(self).__name__}({', '.join(about)})"


def finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Return figures for JSON: NaN and infinity become None."""
    return {k: v if math.isfinite(v) else None for k, v in figures.items()}


def taken_for(names: Sequence[str], counts: np.ndarray, row: int) -> str:
    """Return the wrong predictions for a class as text, most frequent first."""
    return ", ".join(
        f"{names[i]} {counts[row, i]}"
        for i in (-counts[row]).argsort(kind="stable")
        if counts[row, i] and i != row
    )


def draw_confusion(
    counts: np.ndarray, names: Sequence[str], folder: Path
) -> list[Path]:
    """Write confusion.png and return its path."""
    from kerasaudio.plot import confusion_matrix

    path = folder / "confusion.png"
    confusion_matrix(counts, names, path)
    return [path]


def table(*rows: Sequence[str]) -> str:
    """Return rows as text with aligned columns."""
    return columns([tuple(row) for row in rows])
