"""DSCNN: a small network of separable convolutions that recognizes spoken words.

    waveform (b, 16000) -> ten cepstral coefficients, 50 frames a second:
    frontend (b, 49, 10)
    -> conv 10 x 4, stride 2 x 2 | 1 (b, 25, 5 | 10, 64)
    -> blocks [depthwise 3 x 3 | 1 x 1] (b, 25, 5, 64), the first with stride 1 | 2
    -> mean over the map -> embedding (b, 64) -> predictions (b, 12)

Every convolution has a bias, and is followed by batch normalization and ReLU. Arm's
networks S, M and L have 64, 172 and 276 filters and 4, 4 and 5 blocks. MLPerf Tiny's
reference has the size of S, with another front-end (`core.frontends.speech_commands`)
and dropout in training. Its published SavedModel is of March 2021: other weights than
those of the `.tflite` files next to it, which were trained later.

Source: Zhang et al. 2017, arXiv:1711.07128; ARM-software/ML-KWS-for-MCU, commit
8151349; Banbury et al. 2021, arXiv:2106.07597; mlcommons/tiny, commit 1afd2c9.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.frozen_graph import read_frozen_graph
from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.tensor_bundle import read_tensor_bundle
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, batch_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.speech_commands import (
    CLIP_SAMPLES,
    COEFFICIENTS,
    FRAMES,
    FRONTENDS,
    speech_commands_frontend,
    speech_commands_spec,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import channels_last
from kerasaudio.layers.depthwise import DepthwiseConv2D

DEFAULTS = {
    "variant": "arm",
    "filters": 64,
    "blocks": 4,
    "conv_stride": 2,
    "block_stride": 1,
}


def DSCNN(
    weights: Weights = None,
    *,
    variant: str | None = None,
    filters: int | None = None,
    blocks: int | None = None,
    conv_stride: int | None = None,
    block_stride: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Recognize ten spoken words, unknown words and silence, in one second of sound.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 16000) samples (1 s).
    Output: (batch, classes), probabilities that sum to one. The published networks know
    yes, no, up, down, left, right, on, off, stop and go, in different orders.
    Embedding: (batch, filters).
    Whole clips: windows of one second side by side; as upstream, silence fills clips
    that are shorter. The originals hear only the first second of longer ones.

    Of Arm it reads the frozen graph (`DS_CNN_S.pb`), of MLPerf Tiny the checkpoint in
    the SavedModel (`variables/variables.index`, with `variables.data-...` next to it).

    Args:
        variant: Whose front-end and dropout: "arm" or "mlperf"; default: "arm".
        filters: Filters of every convolution; default: 64.
        blocks: Number of separable convolutions after the first; default: 4.
        conv_stride: Step of the first convolution over the coefficients, 1 or 2 (over
            frames it is 2); default: 2.
        block_stride: Step of the first block over frames and coefficients, 1 or 2;
            default: 1.

    Raises:
        ValueError: `variant` is unknown, or a step is neither 1 nor 2.

    Source: arXiv:1711.07128, ARM-software/ML-KWS-for-MCU at 8151349; mlcommons/tiny at
    1afd2c9.
    """
    return build(_DS_CNN, **locals())


def _body(
    variant: str, filters: int, blocks: int, conv_stride: int, block_stride: int
) -> Body:
    if variant not in FRONTENDS:
        raise ValueError(
            f"variant must be one of {sorted(FRONTENDS)}. Received: {variant!r}."
        )
    for name, step in (("conv_stride", conv_stride), ("block_stride", block_stride)):
        if step not in (1, 2):
            raise ValueError(f"{name} must be 1 or 2. Received: {step!r}.")
    waveform = keras.Input((CLIP_SAMPLES,), name="waveform")
    x = speech_commands_frontend(waveform, variant)
    x = layers.Reshape((FRAMES, COEFFICIENTS, 1), name="image")(x)
    x = channels_last.Conv2D(
        filters, (10, 4), (2, conv_stride), padding="same", name="conv"
    )(x)
    x = _norm_relu(x, "conv")
    if variant == "mlperf":
        x = layers.Dropout(0.2, name="conv_dropout")(x)
    for number in range(1, blocks + 1):
        name = f"block{number}"
        step = block_stride if number == 1 else 1
        x = DepthwiseConv2D(3, step, pad_like="tensorflow", name=f"{name}_depthwise")(x)
        x = _norm_relu(x, f"{name}_depthwise")
        x = channels_last.Conv2D(filters, 1, name=f"{name}_pointwise")(x)
        x = _norm_relu(x, f"{name}_pointwise")
    if variant == "mlperf":
        x = layers.Dropout(0.4, name="dropout")(x)
    embedding = channels_last.GlobalAveragePooling2D(name="embedding")(x)
    return Body(waveform, embedding, embedding, speech_commands_spec(variant))


def _norm_relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = batch_norm(x, KERAS_EPSILON, f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x)


# Scopes of Arm's graph, and layers of ours.
_ARM_BLOCK = re.compile(r"MobileNet/conv_ds_(\d+)/(\w+)")
_ARM_PARTS = {
    "depthwise_conv": "depthwise",
    "dw_batch_norm": "depthwise_bn",
    "pointwise_conv": "pointwise",
    "pw_batch_norm": "pointwise_bn",
}
_ARM_SCOPES = {
    "MobileNet/conv_1": "conv",
    "MobileNet/conv_1/batch_norm": "conv_bn",
    "MobileNet/fc1": "predictions",
}
_ARM_LEAVES = {
    "weights": "kernel",
    "depthwise_weights": "kernel",
    "biases": "bias",
    "Const": "gamma",  # it was not trained: all ones
}


def _from_arm(path: Path) -> Converted:
    graph = read_frozen_graph(path)
    state = from_arm(graph.constants)
    sizes = _sizes(state, str(path), graph.constants)
    first = graph.strides.get("MobileNet/conv_1/Conv2D")
    block = graph.strides.get("MobileNet/conv_ds_1/depthwise_conv/depthwise")
    known = {(1, 2, step, 1): step for step in (1, 2)}
    known_block = {(1, step, step, 1): step for step in (1, 2)}
    if first not in known or block not in known_block:
        raise ValueError(
            f"{path} holds a DSCNN with other strides than the published ones: "
            f"{first} in the first convolution, {block} in the first block."
        )
    strides = {"conv_stride": known[first], "block_stride": known_block[block]}
    return Converted(state, {"variant": "arm", **sizes, **strides})


def from_arm(constants: Mapping[str, np.ndarray]) -> State:
    """Convert the constants of Arm's frozen graph.

    `MobileNet/conv_ds_1/dw_batch_norm/beta` becomes `block1_depthwise_bn/beta`; the
    tensors have the layout of Keras.

    Args:
        constants: Arrays by name of the node. Those outside the network (shapes) are
            left out.
    """
    state: State = {}
    for key, tensor in constants.items():
        scope, _, leaf = key.rpartition("/")
        layer = _ARM_SCOPES.get(scope, scope)
        if found := _ARM_BLOCK.fullmatch(scope):
            layer = f"block{found[1]}_{_ARM_PARTS.get(found[2], found[2])}"
        if scope.startswith("MobileNet/"):
            state[f"{layer}/{_ARM_LEAVES.get(leaf, leaf)}"] = tensor
    return state


_NUMBERED = re.compile(
    r"layer_with_weights-(\d{1,3})/(\w+)/\.ATTRIBUTES/VARIABLE_VALUE"
)


def _from_mlperf(index: Path, data: Path | None = None) -> Converted:
    tensors = read_tensor_bundle(index, data)
    state = from_mlperf(tensors)
    arguments = _sizes(state, str(index), tensors)
    strides = {"conv_stride": 2, "block_stride": 1}
    return Converted(state, {"variant": "mlperf", **arguments, **strides})


def from_mlperf(tensors: Mapping[str, np.ndarray]) -> State:
    """Convert the variables of MLPerf Tiny's SavedModel.

    Keras numbered the layers with weights in their order: convolution, normalization,
    four layers for each block, classifier.

    Args:
        tensors: Arrays by key of the checkpoint. Those outside the network (the state
            of the optimizer, metrics) are left out.
    """
    numbered = {
        (int(found[1]), found[2]): tensor
        for key, tensor in tensors.items()
        if (found := _NUMBERED.fullmatch(key))
    }
    last = max((number for number, _ in numbered), default=0)
    layers = ["conv", "conv_bn"]
    for block in range(1, (last + 1) // 4 + 1):
        layers += [f"block{block}_{part}" for part in _ARM_PARTS.values()]
    names = {**dict(enumerate(layers)), last: "predictions"}
    leaves = {"depthwise_kernel": "kernel"}
    return {
        f"{names[number]}/{leaves.get(leaf, leaf)}": tensor
        for (number, leaf), tensor in numbered.items()
    }


def _sizes(
    state: State, origin: str, tensors: Mapping[str, np.ndarray]
) -> dict[str, int]:
    """Return the architecture's arguments that follow from the shapes."""
    bias = state.get("conv/bias")
    blocks = sum(key.endswith("_depthwise/bias") for key in state)
    if bias is None or bias.ndim != 1 or not blocks:
        raise ValueError(
            f"{origin} does not hold a DSCNN, a convolution and separable convolutions "
            f"with biases. It has {', '.join(sorted(tensors)[:4])} ..."
        )
    return {"filters": len(bias), "blocks": blocks}


_DS_CNN = Architecture(
    name="DSCNN",
    body=_body,
    defaults=DEFAULTS,
    converters={"ds_cnn_graph": _from_arm, "ds_cnn_checkpoint": _from_mlperf},
    suffixes={".pb": "ds_cnn_graph", ".index": "ds_cnn_checkpoint"},
    classes=12,
    activation="softmax",
    model_name="ds_cnn",
    example={"labels": ["lights", "music"], "filters": 8},
)
