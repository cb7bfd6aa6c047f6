"""BEATs: a transformer that learned sounds by predicting its own acoustic tokens.

    waveform (b, samples) -> 16-bit range -> Kaldi filter bank energies, 100 frames a
    second, normalized: frontend (b, frames, 128)
    -> patches of 16 x 16 (b, frames / 16, 8, 512), listed step by step (b, n, 512)
    -> layer_norm -> dense (b, n, 768) -> convolution over 128 patches added
    -> encoder_layer_norm -> 12 x [attention, 12 heads, with gated relative positions;
       dense 3072], each added to 24^(1/4) times its input and normalized
    -> mean over the patches: embedding (b, 768) -> predictions (b, 527)

The best mAP on AudioSet that the paper's abstract states is .506. OpenBEATs are the
same networks, trained with ESPnet on further sounds.

Source: Chen et al. 2022, arXiv:2212.09058; microsoft/unilm, beats, commit c68101b.
Bharadwaj et al. 2025, arXiv:2507.14129; the package openbeats 0.1.1.
"""

from functools import partial
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import TORCH_EPSILON
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import KaldiFbank, Standardize, channels_last
from kerasaudio.layers.relative_attention import (
    GatedAttention,
    PositionalConv,
    RelativePositions,
)
from kerasaudio.layers.transformer import ScaledAdd
from kerasaudio.models.beats_files import CLASSES, FRAME, PATCH, from_upstream

SAMPLE_RATE = 16_000
HOP = 160
BINS = 128
MEAN, STD = 15.41663, 6.55582  # of AudioSet's filter bank energies
MIN_SAMPLES = FRAME + (PATCH - 1) * HOP  # one patch
WINDOW_SAMPLES = 10 * SAMPLE_RATE
WHOLE_SAMPLES = 30 * SAMPLE_RATE
FRONTEND: dict[str, Any] = {"sample_rate": SAMPLE_RATE, "n_mels": BINS}
DEFAULTS = {
    "hidden_size": 768,
    "num_layers": 12,
    "num_heads": 12,
    "intermediate_size": 3072,
    "patch_features": 512,
    "conv_width": 128,
    "conv_groups": 16,
    "num_buckets": 320,
    "max_distance": 800,
    "fbank_mean": MEAN,
    "fbank_std": STD,
    "clip_samples": None,
}


def BEATs(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    intermediate_size: int | None = None,
    patch_features: int | None = None,
    conv_width: int | None = None,
    conv_groups: int | None = None,
    num_buckets: int | None = None,
    max_distance: int | None = None,
    fbank_mean: float | None = None,
    fbank_std: float | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag or embed sounds of any kind with a transformer trained on unlabeled sounds.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 2,800
    samples (0.175 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, hidden_size), the mean over the patches.
    Whole clips: as upstream, a clip is processed in one piece, here up to 30 s. Longer
    clips are cut into windows of 10 s; the last one keeps its own length and is
    weighted by it. A clip shorter than 0.175 s, which upstream refuses, is padded with
    silence. Frames at the end that fill no patch are not used.

    The original's files are read by their path: those fine-tuned on AudioSet, whose 527
    classes are not in AudioSet's order and get their names; and, with
    `include_top=False`, those that were only pretrained and have no classes. So are
    OpenBEATs' files, `{"cfg", "model"}` and ESPnet's `.pth`, of networks trained with
    `deep_norm`, as the published ones are. They do not hold the names of the classes:
    pass `labels` in the order of the `token_list` in their `config.yaml`, and
    `classifier_activation="softmax"` if only one class at a time was meant.

    Args:
        hidden_size: Number of features of a token; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        intermediate_size: Units of the dense layer inside each layer; default: 3072.
        patch_features: Filters of the convolution that makes patches; default: 512.
        conv_width: Number of patches under the positional convolution; default: 128.
        conv_groups: Groups of that convolution, a divisor of `hidden_size`; default:
            16.
        num_buckets: Number of buckets of distances between patches; default: 320.
        max_distance: Distance from which on all are in one bucket; default: that in
            the file's `cfg`, or 800, as in the published ones.
        fbank_mean: Mean of the filter bank energies of the training data, which no
            weights file tells; default: 15.41663, as in the published ones. Some
            trained with ESPnet have their own, see their `config.yaml`.
        fbank_std: Standard deviation of the same, above 0; default: 6.55582.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:2212.09058, arXiv:2507.14129; upstream microsoft/unilm, beats, at
    c68101b, and the package openbeats 0.1.1.
    """
    return build(_BEATS, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    intermediate_size: int,
    patch_features: int,
    conv_width: int,
    conv_groups: int,
    num_buckets: int,
    max_distance: int,
    fbank_mean: float,
    fbank_std: float,
    clip_samples: int | None,
) -> Body:
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if clip_samples is not None and clip_samples < MIN_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {MIN_SAMPLES}. Received: {clip_samples!r}."
        )
    normalize = partial(layers.LayerNormalization, epsilon=TORCH_EPSILON)
    waveform = keras.Input((clip_samples,), name="waveform")
    x = Standardize(std=2**-15, name="int16_range")(waveform)
    x = KaldiFbank(**FRONTEND, name="fbank")(x)
    x = Standardize(fbank_mean, 2 * fbank_std, name="frontend")(x)
    x = layers.Reshape((-1, BINS, 1), name="image")(x)
    x = channels_last.Conv2D(
        patch_features, PATCH, strides=PATCH, use_bias=False, name="patch_embedding"
    )(x)
    x = layers.Reshape((-1, patch_features), name="patches")(x)
    x = normalize(name="layer_norm")(x)
    x = layers.Dense(hidden_size, name="post_extract_proj")(x)
    y = PositionalConv(conv_width, conv_groups, name="encoder_pos_conv")(x)
    x = layers.Add(name="encoder_pos_conv_add")([x, y])
    x = normalize(name="encoder_layer_norm")(x)
    # The original stores these biases in every layer, but they are one tensor.
    biases = RelativePositions(
        num_heads, num_buckets, max_distance, name="relative_attention_bias"
    )(x)
    scale = (2 * num_layers) ** 0.25
    for number in range(num_layers):
        name = f"encoder_layers_{number}"
        y = GatedAttention(num_heads, name=f"{name}_self_attn")([x, biases])
        x = ScaledAdd(scale, name=f"{name}_self_attn_add")([x, y])
        x = normalize(name=f"{name}_self_attn_layer_norm")(x)
        y = layers.Dense(intermediate_size, "gelu", name=f"{name}_fc1")(x)
        y = layers.Dense(hidden_size, name=f"{name}_fc2")(y)
        x = ScaledAdd(scale, name=f"{name}_fc2_add")([x, y])
        x = normalize(name=f"{name}_final_layer_norm")(x)
    # Upstream averages logits; those of the mean are the same.
    embedding = channels_last.GlobalAveragePooling1D(name="embedding")(x)
    x = layers.Dropout(0.1, name="predictor_dropout")(embedding)
    return Body(waveform, embedding, x, _spec(fbank_mean, fbank_std, clip_samples))


def _spec(mean: float, std: float, clip_samples: int | None) -> AudioSpec:
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        WINDOW_SAMPLES,
        MIN_SAMPLES,
        clip_samples,
        whole_samples=WHOLE_SAMPLES,
        frontend=FRONTEND | {"gain": 2**15, "mean": mean, "std": 2 * std},
    )


_BEATS = Architecture(
    name="BEATs",
    body=_body,
    defaults=DEFAULTS,
    free={"clip_samples", "max_distance", "fbank_mean", "fbank_std"},
    converters={"beats": from_upstream},
    suffixes={".pt": "beats", ".pth": "beats"},
    classes=CLASSES,
    model_name="beats",
    example={"num_layers": 1},
)
