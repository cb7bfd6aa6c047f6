"""EfficientAT: a MobileNetV3, taught by a transformer, that tags 527 sounds.

    waveform (b, samples) -> frontend: log mel, 100 frames a second (b, frames, 128)
    -> features_0: conv 3 x 3, stride 2 (b, frames / 2, 64, 16 w)
    -> features_1..15: inverted residuals, [1 x 1 | depthwise | excite | 1 x 1]
       (b, frames / 32, 4, 160 w)
    -> features_16: conv 1 x 1 -> mean over the map -> embedding (b, 960 w)
    -> dense (b, 1280 w) -> predictions (b, 527)

w is the width; channels are rounded to multiples of 8. Published on AudioSet: mAP .432
(w = 0.4, "mn04"), .443 (0.5), .471 (1.0), .478 (2.0).

Source: Schmid, Koutini & Widmer 2023, arXiv:2211.04772, fschmid56/EfficientAT, commit
a425fdc; Howard et al. 2019, arXiv:1905.02244.
"""

from pathlib import Path
from typing import Unpack

import keras
from keras import layers

from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, batch_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.koutini import (
    BINS,
    FRONTEND,
    HOP,
    PREEMPHASIS,
    SAMPLE_RATE,
    koutini_frontend,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last
from kerasaudio.layers.depthwise import DepthwiseConv2D

CLASSES = 527
WINDOW_SAMPLES = 10 * SAMPLE_RATE
WHOLE_SAMPLES = 30 * SAMPLE_RATE
MIN_SAMPLES = 32 * HOP  # one step of the last feature map
# Depthwise width, expanded channels, channels, excitation, activation, stride.
BLOCKS = (
    (3, 16, 16, False, "relu", 1),
    (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1),
    (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "hard_swish", 2),
    (3, 200, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 480, 112, True, "hard_swish", 1),
    (3, 672, 112, True, "hard_swish", 1),
    (5, 672, 160, True, "hard_swish", 2),
    (5, 960, 160, True, "hard_swish", 1),
    (5, 960, 160, True, "hard_swish", 1),
)
DENSE_UNITS = 1280
# Whatever the policy. These layers have 1 % of the products, but in float16 they move
# scores by 2e-2, all layers behind them by 5e-3.
STEM_DTYPE = "float32"


def EfficientAT(
    weights: Weights = None,
    *,
    width: float | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a small convolutional network.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 10,240
    samples (0.32 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 960 * width).
    Whole clips: as upstream, a clip is processed in one piece, here up to 30 s. Longer
    clips are cut into windows of 10 s; the last one keeps its own length and is
    weighted by it. A clip shorter than 0.32 s is padded with silence.

    Args:
        width: Factor that multiplies all channel counts; default: 1.0.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Raises:
        ValueError: `width` is not positive.

    Source: arXiv:2211.04772; upstream fschmid56/EfficientAT at a425fdc.
    """
    return build(_EFFICIENT_AT, **locals())


def _body(width: float, clip_samples: int | None) -> Body:
    if not width > 0:
        raise ValueError(f"width must be positive. Received: {width!r}.")
    if clip_samples is not None and clip_samples < MIN_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {MIN_SAMPLES}. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = koutini_frontend(waveform)
    x = layers.Reshape((-1, BINS, 1), name="image", dtype=STEM_DTYPE)(x)
    x = channels_last.ZeroPadding2D(1, name="features_0_pad", dtype=STEM_DTYPE)(x)
    x = channels_last.Conv2D(
        _round(16 * width),
        3,
        strides=2,
        use_bias=False,
        name="features_0_0",
        dtype=STEM_DTYPE,
    )(x)
    x = _norm(x, "features_0_1", "hard_swish", STEM_DTYPE)
    for number, (side, expanded, out, excited, activation, stride) in enumerate(
        BLOCKS, start=1
    ):
        x = _inverted_residual(
            x,
            side,
            _round(expanded * width),
            _round(out * width),
            excited,
            activation,
            stride,
            f"features_{number}",
        )
    x = channels_last.Conv2D(6 * x.shape[-1], 1, use_bias=False, name="features_16_0")(
        x
    )
    x = _norm(x, "features_16_1", "hard_swish")
    embedding = channels_last.GlobalAveragePooling2D(name="embedding")(x)
    x = layers.Dense(_round(DENSE_UNITS * width), "hard_swish", name="classifier_2")(
        embedding
    )
    x = layers.Dropout(0.2, name="classifier_4")(x)
    return Body(waveform, embedding, x, _spec(clip_samples))


def _spec(clip_samples: int | None) -> AudioSpec:
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        WINDOW_SAMPLES,
        MIN_SAMPLES,
        clip_samples,
        whole_samples=WHOLE_SAMPLES,
        frontend=FRONTEND | {"preemphasis": PREEMPHASIS},
    )


def _inverted_residual(
    x: keras.KerasTensor,
    side: int,
    expanded: int,
    out: int,
    excited: bool,
    activation: str,
    stride: int,
    name: str,
) -> keras.KerasTensor:
    """Expand, convolve each channel, weight the channels, project; add the input."""
    shortcut = x
    step = 0
    if expanded != x.shape[-1]:
        x = channels_last.Conv2D(expanded, 1, use_bias=False, name=f"{name}_block_0_0")(
            x
        )
        x = _norm(x, f"{name}_block_0_1", activation)
        step = 1
    x = DepthwiseConv2D(side, stride, use_bias=False, name=f"{name}_block_{step}_0")(x)
    x = _norm(x, f"{name}_block_{step}_1", activation)
    if excited:
        step += 1
        x = _excite(x, f"{name}_block_{step}_conc_se_layers_0")
    step += 1
    x = channels_last.Conv2D(out, 1, use_bias=False, name=f"{name}_block_{step}_0")(x)
    x = _norm(x, f"{name}_block_{step}_1")
    if stride == 1 and shortcut.shape[-1] == out:
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    return x


def _norm(
    x: keras.KerasTensor,
    name: str,
    activation: str | None = None,
    dtype: str | None = None,
) -> keras.KerasTensor:
    x = batch_norm(x, KERAS_EPSILON, name, dtype=dtype)
    if activation is None:
        return x
    return layers.Activation(activation, name=f"{name}_{activation}", dtype=dtype)(x)


def _excite(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    channels = x.shape[-1]
    scale = channels_last.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(
        x
    )
    scale = layers.Dense(_round(channels // 4), "relu", name=f"{name}_fc1")(scale)
    scale = layers.Dense(channels, "sigmoid", name=f"{name}_fc2")(scale)
    return layers.Multiply(name=f"{name}_excite")([x, scale])


def _round(channels: float) -> int:
    """Return the nearest multiple of 8 that is at least nine tenths of `channels`."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


def _from_upstream(path: Path) -> Converted:
    tensors = read_torch(path)
    dense = tensors.get("classifier.2.weight")
    if dense is None or "features.0.0.weight" not in tensors:
        raise ValueError(
            f"{path} does not hold an EfficientAT network with a dense head: "
            f"its tensors are {sorted(tensors)[:4]} ..."
        )
    # A depthwise kernel (channels, 1, bins, frames) looks like the kernel of the first
    # convolution, which has one input channel.
    depthwise = {
        key.removesuffix(".weight").replace(".", "_")
        for key, tensor in tensors.items()
        if ".block." in key and tensor.ndim == 4 and tensor.shape[2] > 1
    }
    state = from_torch(
        tensors,
        rename={"classifier_5": "predictions"},
        depthwise=depthwise.__contains__,
    )
    return Converted(state, {"width": len(dense) / DENSE_UNITS})


_EFFICIENT_AT = Architecture(
    name="EfficientAT",
    body=_body,
    defaults={"width": 1.0, "clip_samples": None},
    free={"clip_samples"},
    converters={"efficient_at": _from_upstream},
    suffixes={".pt": "efficient_at"},
    classes=CLASSES,
    example={"width": 0.4},
)
