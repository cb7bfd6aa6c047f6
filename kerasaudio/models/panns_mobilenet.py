"""PANNs' MobileNets: depthwise convolutions that average instead of striding.

    waveform (b, samples) -> log mel, normalized: image (b, frames, 64, 1)
    -> features_0: conv 3 x 3, mean of 2 x 2 (b, frames / 2, 32, 32 w)
    V1  -> features_1..13: [depthwise 3 x 3 | 1 x 1] (b, frames / 32, 2, 1024 w)
    V2  -> features_1..17: inverted residuals, [1 x 1 | depthwise 3 x 3 | 1 x 1]
        -> features_18: conv 1 x 1 (b, frames / 32, 2, 1280)
    -> mean over the bands -> maximum + mean over time
    -> dense, ReLU: embedding (b, 1024) -> predictions (b, 527)

w is the width, 1 in the published files. Where upstream halves, the mean is taken
between a convolution and its normalization. Published on AudioSet: mAP .389 (V1), .383
(V2).

Source: Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn, commit
d2f4b8c; Howard et al. 2017, arXiv:1704.04861; Sandler et al. 2018, arXiv:1801.04381.
"""

from functools import partial
from pathlib import Path
from typing import Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import TORCH_EPSILON, batch_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import channels_last
from kerasaudio.layers.depthwise import DepthwiseConv2D
from kerasaudio.models.panns_blocks import CLASSES, convert, hear, read_panns, summary

POOLS = 5
STEM = 32  # filters of the first convolution
# Channels, and how often frames and bands are divided by two.
V1_BLOCKS = (
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)),
)
# Expansion, channels, number of blocks, divisor of the first one.
V2_BLOCKS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 2),
    (6, 160, 3, 1),
    (6, 320, 1, 1),
)
V2_LAST, V2_EMBEDDING = 1280, 1024


def PANNsMobileNetV1(
    weights: Weights = None,
    *,
    width: float | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a small network, MobileNetV1 of PANNs.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 9,920
    samples (0.31 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 1024 * width).
    Whole clips: as for `CNN14`, in one piece up to 30 s.

    Args:
        width: Factor that multiplies all channel counts; default: 1.0.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Raises:
        ValueError: `width` leaves no channels.

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_V1, **locals())


def PANNsMobileNetV2(
    weights: Weights = None,
    *,
    width: float | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a small network, MobileNetV2 of PANNs.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 9,920
    samples (0.31 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 1024).
    Whole clips: as for `CNN14`, in one piece up to 30 s.

    Args:
        width: Factor that multiplies the channel counts before the last convolution,
            and that of the last one if it is above 1; default: 1.0.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Raises:
        ValueError: `width` leaves no channels.

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_V2, **locals())


def _v1(width: float, clip_samples: int | None) -> Body:
    waveform, x, spec = hear(clip_samples, POOLS)
    x = _stem(x, _scaled(STEM, width), "relu")
    for number, (channels, halves) in enumerate(V1_BLOCKS, start=1):
        name = f"features_{number}"
        x = _depthwise(x, halves, f"{name}_0", f"{name}_2", "relu")
        x = _pointwise(x, _scaled(channels, width), f"{name}_4", f"{name}_5", "relu")
    embedding = summary(x)
    return Body(waveform, embedding, embedding, spec)


def _v2(width: float, clip_samples: int | None) -> Body:
    waveform, x, spec = hear(clip_samples, POOLS)
    x = _stem(x, _scaled(STEM, width), "relu6")
    number = 0
    for expansion, channels, blocks, halves in V2_BLOCKS:
        for block in range(blocks):
            number += 1
            x = _inverted_residual(
                x,
                expansion,
                _scaled(channels, width),
                halves if block == 0 else 1,
                f"features_{number}_conv",
            )
    last, name = _scaled(V2_LAST, max(1.0, width)), f"features_{number + 1}"
    x = _pointwise(x, last, f"{name}_0", f"{name}_1", "relu6")
    embedding = summary(x, V2_EMBEDDING, dropout=0)
    return Body(waveform, embedding, embedding, spec)


def _inverted_residual(
    x: keras.KerasTensor, expansion: int, channels: int, halves: int, name: str
) -> keras.KerasTensor:
    """Expand, convolve each channel, project; add the input if it has the same size."""
    shortcut, place = x, 0
    if expansion > 1:
        expanded = expansion * x.shape[-1]
        x = _pointwise(x, expanded, f"{name}_0", f"{name}_1", "relu6")
        place = 3
    x = _depthwise(x, halves, f"{name}_{place}", f"{name}_{place + 2}", "relu6")
    x = _pointwise(x, channels, f"{name}_{place + 4}", f"{name}_{place + 5}")
    if halves == 1 and shortcut.shape[-1] == channels:
        x = layers.Add(name=f"{name}_add")([shortcut, x])
    return x


def _stem(x: keras.KerasTensor, channels: int, activation: str) -> keras.KerasTensor:
    x = channels_last.Conv2D(
        channels, 3, padding="same", use_bias=False, name="features_0_0"
    )(x)
    x = channels_last.AveragePooling2D(2, name="features_0_1")(x)
    return _normalized(x, "features_0_2", activation)


def _depthwise(
    x: keras.KerasTensor, halves: int, conv: str, norm: str, activation: str
) -> keras.KerasTensor:
    x = DepthwiseConv2D(3, use_bias=False, name=conv)(x)
    if halves > 1:
        x = channels_last.AveragePooling2D(halves, name=f"{conv}_pool")(x)
    return _normalized(x, norm, activation)


def _pointwise(
    x: keras.KerasTensor,
    channels: int,
    conv: str,
    norm: str,
    activation: str | None = None,
) -> keras.KerasTensor:
    x = channels_last.Conv2D(channels, 1, use_bias=False, name=conv)(x)
    return _normalized(x, norm, activation)


def _normalized(
    x: keras.KerasTensor, name: str, activation: str | None
) -> keras.KerasTensor:
    x = batch_norm(x, TORCH_EPSILON, name)
    if activation is None:
        return x
    return layers.Activation(activation, name=f"{name}_{activation}")(x)


def _scaled(channels: int, width: float) -> int:
    scaled = int(channels * width)
    if scaled < 1:
        raise ValueError(
            f"width must leave at least one of {channels} channels. Received: "
            f"{width!r}."
        )
    return scaled


def _from_upstream(path: Path, factory: str) -> Converted:
    tensors = read_panns(path, factory)
    # A depthwise kernel (channels, 1, 3, 3) looks like that of the first convolution.
    depthwise = {
        key.removesuffix(".weight").replace(".", "_")
        for key, tensor in tensors.items()
        if tensor.ndim == 4 and tensor.shape[2] > 1 and key != "features.0.0.weight"
    }
    state = convert(tensors, depthwise=depthwise.__contains__)
    return Converted(state, {"width": len(tensors["features.0.0.weight"]) / STEM})


_V1 = Architecture(
    name="PANNsMobileNetV1",
    body=_v1,
    defaults={"width": 1.0, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": partial(_from_upstream, factory="PANNsMobileNetV1")},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    model_name="panns_mobilenet_v1",
    example={"width": 0.25},
)

_V2 = Architecture(
    name="PANNsMobileNetV2",
    body=_v2,
    defaults={"width": 1.0, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": partial(_from_upstream, factory="PANNsMobileNetV2")},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    model_name="panns_mobilenet_v2",
    example={"width": 0.25},
)
