"""YAMNet: a MobileNet that tags 521 sounds, twice per second.

    waveform (b, samples) -> padded to whole windows -> frontend: log mel, 100 frames a
    second (b, frames, 64) -> patches of 0.96 s every 0.48 s (b, n, 96, 64)
    -> layer1: conv 3 x 3, stride 2 (b * n, 48, 32, 32)
    -> layer2..14: separable convs [depthwise 3 x 3 | 1 x 1] (b * n, 3, 2, 1024)
    -> mean over the map -> patch_embeddings (b, n, 1024) -> embedding (b, 1024)
    patch_embeddings -> patch_scores (b, n, 521) -> mean -> predictions (b, 521)

Published on AudioSet (balanced): mAP .306.

Source: Plakal & Ellis 2020, tensorflow/models, research/audioset/yamnet, commits
0928d5f (yamnet.py), 33630ec (features.py), 3617973 (params.py); Howard et al. 2017,
arXiv:1704.04861.
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.keras2_hdf5 import read_named
from kerasaudio.checkpoints.native import State
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.audioset import (
    PATCH_SAMPLES,
    audioset_patches,
    audioset_spec,
)
from kerasaudio.core.patchwise import hear_patches
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import WholeWindows, channels_last
from kerasaudio.layers.depthwise import DepthwiseConv2D

CLASSES = 521
HOP_SAMPLES = 48 * 160
LOG_OFFSET = 1e-3
EPSILON = 1e-4
STEM_FILTERS = 32
# Filters and stride of layer2 to layer14.
SEPARABLE = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *5 * ((512, 1),),
    (1024, 2),
    (1024, 1),
)


def YAMNet(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind, in patches of 0.96 s.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 15,600
    samples (0.975 s). As upstream, the last patch is padded with silence.
    Output: (batch, classes), independent probabilities, averaged over the patches.
    Embedding: (batch, 1024).
    Whole clips: as upstream, patches of 0.975 s every 0.48 s with equal weights, the
    last padded with silence; with a head of your own, the last one is weighted by its
    length.

    The layers `patch_scores` (batch, patches, classes) and `patch_embeddings` (batch,
    patches, 1024) have the values of single patches, 0.48 s apart, that `predictions`
    and `embedding` average:
    `keras.Model(model.input, model.get_layer("patch_scores").output)`.

    Args:
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Raises:
        ValueError: `clip_samples` is shorter than a patch.

    Source: upstream tensorflow/models, research/audioset/yamnet, at 0928d5f.
    """
    return build(_YAMNET, **locals())


def _body(clip_samples: int | None) -> Body:
    spec = audioset_spec(clip_samples, HOP_SAMPLES, LOG_OFFSET, rest="full")
    waveform = keras.Input((clip_samples,), name="waveform")
    x = WholeWindows(PATCH_SAMPLES, HOP_SAMPLES, name="whole_patches")(waveform)
    patches = audioset_patches(x, HOP_SAMPLES, LOG_OFFSET)
    embeddings, embedding = hear_patches(patches, _network)
    return Body(waveform, embedding, embeddings, spec)


def _network(x: keras.KerasTensor) -> keras.KerasTensor:
    """Turn log mel images (n, 96, 64, 1) into vectors (n, 1024)."""
    conv = partial(channels_last.Conv2D, padding="same", use_bias=False)
    x = conv(STEM_FILTERS, 3, strides=2, name="layer1_conv")(x)
    x = _norm_relu(x, "layer1_conv")
    for number, (filters, stride) in enumerate(SEPARABLE, start=2):
        name = f"layer{number}_depthwise_conv"
        x = DepthwiseConv2D(
            3, stride, pad_like="tensorflow", use_bias=False, name=name
        )(x)
        x = _norm_relu(x, name)
        name = f"layer{number}_pointwise_conv"
        x = _norm_relu(conv(filters, 1, name=name)(x), name)
    return channels_last.GlobalAveragePooling2D(name="pool")(x)


def _norm_relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=EPSILON, scale=False, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _from_upstream(path: Path) -> Converted:
    return Converted(from_yamnet(read_named(path), str(path)))


_NAMED = re.compile(r"layer\d+/.+")


def from_yamnet(tensors: Mapping[str, np.ndarray], origin: str) -> State:
    """Convert the weights of a file of the original code.

    `layer2/depthwise_conv/depthwise_kernel` becomes `layer2_depthwise_conv/kernel`. The
    classifier is the only layer without a name of upstream's: Keras numbered it.

    Args:
        tensors: Arrays by name, from `read_named`.
        origin: Origin of the arrays, for error messages.

    Raises:
        ValueError: There is more than one unnamed layer.
    """
    state: State = {}
    for key, tensor in tensors.items():
        path, _, leaf = key.rpartition("/")
        if leaf == "depthwise_kernel":
            leaf = "kernel"
        layer = path.replace("/", "_") if _NAMED.fullmatch(path) else "patch_scores"
        if f"{layer}/{leaf}" in state:
            raise ValueError(
                f"{origin} holds {key!r} and another {layer} {leaf}: it is not a "
                "weights file of YAMNet."
            )
        state[f"{layer}/{leaf}"] = tensor
    return state


_YAMNET = Architecture(
    name="YAMNet",
    body=_body,
    defaults={"clip_samples": None},
    free={"clip_samples"},
    converters={"yamnet_keras2": _from_upstream},
    suffixes={".h5": "yamnet_keras2", ".hdf5": "yamnet_keras2"},
    classes=CLASSES,
    head=score_pieces(),
    bundled="audioset",
)
