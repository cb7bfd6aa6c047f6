"""What `stretch_pitch.py` learns from: pictures and embeddings of every version."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

import kerasaudio
from kerasaudio import load_audio
from kerasaudio.audio.versions import Version, versions_of
from kerasaudio.audio.window_rule import Span
from kerasaudio.datasets import ESC50
from kerasaudio.datasets.batching.cutting import levels
from kerasaudio.files.whole_file import writing_whole
from kerasaudio.models.log_mel_cnn import LogMelCNN

SECONDS = 5
FRAMES, HOP = 128, 1_024
PICTURE: dict[str, Any] = {  # of 2.97 s
    "sample_rate": 44_100,
    "hop_length": HOP,
    "clip_samples": (FRAMES - 1) * HOP,
}
AUGMENTATIONS: dict[str, tuple[str, ...]] = {
    "none": (),
    "stretch": ("stretch",),
    "pitch": ("pitch",),
    "both": ("stretch", "pitch"),
}
FOLDS = (1, 2, 3, 4, 5)
ORIGINAL = "original"


def names_of(augmentation: str) -> list[str]:
    """Return the names of all versions to learn from, the original first."""
    made = versions_of(AUGMENTATIONS[augmentation])
    return [ORIGINAL, *(str(version) for version in made)]


class Prepared:
    """Arrays of the clips of each fold in each version, computed once and kept.

    Args:
        data: ESC-10.
        folder: Where to keep them, a file for each fold and version.
        work: `Frames` or `Vectors`.
    """

    def __init__(self, data: ESC50, folder: Path, work: Any) -> None:
        self._data, self._folder, self._work = data, folder, work
        everything = versions_of(AUGMENTATIONS["both"])
        self._versions = {str(version): version for version in everything}

    def of(self, fold: int, name: str) -> dict[str, np.ndarray]:
        """Return the arrays of a fold in one version."""
        what = type(self._work).__name__.lower()
        path = self._folder / f"{what}-{fold}-{name.replace(' ', '')}.npz"
        if not path.exists():
            clips = self._data.take(self._data.require_folds() == fold)
            arrays = self._work.of(clips.paths, self._versions.get(name))
            self._folder.mkdir(parents=True, exist_ok=True)
            with writing_whole(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays)
            print(path, flush=True)
        with np.load(path) as kept:
            return dict(kept)


def _heard(path: Path, rate: int, version: Version | None) -> np.ndarray:
    samples = SECONDS * rate
    waveform = load_audio(path, rate)[:samples]
    waveform = np.pad(waveform, (0, samples - len(waveform)))
    return waveform if version is None else version.of(waveform, rate)


class Frames:
    """Mel spectrograms of whole clips, by the front-end of LogMelCNN."""

    def __init__(self) -> None:
        self._frontends: dict[int, keras.Model] = {}

    def of(
        self, paths: tuple[Path, ...], version: Version | None
    ) -> dict[str, np.ndarray]:
        """Return spectrograms and levels.

        Returns:
            frames: dB, float16 (clips, frames, 128).
            levels: Of the window that begins at each frame, dB, (clips, starts).
        """
        rate = PICTURE["sample_rate"]
        heard = np.stack([_heard(path, rate, version) for path in paths])
        frontend = self._frontend(heard.shape[1])
        frames = frontend.predict(heard, batch_size=8, verbose=0)
        window = PICTURE["clip_samples"]
        starts = range(0, heard.shape[1] - window + 1, HOP)
        spans = [Span(start, window, window, 1.0, "constant") for start in starts]
        level = np.stack([levels(waveform, spans) for waveform in heard])
        return {
            "frames": frames.astype(np.float16),
            "levels": level.astype(np.float32),
        }

    def _frontend(self, samples: int) -> keras.Model:
        if samples not in self._frontends:
            whole = {**PICTURE, "clip_samples": samples}
            model = LogMelCNN(classes=2, filters=1, **whole)
            layer = model.get_layer("frontend")
            self._frontends[samples] = keras.Model(model.input, layer.output)
        return self._frontends[samples]


class Vectors:
    """YAMNet's embeddings of whole clips."""

    def __init__(self) -> None:
        self._model = kerasaudio.load("YAMNet/audioset")

    def of(
        self, paths: tuple[Path, ...], version: Version | None
    ) -> dict[str, np.ndarray]:
        """Return the embeddings of clips, (clips, 1024)."""
        rate = self._model.spec.sample_rate
        heard = [_heard(path, rate, version) for path in paths]
        return {"vectors": self._model.embed(heard, rate)}
