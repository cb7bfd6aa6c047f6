"""What answers: a folder that `kerasaudio.export` wrote, or a .keras file."""

import json
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np


class Tagger(Protocol):
    """What answers: labels and a score for each.

    Attributes:
        labels: Names of the classes.
        sample_rate: Sample rate of the network in Hz.
        window_samples: What the network hears at a time, at that rate.
    """

    labels: list[str]
    sample_rate: int
    window_samples: int

    def scores(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Give (classes,) for a mono waveform (samples,)."""
        ...


class SavedModelTagger:
    """A SavedModel, and what travels with it: rate, window and labels."""

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf

        facts = json.loads((folder / "assets" / "kerasaudio.json").read_text("utf-8"))
        if facts["labels"] is None:
            raise ValueError(f"{folder} gives embeddings; this serves tags.")
        self.labels: list[str] = facts["labels"]
        self.sample_rate: int = facts["sample_rate"]
        self.window_samples: int = facts["window_samples"]
        self._facts = facts
        self._loaded = tf.saved_model.load(str(folder))  # keeps its variables alive
        self._run = self._loaded.signatures["serving_default"]

    def scores(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Average over windows, each by what the sound has of it."""
        import soxr

        rate, size = self._facts["sample_rate"], self._facts["window_samples"]
        if sample_rate != rate:
            waveform = soxr.resample(waveform, sample_rate, rate, quality="HQ")
        starts = range(0, len(waveform), self._facts["hop_samples"] or size)
        rows, weights = [], []
        for start in starts:
            window = waveform[start : start + size]
            lacking = size - len(window)
            if lacking and start and self._facts["rest"] == "drop":
                break
            is_full = self._facts["rest"] == "full"
            weights.append(1.0 if is_full else len(window) / size)
            if self._facts["window_padding"] == "repeat":
                fill = np.resize(waveform[:size], lacking)
            else:
                fill = np.zeros(lacking)
            rows.append(self._output(np.concatenate([window, fill]).astype("float32")))
            if start + size >= len(waveform):
                break
        return np.average(rows, axis=0, weights=weights)

    def _output(self, window: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        found = self._run(waveform=tf.constant(window[None]))
        return np.asarray(found[self._facts["output"]])[0]


class KerasTagger:
    """A .keras file, through kerasaudio."""

    def __init__(self, path: Path) -> None:
        import keras

        import kerasaudio  # noqa: F401  the file's classes

        self._one_by_one = threading.Lock()
        self._model: Any = keras.saving.load_model(path, compile=False)
        spec = self._model.spec
        self.labels: list[str] = list(spec.labels or ())
        self.sample_rate: int = spec.sample_rate
        self.window_samples: int = spec.window_samples

    def scores(self, waveform: np.ndarray, sample_rate: int) -> np.ndarray:
        """Ask the model."""
        with self._one_by_one:
            tags = dict(self._model.tag(waveform, sample_rate, top=len(self.labels)))
        return np.array([tags[label] for label in self.labels])


def load(path: str) -> Tagger:
    """Load what MODEL names."""
    if path.endswith(".keras"):
        return KerasTagger(Path(path))
    return SavedModelTagger(Path(path))
