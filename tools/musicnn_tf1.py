"""musicnn 0.1.0's TensorFlow 1 checkpoints: numbered layers to named ones.

TensorFlow numbers layers by kind in the order upstream creates them. Midend kernels
(7, channels, 1, filters) span all channels: they are 1-D convolutions. The slots of
the Adam optimizer are left out by name.

Source: jordipons/musicnn 0.1.0, `models.py`.
"""

import re
from collections.abc import Mapping

import numpy as np

from kerasaudio.checkpoints.native import State

_NORMS = "batch_normalization"
_MUSICNN = {
    _NORMS: "input_bn",
    "conv2d": "timbre38_conv",
    f"{_NORMS}_1": "timbre38_bn",
    "conv2d_1": "timbre67_conv",
    f"{_NORMS}_2": "timbre67_bn",
    "conv2d_2": "rhythm128_conv",
    f"{_NORMS}_3": "rhythm128_bn",
    "conv2d_3": "rhythm64_conv",
    f"{_NORMS}_4": "rhythm64_bn",
    "conv2d_4": "rhythm32_conv",
    f"{_NORMS}_5": "rhythm32_bn",
    "conv2d_5": "midend1_conv",
    f"{_NORMS}_6": "midend1_bn",
    "conv2d_6": "midend2_conv",
    f"{_NORMS}_7": "midend2_bn",
    "conv2d_7": "midend3_conv",
    f"{_NORMS}_8": "midend3_bn",
    f"{_NORMS}_9": "pool_bn",
    "dense": "dense",
    f"{_NORMS}_10": "embedding",
    "dense_1": "predictions",
}
_VGG = {
    _NORMS: "input_bn",
    **{f"{number}CNN": f"conv{number}" for number in range(1, 6)},
    **{f"{_NORMS}_{number}": f"conv{number}_bn" for number in range(1, 6)},
    "dense": "predictions",
}
_LAYERS = {"musicnn": _MUSICNN, "vgg": _VGG}
_OPTIMIZER = re.compile(r".*/Adam(_1)?|beta[12]_power")


def from_musicnn_tf1(tensors: Mapping[str, np.ndarray], network: str) -> State:
    """Convert a checkpoint.

    Args:
        tensors: Arrays by TensorFlow variable name.
        network: "musicnn" or "vgg".

    Raises:
        KeyError: A variable that the network does not have.
    """
    layers = _LAYERS[network]
    state: State = {}
    for key, tensor in tensors.items():
        if _OPTIMIZER.fullmatch(key):
            continue
        scope, _, leaf = key.rpartition("/")
        layer = layers[scope]
        if layer.startswith("midend") and leaf == "kernel":
            tensor = tensor[:, :, 0, :]
        state[f"{layer}/{leaf}"] = np.asarray(tensor, "float32")
    return state
