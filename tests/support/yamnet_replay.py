"""YAMNet as LiteRT runs its int8 file: activations rounded to int8 before each product.

The runtime takes int8 kernels only with int8 inputs, so it rounds the magnitudes of
each frame (before the mel matrix), each image (before a depthwise convolution), each
pixel (before a pointwise one) and each vector (before the classifier) to 256 levels
between their minimum, at most 0, and their maximum, at least 0. Done to our network,
that gives the file's scores; without it, a float network is another network.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.layers import Spectrogram
from kerasaudio.models.audioset_frontend import MEL
from kerasaudio.models.yamnet import LOG_OFFSET

CONVOLUTIONS = (
    "layer1_conv",
    *(
        f"layer{number}_{kind}_conv"
        for number in range(2, 15)
        for kind in ("depthwise", "pointwise")
    ),
)
# Kernels of fewer than 1024 numbers were left in float32.
FLOAT_LAYERS = ("layer1_conv", "layer2_depthwise_conv", "layer3_depthwise_conv")


def rounded(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """Round to 256 levels over the range of the values along some axes."""
    low = np.minimum(x.min(axis=axes, keepdims=True), 0)
    high = np.maximum(x.max(axis=axes, keepdims=True), 0)
    step = np.where(high > low, (high - low) / np.float32(255), 1).astype("float32")
    zero = np.round(-128 - low / step)
    levels = np.clip(np.round(x / step) + zero, -128, 127)
    return ((levels - zero) * step).astype("float32")


def replay(model: keras.Model, windows: np.ndarray, mel: np.ndarray) -> np.ndarray:
    """Give the scores of windows of one patch, (windows, 521).

    Args:
        model: A YAMNet.
        windows: (windows, 15600).
        mel: The mel matrix of the file, (bins, 64).
    """
    arguments = ("n_fft", "hop_length", "win_length", "window_align", "center")
    spectrogram = Spectrogram(**{name: MEL[name] for name in arguments})
    magnitudes = _numpy(spectrogram(windows))
    x = np.log(rounded(magnitudes, (2,)) @ mel + np.float32(LOG_OFFSET))
    x = x[..., None]
    for name in CONVOLUTIONS:
        x = convolved(model, name, x)
    return _numpy(model.get_layer("patch_scores")(rounded(x.mean((1, 2)), (1,))))


def convolved(model: keras.Model, name: str, images: np.ndarray) -> np.ndarray:
    """Give the output of one convolution of ours, normalised and rectified."""
    layer = model.get_layer(name)
    if name not in FLOAT_LAYERS:
        images = rounded(images, (1, 2, 3) if "depthwise" in name else (3,))
    x = layer(images)
    for suffix in ("bn", "relu"):
        x = model.get_layer(f"{name}_{suffix}")(x)
    return _numpy(x)


def _numpy(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))
