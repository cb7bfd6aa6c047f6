"""CNNSA: residual convolutions, then self-attention over 15 s of music.

    waveform (b, 240000) -> frontend (b, 938, 128)
    -> 7 x [2 conv 3 x 3, residual] (b, 469, 64, 128) (b, 235, 32, 128)
       (b, 118, 16, 256) (b, 118, 8, 256) ... (b, 118, 1, 256)
    -> a constant vector in front (b, 119, 256)
    -> 2 x [attention, 8 heads; dense 1024], normalized after each sum
    -> first step -> dense, tanh: embedding (b, 256) -> predictions (b, 50)

Nothing tells the attention in which order the steps are: upstream adds no positions.

Published on MagnaTagATune: ROC-AUC .9077, PR-AUC .4445.

Source: Won, Chun & Serra 2019, arXiv:1906.04972; as trained by Won et al. 2020,
arXiv:2006.00751, in minzwon/sota-music-tagging-models, commit 4e1d652.
"""

import re
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.torch_state import join_heads, split_heads
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import residual_2d
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.won import (
    LEAST_SAMPLES,
    SAMPLE_RATE,
    WIDE_FRONTEND,
    WON_CLIPS,
    read_won,
    stored_constants,
    won_frontend,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last
from kerasaudio.layers.transformer import ConstantToken

# Channels in multiples of `filters`, and strides over (frames, bins).
LAYERS = ((1, (2, 2)), (1, (2, 2)), (2, (2, 2)), *[(2, (1, 2))] * 4)
EPSILON = 1e-12
ATTENTION_DROPOUT = 0.5
HIDDEN_DROPOUT = 0.4
HEADS = 8
DEFAULTS = {
    "clip_samples": 15 * SAMPLE_RATE,
    "filters": 128,
    "num_layers": 2,
    "num_heads": HEADS,
}


def CNNSA(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    filters: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 15 s of music with convolutions and self-attention over their steps.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 240000).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 2 * filters).
    Whole clips, with the published head: the mean over 16 windows that start (samples -
    window) // 16 apart, as in upstream's evaluation (`training/eval.py`); if the clip
    is longer than 16 windows, there are gaps between them. With a head of your own: the
    mean over windows side by side, the last weighted by its length. A clip shorter than
    a window is repeated; upstream refuses it.

    Args:
        clip_samples: Input length in samples, at least 257; default: 240,000 (15 s).
            Attention takes any number of steps, but the published networks were trained
            on 15 s.
        filters: Filters of the first two layers of convolutions; the others have twice
            as many, as many as the attention has features; default: 128.
        num_layers: Number of layers with attention; default: 2.
        num_heads: Number of attention heads, a divisor of 2 * `filters`; default: 8.

    Raises:
        ValueError: `num_heads` does not divide the features.

    Source: arXiv:1906.04972; upstream minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_CNNSA, **locals())


def _body(clip_samples: int, filters: int, num_layers: int, num_heads: int) -> Body:
    if clip_samples < LEAST_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {LEAST_SAMPLES}. "
            f"Received: {clip_samples!r}."
        )
    if 2 * filters % num_heads:
        raise ValueError(
            f"num_heads must divide 2 * filters = {2 * filters}. "
            f"Received: {num_heads!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = won_frontend(waveform, WIDE_FRONTEND)
    for number, (widening, strides) in enumerate(LAYERS, start=1):
        x = residual_2d(x, widening * filters, f"layer{number}", strides=strides)
    x = layers.Reshape((-1, x.shape[-1]), name="steps")(x)
    x = ConstantToken(name="cls")(x)
    for number in range(num_layers):
        x = _attention(x, num_heads, f"encoder_layer_{number}")
    x = layers.Cropping1D((0, x.shape[1] - 1), name="first")(x)
    x = channels_last.Flatten(name="first_features")(x)
    embedding = layers.Dense(x.shape[-1], "tanh", name="embedding")(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, WIDE_FRONTEND)
    return Body(waveform, embedding, x, spec)


def _attention(x: keras.KerasTensor, heads: int, name: str) -> keras.KerasTensor:
    """Apply self-attention and a dense block to (batch, steps, features), as BERT."""
    features = x.shape[-1]
    y = layers.MultiHeadAttention(
        heads, features // heads, dropout=ATTENTION_DROPOUT, name=f"{name}_attention"
    )(x, x)
    x = _add_and_normalize(x, y, f"{name}_attention_output")
    y = layers.Dense(4 * features, "gelu", name=f"{name}_intermediate_dense")(x)
    y = layers.Dense(features, name=f"{name}_output_dense")(y)
    return _add_and_normalize(x, y, f"{name}_output")


def _add_and_normalize(
    x: keras.KerasTensor, y: keras.KerasTensor, name: str
) -> keras.KerasTensor:
    y = layers.Dropout(HIDDEN_DROPOUT, name=f"{name}_dropout")(y)
    x = layers.Add(name=f"{name}_add")([x, y])
    return layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_LayerNorm")(x)


def _from_won2020(path: Path) -> Converted:
    converted = read_won(
        path,
        "CNNSA",
        head="dense",
        constants=stored_constants(WIDE_FRONTEND),
        sizes={"filters": "layer1.conv_1"},
        rename={"pooler_dense": "embedding"},
    )
    state = dict(_attention_state(*item) for item in converted.state.items())
    blocks = [key for key in state if key.endswith("_intermediate_dense/bias")]
    return Converted(
        state, {**converted.arguments, "num_layers": len(blocks), "num_heads": HEADS}
    )


def _attention_state(key: str, tensor: np.ndarray) -> tuple[str, np.ndarray]:
    """Convert BERT's matrices, (in, out), to those of Keras with the heads apart."""
    layer, _, variable = key.partition("/")
    if match := re.fullmatch(r"(.+_attention)_self_(query|key|value)", layer):
        return f"{match[1]}/{match[2]}/{variable}", split_heads(tensor.T, HEADS)
    if match := re.fullmatch(r"(.+_attention)_output_dense", layer):
        return f"{match[1]}/attention_output/{variable}", join_heads(tensor.T, HEADS)
    return key, tensor


_CNNSA = Architecture(
    name="CNNSA",
    body=_body,
    defaults=DEFAULTS,
    free={"clip_samples"},
    converters={"won2020": _from_won2020},
    suffixes={".pth": "won2020"},
    clips={"won2020": WON_CLIPS},
    example={"labels": ["jazz", "rock"], "filters": 8},
)
