"""PANNs' ResNets: residual networks that average instead of striding.

    waveform (b, samples) -> log mel, normalized: image (b, frames, 64, 1)
    -> conv_block1: 2 x conv 3 x 3, mean of 2 x 2 (b, frames / 2, 32, 64)
    -> layer1..4 of [2, 2, 2, 2] or [3, 4, 6, 3] blocks: two convolutions 3 x 3 beside
       the input; the first block of layer2..4 averages 2 x 2 before
       (b, frames / 16, 4, 512)
    -> mean of 2 x 2 -> conv_block_after1: 2 x conv 3 x 3 (b, frames / 32, 2, 2048)
    -> mean over the bands -> maximum + mean over time
    -> dense, ReLU: embedding (b, 2048) -> predictions (b, 527)

Published on AudioSet: mAP .430 (ResNet22), .434 (ResNet38).

Source: Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn, commit
d2f4b8c.
"""

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
from kerasaudio.models.panns_blocks import (
    CLASSES,
    conv_block,
    convert,
    hear,
    read_panns,
    summary,
)

POOLS = 5
BLOCKS = {22: (2, 2, 2, 2), 38: (3, 4, 6, 3)}  # by depth


def PANNsResNet(
    weights: Weights = None,
    *,
    depth: int | None = None,
    filters: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a residual network, ResNet22 or ResNet38 of PANNs.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 9,920
    samples (0.31 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 32 * filters).
    Whole clips: as for `CNN14`, in one piece up to 30 s.

    Args:
        depth: 22 or 38; default: 38. A file of the original code tells its own.
        filters: Filters of the first block and of `layer1`, doubled by each later
            layer; default: 64.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Raises:
        ValueError: `depth` is neither 22 nor 38.

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_RESNET, **locals())


def _body(depth: int, filters: int, clip_samples: int | None) -> Body:
    if depth not in BLOCKS:
        raise ValueError(f"depth must be 22 or 38. Received: {depth!r}.")
    waveform, x, spec = hear(clip_samples, POOLS)
    x = conv_block(x, filters, "conv_block1")
    x = layers.Dropout(0.2, name="conv_block1_dropout")(x)
    for layer, blocks in enumerate(BLOCKS[depth], start=1):
        for number in range(blocks):
            halves = layer > 1 and number == 0
            name = f"resnet_layer{layer}_{number}"
            x = _residual(x, filters << (layer - 1), halves, name)
    x = channels_last.AveragePooling2D(2, name="resnet_pool")(x)
    x = layers.Dropout(0.2, name="resnet_dropout")(x)
    x = conv_block(x, 32 * filters, "conv_block_after1", pool=1)
    x = layers.Dropout(0.2, name="conv_block_after1_dropout")(x)
    embedding = summary(x)
    return Body(waveform, embedding, embedding, spec)


def _residual(
    x: keras.KerasTensor, filters: int, halves: bool, name: str
) -> keras.KerasTensor:
    """Convolve twice and add the input, which has other channels if time is halved."""
    if halves:
        x = channels_last.AveragePooling2D(2, name=f"{name}_pool")(x)
    inner = _normalized(x, filters, 3, f"{name}_conv1", f"{name}_bn1")
    inner = layers.ReLU(name=f"{name}_relu1")(inner)
    inner = layers.Dropout(0.1, name=f"{name}_dropout")(inner)
    inner = _normalized(inner, filters, 3, f"{name}_conv2", f"{name}_bn2")
    if halves:
        x = _normalized(x, filters, 1, f"{name}_downsample_1", f"{name}_downsample_2")
    x = layers.Add(name=f"{name}_add")([inner, x])
    return layers.ReLU(name=f"{name}_relu2")(x)


def _normalized(
    x: keras.KerasTensor, filters: int, size: int, conv: str, norm: str
) -> keras.KerasTensor:
    x = channels_last.Conv2D(filters, size, padding="same", use_bias=False, name=conv)(
        x
    )
    return batch_norm(x, TORCH_EPSILON, norm)


def _from_upstream(path: Path) -> Converted:
    tensors = read_panns(path, "PANNsResNet")
    found = tuple(
        sum(
            key.startswith(f"resnet.layer{layer}.") and key.endswith(".conv1.weight")
            for key in tensors
        )
        for layer in range(1, 5)
    )
    depth = next((depth for depth, blocks in BLOCKS.items() if blocks == found), None)
    if depth is None:
        raise ValueError(
            f"{path} holds a ResNet with {found} blocks in its layers. A PANNsResNet "
            f"has {BLOCKS[22]} or {BLOCKS[38]}."
        )
    filters = len(tensors["conv_block1.conv1.weight"])
    return Converted(convert(tensors), {"depth": depth, "filters": filters})


_RESNET = Architecture(
    name="PANNsResNet",
    body=_body,
    defaults={"depth": 38, "filters": 64, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": _from_upstream},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    model_name="panns_resnet",
    example={"depth": 22, "filters": 4},
)
