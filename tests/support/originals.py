"""Published networks beside their originals: what both give for the same sound.

The golden files hold what the originals gave. tests/parity says how near is near
enough, tools/measure_parity.py how near it is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.features import FeatureExtractor
from kerasaudio.models import FACTORIES
from support import keras2
from support.goldens import GOLDEN
from support.song import RATE, song

# Factory, tag and name of the original's network.
MUSICNN = (
    ("MusiCNN", "mtat", "MTT_musicnn"),
    ("MusiCNN", "msd", "MSD_musicnn"),
    ("MusicVGG", "mtat", "MTT_vgg"),
    ("MusicVGG", "msd", "MSD_vgg"),
)
MUSICNN_SECONDS = (2.0, 3.0, 7.3, 29.0, 30.0)
# The last patch ends in the silence that librosa has behind the clip; one is missing.
MUSICNN_EDGES = (2 * 187 * 256 - 256, 2 * 187 * 256 - 257)
MUSICNN_LENGTHS = (
    *(round(seconds * RATE) for seconds in MUSICNN_SECONDS),
    *MUSICNN_EDGES,
)
WON = (
    ("FCN", "mtat", "fcn"),
    ("FCN", "msd", "fcn"),
    ("FCN", "jamendo", "fcn"),
    ("CRNN", "mtat", "crnn"),
    ("CRNN", "msd", "crnn"),
    ("CRNN", "jamendo", "crnn"),
    ("MusiCNN", "won2020-mtat", "musicnn"),
    ("MusiCNN", "won2020-jamendo", "musicnn"),
)
WON_CHUNKS = 16
YAMNET_WAVEFORMS = ("jfk", "chirp", "short", "exact")
EFFICIENT_AT_CLIPS = {
    "dog": "1-100032-A-0",
    "rooster": "1-26806-A-1",
    "helicopter": "1-172649-A-40",
}


class Pair(NamedTuple):
    """What ours and the original give."""

    got: np.ndarray
    want: np.ndarray

    @property
    def difference(self) -> float:
        """The largest there is."""
        if self.got.shape != self.want.shape:
            raise ValueError(f"Shapes {self.got.shape} and {self.want.shape} differ.")
        return float(np.abs(np.subtract(self.got, self.want, dtype="float64")).max())


Pairs = dict[str, Pair]


def golden(name: str) -> Mapping[str, np.ndarray]:
    """Read a golden file of tests/golden."""
    with np.load(GOLDEN / name) as arrays:
        return dict(arrays)


def heard(recorded: Mapping[str, np.ndarray], name: str = "waveform") -> np.ndarray:
    """Give a golden file's waveform, float32."""
    return recorded[f"{name}_int16"] / np.float32(32768)


def probe(
    model: AudioModel, taps: Mapping[str, str], start: str | None = None
) -> keras.Model:
    """Give a model of the outputs of some layers, by the names wanted for them.

    With `start` it hears what that layer gives, instead of waveforms.
    """
    outputs = {name: model.get_layer(layer).output for name, layer in taps.items()}
    heard = model.get_layer(start).output if start else model.input
    return keras.Model(heard, outputs)


def all_tags(model: AudioModel, clip: Any, rate: int | None = None) -> np.ndarray:
    """Give what `tag` says, in the labels' order, (classes,)."""
    labels = model.spec.labels or ()
    tags = dict(model.tag(clip, rate, top=len(labels)))
    return np.array([tags[label] for label in labels])


def musicnn_window(model: AudioModel, upstream: str) -> Pair:
    """Compare the scores of a waveform's first window."""
    recorded = golden("musicnn_tf1.npz")
    window = heard(recorded)[None, : model.spec.clip_samples]
    return Pair(model.predict(window, verbose=0)[0], recorded[upstream][0])


def musicnn_clip(model: AudioModel, upstream: str, samples: int) -> Pairs:
    """Compare the windows of a whole clip, and its tags."""
    want = golden("musicnn_clips.npz")[f"{upstream}_{samples}"]
    clip = song(samples)
    windows = FeatureExtractor(model, "predictions", pool=None)(clip, RATE)
    return {
        "windows": Pair(windows, want),
        "clip": Pair(all_tags(model, clip, RATE), want.mean(axis=0)),
    }


def won_scores(model: AudioModel, tag: str, upstream: str, reference: Path) -> Pair:
    """Compare the scores of one window."""
    with np.load(reference / "golden" / "music_taggers.npz") as recorded:
        window = heard(recorded)[None, : model.spec.clip_samples]
        want = recorded[f"{tag.removeprefix('won2020-')}_{upstream}"]
    return Pair(model.predict(window, verbose=0)[0], want)


def won_chunks(model: AudioModel) -> tuple[np.ndarray, np.ndarray]:
    """Give a long clip, and the mean over the chunks that upstream makes of it."""
    size = model.spec.clip_samples
    assert size is not None
    clip = song(2 * size + 12_345)
    # training/eval.py of minzwon/sota-music-tagging-models at 4e1d652, get_tensor.
    hop = (len(clip) - size) // WON_CHUNKS
    chunks = np.stack([clip[i * hop : i * hop + size] for i in range(WON_CHUNKS)])
    return clip, model.predict(chunks, batch_size=4, verbose=0).mean(axis=0)


def efficient_at(
    model: AudioModel, waveform: np.ndarray, recorded: Mapping[str, Any], prefix: str
) -> Pairs:
    """Compare logits and features of a waveform; the model has no activation."""
    layers = {"logits": "predictions", "features": "embedding"}
    outputs = probe(model, layers).predict(waveform[None], verbose=0)
    return {
        name: Pair(outputs[name][0], recorded[f"{prefix}{name}"]) for name in layers
    }


def yamnet_taps(model: AudioModel, waveform: np.ndarray) -> dict[str, np.ndarray]:
    """Give log mel, scores and embeddings, patch by patch, of any length."""
    layers = {
        "logmel": "frontend",
        "scores": "patch_scores",
        "embeddings": "patch_embeddings",
    }
    outputs = probe(model, layers)(waveform[None], training=False)
    return {name: keras.ops.convert_to_numpy(outputs[name])[0] for name in layers}


def yamnet_clip(model: AudioModel, name: str) -> Pairs:
    """Compare tags and vector of a waveform with the means over its patches."""
    recorded = golden("yamnet_hub.npz")
    waveform = heard(recorded, name)
    return {
        "scores": Pair(
            all_tags(model, waveform, 16_000), recorded[f"{name}_scores"].mean(axis=0)
        ),
        "embeddings": Pair(
            model.embed(waveform, 16_000), recorded[f"{name}_embeddings"].mean(axis=0)
        ),
    }


def rese2_multi(
    folder: Path, case: str, rng: np.random.Generator, whole: bool = True
) -> tuple[AudioModel, Pair]:
    """Compare a network read from a file of Keras 2 with the paper's, in NumPy."""
    arguments = keras2.SMALL | keras2.CASES[case]
    waveform = rng.normal(0, 0.3, 2 * 3**6).astype("float32")
    upstream = keras2.Upstream(classes=keras2.CLASSES, **arguments)
    want = upstream(waveform)
    path = folder / "ckpt-e001-l0.1.hdf5"
    start = int(rng.integers(1, 40))
    keras2.write_keras2(path, upstream.layers, start=start, whole=whole)
    build = FACTORIES["ReSE2Multi"]
    model = build(weights=path, clip_samples=len(waveform))
    return model, Pair(model.predict(waveform[None], verbose=0)[0], want)
