"""OpenL3: a network that learned sounds from what videos show.

    waveform (b, 48000), the end filled up with silence -> frontend: magnitudes in 128
    or 256 mel bands, or of each frequency, in decibels below the greatest
    (b, 199, 256) -> as an image, bins first (b, 256, 199, 1)
    -> conv1, conv2 .. conv7, conv8: 3 x 3, each pair but the last pooled 2 x 2
       (b, 128, 99, 64) (64, 49, 128) (32, 24, 256) (32, 24, 512)
    -> maxima in 4 x 3 fields, or of all: embedding (b, 6144) or (b, 512)

It was published up to the embedding, without classes.

Source: Cramer et al. 2019, ICASSP, "Look, Listen, and Learn More"; marl/openl3, commit
b0bf9b6.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.checkpoints.keras2_hdf5 import Layers, assign_names, read_keras2
from kerasaudio.checkpoints.native import State
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, batch_norm, feature_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import (
    Decibel,
    MelSpectrogram,
    Spectrogram,
    WholeWindows,
    channels_last,
)
from kerasaudio.layers.context import Context

SAMPLE_RATE = 48_000
HOP = 242
CONVS = 8
FIELDS = {12: (4, 3), 1: (1, 1)}  # of the last map, over bins and frames
_MEL: dict[str, Any] = {"sample_rate": SAMPLE_RATE, "n_fft": 2048}
_FRAMES: dict[str, Any] = {"hop_length": HOP, "center": False, "power": 1.0}
FRONTENDS: dict[str, dict[str, Any]] = {
    "mel256": _MEL | _FRAMES | {"n_mels": 256},
    "mel128": _MEL | _FRAMES | {"n_mels": 128},
    "linear": {"n_fft": 512} | _FRAMES,
}


def OpenL3(
    weights: Weights = None,
    *,
    input_repr: str | None = None,
    embedding_size: int | None = None,
    filters: int | None = None,
    center: bool | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Embed music or sounds of the environment, a second at a time.

    Input: float32 in [-1, 1], mono, 48 kHz, (batch, 48000) samples (1 s).
    Output: the embedding, (batch, embedding_size), of any sign; with labels or classes
    of your own, their scores (batch, classes).
    Whole clips: as upstream, windows of 1 s every 0.1 s, the last padded with silence.
    `embed` returns their mean; `FeatureExtractor(pool=None)` all of them.

    The published weights are those of three spectrograms, each trained on videos of
    music or of the environment: `mel256-music`, `linear-env` and so on. Files of
    upstream's version 0.4, also those packed with gzip, are read by their path; their
    names tell the spectrogram. The front-end is upstream's default, that of kapre; with
    upstream's librosa front-end the same weights give other embeddings of mel bands.

    Args:
        input_repr: Spectrogram, "mel256", "mel128" or "linear" (257 bins); default:
            "mel256".
        embedding_size: 96 or 8 times `filters`: 6144 or 512; default: 6144.
        filters: Filters of the first two convolutions; the later pairs have 2, 4 and 8
            times as many; default: 64.
        center: Whether windows are centered on their times, as is upstream's default.
            Then the input is (batch, 24000), with silence in front, or (batch, 48000),
            where the first half is the samples before; a clip begins with half a second
            of silence. Default: False.

    Raises:
        ValueError: `input_repr` is unknown, or `embedding_size` does not fit.

    Source: Cramer et al. 2019, ICASSP; marl/openl3 at b0bf9b6.
    """
    return build(_OPENL3, **locals())


def _body(input_repr: str, embedding_size: int, filters: int, center: bool) -> Body:
    if input_repr not in FRONTENDS:
        raise ValueError(
            f"input_repr must be one of {', '.join(FRONTENDS)}. Received: "
            f"{input_repr!r}."
        )
    sizes = {fields * 8 * filters: FIELDS[fields] for fields in FIELDS}
    if embedding_size not in sizes:
        raise ValueError(
            f"embedding_size must be {' or '.join(map(str, sizes))} with filters="
            f"{filters}. Received: {embedding_size!r}."
        )
    frontend = FRONTENDS[input_repr]
    waveform, x = second(SAMPLE_RATE, center)
    if input_repr == "linear":
        x = Spectrogram(**frontend, name="spectrogram")(x)
    else:
        frames = -(-SAMPLE_RATE // HOP)
        span = (frames - 1) * HOP + frontend["n_fft"]
        x = WholeWindows(span, HOP, name="whole_frames")(x)
        x = MelSpectrogram(**frontend, name="spectrogram")(x)
    # Upstream takes 10 log10 of magnitudes, which is half of their decibels.
    x = Decibel("max", amin=1e-10, top_db=80, name="frontend")(x)
    x = convolve(x, [filters, 2 * filters, 4 * filters, 8 * filters])
    rows, columns = sizes[embedding_size]
    pool = (x.shape[1] // rows, x.shape[2] // columns)
    x = channels_last.MaxPooling2D(pool, name="pool4")(x)
    embedding = channels_last.Flatten(name="embedding")(x)
    spec = second_spec(SAMPLE_RATE, frontend, center)
    return Body(waveform, embedding, embedding, spec)


def second(rate: int, center: bool) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return a network's input, and the second that it hears, (batch, rate).

    Args:
        rate: Sample rate of the network in Hz.
        center: Whether the first half of the second is the samples before the input.
    """
    if not center:
        waveform = keras.Input((rate,), name="waveform")
        return waveform, waveform
    waveform = keras.Input((None,), name="waveform")
    return waveform, Context(rate - rate // 2, rate // 2, name="context")(waveform)


def second_spec(rate: int, frontend: dict[str, Any], center: bool) -> AudioSpec:
    """Return the spec of a network on such seconds, one every 0.1 s."""
    context = rate // 2 if center else 0
    return AudioSpec.of_fixed_clips(rate, rate - context, frontend).replace(
        window_padding="zeros",
        hop_samples=rate // 10,
        rest="full",
        context_samples=context,
    )


def convolve(x: keras.KerasTensor, widths: Sequence[int]) -> keras.KerasTensor:
    """Turn features (batch, frames, bins) into maps (batch, rows, columns, channels).

    Args:
        x: Features; eight bins become one row, eight frames one column.
        widths: Numbers of filters of the four pairs of convolutions.
    """
    x = layers.Permute((2, 1), name="bins_first", dtype="float32")(x)
    x = layers.Reshape((*x.shape[1:], 1), name="image", dtype="float32")(x)
    x = feature_norm(x, KERAS_EPSILON, "bn0")
    for number in range(1, CONVS + 1):
        x = channels_last.Conv2D(
            widths[(number - 1) // 2],
            3,
            padding="same",
            name=f"conv{number}",
        )(x)
        if number == CONVS:
            break
        x = norm_relu(x, number)
        if number % 2 == 0:
            x = channels_last.MaxPooling2D(2, name=f"pool{number // 2}")(x)
    return x


def norm_relu(x: keras.KerasTensor, number: int) -> keras.KerasTensor:
    """Normalize and rectify the output of a convolution."""
    x = batch_norm(x, KERAS_EPSILON, f"bn{number}")
    return layers.ReLU(name=f"relu{number}")(x)


_REPR = re.compile(rf"_({'|'.join(FRONTENDS)})_(music|env)")


def _from_upstream(path: Path) -> Converted:
    file = read_keras2(path)
    state = convert(file, str(path), "OpenL3")
    if FRONTEND_KINDS & file.keys():
        raise ValueError(
            f"{path} has a front-end of its own, as files of OpenL3 before version 0.4 "
            "and of sparse networks of EdgeL3. Pass one whose name ends in -v0_4_0."
        )
    arguments: dict[str, Any] = {"filters": len(state["conv1/bias"])}
    # The weights fit every spectrogram: upstream tells them by the name of the file.
    if named := _REPR.search(path.name):
        arguments["input_repr"] = named[1]
    return Converted(state, arguments)


FRONTEND_KINDS = {"spectrogram", "melspectrogram"}
_NORMS = {"OpenL3": CONVS, "EdgeL3": CONVS + 1}


def convert(file: Layers, origin: str, factory: str) -> State:
    """Convert the layers of an upstream file, which Keras 2 numbered.

    Args:
        file: Layers by kind, in order of creation, from `read_keras2`. A stored
            front-end (`FRONTEND_KINDS`) is left out.
        origin: Origin of the layers, for error messages.
        factory: "OpenL3" or "EdgeL3".

    Raises:
        ValueError: It is another network.
    """
    found = len(file.get("batch_normalization", ()))
    if "vision_embedding_layer" in file:
        raise ValueError(
            f"{origin} holds the network of OpenL3 for pictures. Pass the one for "
            "sounds, openl3_audio_..."
        )
    if "audio_embedding_layer" not in file:
        raise ValueError(
            f"{origin} does not hold an {factory}, with a layer audio_embedding_layer: "
            f"its kinds of layers are {sorted(file)[:4]}."
        )
    for other, norms in _NORMS.items():
        if other != factory and found == norms:
            raise ValueError(
                f"{origin} holds an {other}, not an {factory}. Give it as weights= of "
                f"{other}."
            )
    convs = [f"conv{number}" for number in range(1, CONVS + 1)]
    names = {
        "conv2d": convs[:-1],
        "batch_normalization": [f"bn{number}" for number in range(_NORMS[factory])],
        "audio_embedding_layer": convs[-1:],
    }
    own = {kind: arrays for kind, arrays in file.items() if kind not in FRONTEND_KINDS}
    return assign_names(own, names, origin)


KERAS2 = (".h5", ".hdf5", ".gz")  # suffixes of such files

_OPENL3 = Architecture(
    name="OpenL3",
    body=_body,
    defaults={
        "input_repr": "mel256",
        "embedding_size": 6144,
        "filters": 64,
        "center": False,
    },
    free={"embedding_size", "center"},
    converters={"openl3_keras2": _from_upstream},
    suffixes=dict.fromkeys(KERAS2, "openl3_keras2"),
    classes=None,
    model_name="openl3",
    example={"labels": ["ah", "oh"], "filters": 4, "embedding_size": 32},
)
