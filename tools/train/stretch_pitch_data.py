"""What `stretch_pitch.py` learns from: pictures and embeddings of every version."""

from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

import kerasaudio
from kerasaudio import LogMelCNN, load_audio
from kerasaudio.audio.versions import Version, versions_of
from kerasaudio.audio.window_rule import Span
from kerasaudio.datasets import ESC50
from kerasaudio.datasets.batching.cutting import levels
from kerasaudio.files.whole_file import writing_whole

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


class Pictures(NamedTuple):
    """The clips of a fold in one version.

    Attributes:
        frames: Mel spectrograms in dB, float16 (clips, frames, 128).
        levels: Level of the window that begins at each frame, dB, (clips, starts).
    """

    frames: np.ndarray
    levels: np.ndarray


def names_of(augmentation: str) -> list[str]:
    """Return the names of all versions to learn from, the original first."""
    made = versions_of(AUGMENTATIONS[augmentation])
    return [ORIGINAL, *(str(version) for version in made)]


def prepare(data: ESC50, folder: Path, what: str, late: Any) -> bool:
    """Write what is missing, a file for each fold and version.

    Args:
        data: ESC-10.
        folder: Where to write.
        what: "pictures" or "vectors".
        late: Function that says whether time is up.

    Returns:
        Whether all files are there.
    """
    work = Vectors() if what == "vectors" else Frames()
    folder.mkdir(parents=True, exist_ok=True)
    versions = [None, *versions_of(AUGMENTATIONS["both"])]
    for version in versions:
        for fold in FOLDS:
            path = _path(folder, what, fold, str(version or ORIGINAL))
            if path.exists():
                continue
            if late():
                return False
            clips = data.take(data.require_folds() == fold)
            arrays = work.of(clips.paths, version)
            with writing_whole(path) as temporary, temporary.open("wb") as file:
                np.savez(file, **arrays)
            print(path, flush=True)
    return True


def read_pictures(folder: Path, fold: int, name: str) -> Pictures:
    """Read what `prepare` wrote."""
    with np.load(_path(folder, "pictures", fold, name)) as arrays:
        return Pictures(arrays["frames"], arrays["levels"])


def read_vectors(folder: Path, fold: int, name: str) -> np.ndarray:
    """Read what `prepare` wrote, (clips, 1024)."""
    with np.load(_path(folder, "vectors", fold, name)) as arrays:
        return np.asarray(arrays["vectors"])


def _path(folder: Path, what: str, fold: int, name: str) -> Path:
    return folder / f"{what}-{fold}-{name.replace(' ', '')}.npz"


def _heard(path: Path, rate: int, version: Version | None) -> np.ndarray:
    waveform = load_audio(path, rate)
    return waveform if version is None else version.of(waveform, rate)


class Frames:
    """The front-end of LogMelCNN, over whole clips."""

    def __init__(self) -> None:
        self._frontends: dict[int, keras.Model] = {}

    def of(
        self, paths: tuple[Path, ...], version: Version | None
    ) -> dict[str, np.ndarray]:
        """Return the arrays of `Pictures`."""
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
