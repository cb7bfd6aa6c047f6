"""SpeechMusicNoise: which of the three is heard, fifty times a second.

    waveform (b, samples) -> frontend: log mel, 100 frames a second (b, frames, 21)
    -> patches of 68 frames every second frame (b, n, 68, 21), each standardized
    -> conv 7 x 4, pool (b * n, 16, 9, 64) -> conv 3 x 3, conv 3 x 3, pool
       (b * n, 6, 3, 128) -> conv 3 x 3, pool (b * n, 256)
    -> 4 x dense (b * n, 256) -> patch_embeddings (b, n, 256)
    -> the first and the last repeated: scored_frames (b, frames / 2, 256)
       -> mean: embedding (b, 256)
    -> dense, softmax: frame_scores (b, frames / 2, 3) -> mean: predictions (b, 3)

Source: Doukhan et al. 2018, ICASSP; ina-foss/inaSpeechSegmenter, commits e331866
(`segmenter.py`, `sidekit_mfcc.py`), 0b19263 (keras_speech_music_noise_cnn.hdf5).
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers, ops

from kerasaudio.checkpoints.keras2_hdf5 import Layers, assign_names, read_keras2
from kerasaudio.checkpoints.native import State
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, batch_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import PatchImages, PatchMean, SplitPatches
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import KaldiFbank, Patches, Standardize, channels_last
from kerasaudio.layers.filterbank import mel_filterbank
from kerasaudio.layers.time_axis import Timed, rule

SAMPLE_RATE = 16_000
FRAME = 400
HOP = 160
BANDS, BINS = 24, 21  # the highest bands are not used
LOW, HIGH = 100.0, 8000.0
PATCH_FRAMES, PATCH_HOP = 68, 2
BEFORE = PATCH_FRAMES // PATCH_HOP // 2  # scores in front of the first patch's middle
WINDOW_FRAMES = 200 + PATCH_FRAMES
# Filters as multiples of `filters`, kernel, and pooling.
CONVS: tuple[tuple[int, tuple[int, int], tuple[int, int] | None, str], ...] = (
    (1, (7, 4), (4, 2), "same"),
    (2, (3, 3), None, ""),
    (2, (3, 3), (2, 2), "same"),
    (4, (3, 3), (4, 1), "valid"),
)
DROPOUTS = (0.2, 0.3, 0.4, 0.5)
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "frame_length": 25.0,
    "frame_shift": 10.0,
    "window": "hann",
    "remove_dc_offset": False,
    "n_mels": BINS,
    "scale": 32_768,  # cancels when patches are standardized; the floor is 1.2e-7
}


def SpeechMusicNoise(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    filters: int | None = None,
    dense_units: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tell speech, music and noise apart, every 20 ms.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 11,120
    samples (0.695 s, a patch). Shorter clips are padded with silence.
    Output: (batch, classes), probabilities that sum to 1, averaged over the frames; the
    layer `frame_scores` has those of every second frame, (batch, frames / 2, classes),
    of a patch of 0.695 s around it. As upstream, the first and the last patch also
    stand for the frames before and after their middles.
    Embedding: (batch, dense_units), averaged likewise.
    Whole clips: windows of 2.695 s every 2 s, so that each frame is in one window with
    all that it hears.

    Upstream leaves quiet parts out, scores patches with digital silence 0.5 for each
    class, and smooths labels over time. Here silence is heard, as energy of 1.2e-7.

    Args:
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).
        filters: Filters of the first convolution; the others have two or four times as
            many; default: 64.
        dense_units: Units of each dense layer; default: 256.

    Source: ina-foss/inaSpeechSegmenter at e331866.
    """
    return build(_SPEECH_MUSIC_NOISE, **locals())


@keras.saving.register_keras_serializable("kerasaudio")
class SidekitMel(KaldiFbank):
    """Log energies in the 21 lowest of SIDEKIT's 24 mel bands from 100 to 8000 Hz.

    Bands of the same area on HTK's scale. SIDEKIT leaves out the last bin of each
    band's falling side.

    Input: waveform (batch, samples) in [-1, 1]. Output: float32 (batch, frames, 21).

    Args:
        method: See `KaldiFbank`.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    arguments = ("method",)

    def __init__(self, method: str = "fft", **kwargs: Any) -> None:
        super().__init__(**FRONTEND, method=method, **kwargs)

    def make_filterbank(self) -> np.ndarray:
        """Return the matrix that sums FFT bins into bands, (bins, 21)."""
        bank = mel_filterbank(
            sample_rate=SAMPLE_RATE,
            n_fft=self.n_fft,
            n_mels=BANDS,
            fmin=LOW,
            fmax=HIGH,
            htk=True,
            norm="slaney",
            triangles="hertz",
        )
        mels = np.linspace(_to_mel(LOW), _to_mel(HIGH), BANDS + 2)
        ends = 700 * (10 ** (mels[2:] / 2595) - 1)
        last = np.floor(ends * self.n_fft / SAMPLE_RATE).astype(int)
        bank[last, np.arange(BANDS)] = 0
        return bank[:, :BINS]


def _to_mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


@keras.saving.register_keras_serializable("kerasaudio")
class ScoredFrames(layers.Layer):
    """Give every second frame the vector of the patch around it.

    The first vector is repeated for the frames before the middle of its patch, the last
    for those after.

    Input: vectors (batch, patches, features) of patches of 68 frames, every second, and
    the frames (batch, frames, ...). Output: (batch, (frames + 1) // 2, features).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Repeat the vectors at both ends."""
        vectors, frames = inputs
        steps = (ops.shape(frames)[1] + 1) // PATCH_HOP
        return _spread(vectors, steps, ops.shape(vectors)[1])

    def compute_output_shape(
        self, input_shape: Sequence[Any]
    ) -> tuple[int | None, ...]:
        """Return (batch, steps, features)."""
        (batch, _, features), (_, frames, *_) = input_shape
        steps = None if frames is None else (frames + 1) // PATCH_HOP
        return (batch, steps, features)


def _spread(vectors: Any, steps: Any, patches: Any) -> Any:
    places = ops.arange(steps, dtype="int32") - BEFORE
    return ops.take(vectors, ops.clip(places, 0, patches - 1), axis=1)


@rule(SidekitMel)
def _frame_by_frame(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), layer.count_frames(x.count))


@rule(ScoredFrames)
def _repeat_own(layer: Any, inputs: Sequence[Timed]) -> Timed:
    vectors, frames = inputs
    steps = (ops.shape(frames.value)[1] + 1) // PATCH_HOP
    value = _spread(vectors.value, steps, vectors.count)
    return Timed(value, (frames.count + 1) // PATCH_HOP)


def _body(clip_samples: int | None, filters: int, dense_units: int) -> Body:
    spec = _spec(clip_samples)
    waveform = keras.Input((clip_samples,), name="waveform")
    frames = SidekitMel(name="frontend")(waveform)
    x = Patches(PATCH_FRAMES, PATCH_HOP, name="patches")(frames)
    patches = Standardize(axis=(2, 3), name="standardized")(x)
    x = PatchImages(name="images")(patches)
    for number, (multiple, kernel, pool, padding) in enumerate(CONVS, start=1):
        name = f"conv{number}"
        x = channels_last.Conv2D(multiple * filters, kernel, name=name)(x)
        x = _norm_relu(x, name)
        if pool is not None:
            x = channels_last.MaxPooling2D(pool, padding=padding, name=f"{name}_pool")(
                x
            )
    x = channels_last.Flatten(name="flat")(x)
    for number, dropout in enumerate(DROPOUTS, start=1):
        name = f"dense{number}"
        x = _norm_relu(layers.Dense(dense_units, name=name)(x), name)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = SplitPatches(name="patch_embeddings")([x, patches])
    x = ScoredFrames(name="scored_frames")([x, frames])
    return Body(waveform, PatchMean(name="embedding")(x), x, spec)


def _norm_relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = batch_norm(x, KERAS_EPSILON, f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x)


def _spec(clip_samples: int | None) -> AudioSpec:
    least = (PATCH_FRAMES - 1) * HOP + FRAME
    if clip_samples is not None and clip_samples < least:
        raise ValueError(
            f"clip_samples must be at least {least}, the length of a patch. "
            f"Received: {clip_samples!r}."
        )
    window = (WINDOW_FRAMES - 1) * HOP + FRAME
    hop = (WINDOW_FRAMES - PATCH_FRAMES) * HOP
    frontend = FRONTEND | {"fmin": LOW, "fmax": HIGH, "frame_samples": PATCH_HOP * HOP}
    if clip_samples is None:
        frontend |= {"frame_window_samples": window, "frame_hop_samples": hop}
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        window,
        least,
        clip_samples,
        hop_samples=hop,
        frontend=frontend,
    )


def _from_upstream(path: Path) -> Converted:
    state = convert(read_keras2(path), str(path))
    kernel = state["conv1/kernel"]
    return Converted(
        state, {"filters": kernel.shape[-1], "dense_units": len(state["dense1/bias"])}
    )


def convert(file: Layers, origin: str) -> State:
    """Convert the layers of a file of the original, which Keras 2 numbered.

    Args:
        file: Layers by kind, in order of creation, from `read_keras2`.
        origin: Origin of the layers, for error messages.

    Raises:
        ValueError: It is another network.
    """
    convs = [f"conv{number}" for number in range(1, len(CONVS) + 1)]
    dense = [f"dense{number}" for number in range(1, len(DROPOUTS) + 1)]
    names = {
        "conv2d": convs,
        "batch_normalization": [f"{name}_bn" for name in (*convs, *dense)],
        "dense": [*dense, "frame_scores"],
    }
    return assign_names(file, names, origin)


_SPEECH_MUSIC_NOISE = Architecture(
    name="SpeechMusicNoise",
    body=_body,
    defaults={"clip_samples": None, "filters": 64, "dense_units": 256},
    free={"clip_samples"},
    converters={"ina_keras2": _from_upstream},
    suffixes={".h5": "ina_keras2", ".hdf5": "ina_keras2"},
    classes=3,
    activation="softmax",
    head=score_pieces("frame_scores"),
    example={"filters": 4},
)
