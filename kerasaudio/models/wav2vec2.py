"""wav2vec 2.0 and HuBERT: transformers that learned speech from recordings alone.

    waveform (b, samples) -> mean 0, variance 1 over the clip: frontend (b, samples)
    -> 7 convolutions, without padding, each with GELU (b, frames, 512)
    -> feature_projection: normalized, dense (b, frames, 768)
    -> convolution over 128 frames added
    -> 12 x [attention, 12 heads; dense 3072]: frames (b, frames, 768), 50 a second
    -> mean over the frames: embedding (b, 768)

Both are the same network; they differ in what they were trained to predict: wav2vec 2.0
which of several codes belongs to a hidden part of the clip, HuBERT the cluster that it
is in. The base size normalizes the first convolution over time, and in the transformer
behind each block; the large one all convolutions over their channels, and before each
block.

The scores that the papers give are word error rates after fine-tuning, not of these
embeddings.

Source: Baevski et al. 2020, arXiv:2006.11477; Hsu et al. 2021, arXiv:2106.07447;
details follow Hugging Face transformers 5.24 (`Wav2Vec2Model`, `HubertModel`,
`Wav2Vec2FeatureExtractor`).
"""

from functools import partial
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    TORCH_EPSILON,
    TransformerNames,
    dtype_for,
    transformer_layer,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import PatchMean
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Standardize, channels_last
from kerasaudio.layers.relative_attention import PositionalConv
from kerasaudio.models.wav2vec2_files import (
    FACTORIES,
    SAMPLE_RATE,
    STRIDES,
    WIDTHS,
    from_safetensors,
    from_torch_file,
)

MIN_SAMPLES = 400  # one frame
WINDOW_SAMPLES = 10 * SAMPLE_RATE
WHOLE_SAMPLES = 30 * SAMPLE_RATE
FRONTEND: dict[str, Any] = {"sample_rate": SAMPLE_RATE, "epsilon": 1e-7}
NAMES = TransformerNames(
    "layer_norm",
    "attention",
    "final_layer_norm",
    "feed_forward_intermediate_dense",
    "feed_forward_output_dense",
)
DEFAULTS = {
    "hidden_size": 768,
    "num_layers": 12,
    "num_heads": 12,
    "intermediate_size": 3072,
    "conv_filters": 512,
    "conv_bias": False,
    "conv_norm": "group",
    "norm_first": False,
    "position_width": 128,
    "position_groups": 16,
    "clip_samples": None,
}


def Wav2Vec2(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    intermediate_size: int | None = None,
    conv_filters: int | None = None,
    conv_bias: bool | None = None,
    conv_norm: str | None = None,
    norm_first: bool | None = None,
    position_width: int | None = None,
    position_groups: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Embed speech with a transformer that was trained without any text.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 400
    samples (25 ms, one frame). The level does not matter: each clip is normalized.
    Whole clips (`tag`, `embed`) have at least 0.05 s.
    Output: the embedding, (batch, hidden_size); with labels or classes of your own,
    their scores (batch, classes).
    Embedding: the mean over the frames. The layer `frames` has each frame of 25 ms,
    every 20 ms, (batch, frames, hidden_size), upstream's `last_hidden_state`; its
    outputs are those of `keras.Model(model.input, model.get_layer("frames").output)`.
    Layers between often tell more about a speaker or a mood: upstream's
    `hidden_states[n]` is `encoder_layers_{n - 1}_final_layer_norm`, or
    `encoder_layers_{n - 1}_output_add` with `norm_first`, for
    `kerasaudio.FeatureExtractor(model, layer=...)`.
    Whole clips: a clip is processed in one piece, here up to 30 s. Longer clips are cut
    into windows of 10 s; the last one keeps its own length and is weighted by it.

    Files of Hugging Face transformers are read by their path, or that of their folder
    (`model.safetensors` or `pytorch_model.bin`). What a file has besides the encoder is
    left out: the letters of a network fine-tuned to transcribe, the quantizer of the
    pretraining, a classifier. The `config.json` in the same folder gives the number of
    heads and the order of normalization; without it, heads are 64 features wide, but at
    most 16, and the order is that of the published sizes.

    Args:
        hidden_size: Number of features of a frame; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        intermediate_size: Units of the dense layer inside each layer; default: 3072.
        conv_filters: Filters of each convolution; default: 512.
        conv_bias: Whether the convolutions have biases; default: False.
        conv_norm: Normalization of the convolutions: "group", the first one, each
            filter over time (default); or "layer", all, each step over the filters.
        norm_first: Whether the transformer normalizes before its blocks rather than
            after them; default: False.
        position_width: Number of frames under the convolution that tells positions;
            default: 128.
        position_groups: Groups of that convolution, a divisor of `hidden_size`;
            default: 16.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:2006.11477; Hugging Face transformers' Wav2Vec2Model.
    """
    return build(_WAV2VEC2, **locals())


def HuBERT(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    intermediate_size: int | None = None,
    conv_filters: int | None = None,
    conv_bias: bool | None = None,
    conv_norm: str | None = None,
    norm_first: bool | None = None,
    position_width: int | None = None,
    position_groups: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Embed speech with a transformer that learned to name the clusters of its sounds.

    Arguments, input, output, files and errors are those of `Wav2Vec2`; the files are
    those of transformers' HubertModel.

    Source: arXiv:2106.07447; Hugging Face transformers' HubertModel.
    """
    return build(_HUBERT, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    intermediate_size: int,
    conv_filters: int,
    conv_bias: bool,
    conv_norm: str,
    norm_first: bool,
    position_width: int,
    position_groups: int,
    clip_samples: int | None,
) -> Body:
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if conv_norm not in ("group", "layer"):
        raise ValueError(
            f'conv_norm must be "group" or "layer". Received: {conv_norm!r}.'
        )
    if clip_samples is not None and clip_samples < MIN_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {MIN_SAMPLES}. Received: {clip_samples!r}."
        )
    normalize = partial(layers.LayerNormalization, epsilon=TORCH_EPSILON)
    waveform = keras.Input((clip_samples,), name="waveform")
    x = Standardize(axis=1, epsilon=FRONTEND["epsilon"], name="frontend")(waveform)
    x = layers.Reshape((-1, 1), name="samples", dtype="float32")(x)
    for number, (width, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True)):
        name = f"feature_extractor_conv_layers_{number}"
        x = channels_last.Conv1D(
            conv_filters,
            width,
            strides=stride,
            use_bias=conv_bias,
            name=f"{name}_conv",
            dtype=dtype_for(x),
        )(x)
        if conv_norm == "layer":
            x = normalize(name=f"{name}_layer_norm")(x)
        elif number == 0:
            x = layers.GroupNormalization(
                conv_filters, epsilon=TORCH_EPSILON, name=f"{name}_layer_norm"
            )(x)
        x = layers.Activation("gelu", name=f"{name}_gelu")(x)
    x = normalize(name="feature_projection_layer_norm")(x)
    x = layers.Dense(hidden_size, name="feature_projection_projection")(x)
    positions = PositionalConv(
        position_width, position_groups, name="encoder_pos_conv_embed_conv"
    )
    x = layers.Add(name="encoder_pos_conv_embed_add")([x, positions(x)])
    if not norm_first:
        x = normalize(name="encoder_layer_norm")(x)
    for number in range(num_layers):
        x = transformer_layer(
            x,
            num_heads,
            intermediate_size,
            TORCH_EPSILON,
            f"encoder_layers_{number}",
            NAMES,
            norm_first=norm_first,
        )
    if norm_first:
        x = normalize(name="encoder_layer_norm")(x)
    x = layers.Identity(name="frames")(x)
    embedding = PatchMean(name="embedding")(x)
    spec = AudioSpec.of_any_length(
        SAMPLE_RATE,
        WINDOW_SAMPLES,
        MIN_SAMPLES,
        clip_samples,
        whole_samples=WHOLE_SAMPLES,
        frontend=FRONTEND,
    )
    return Body(waveform, embedding, embedding, spec)


def _architecture(model_type: str) -> Architecture:
    return Architecture(
        name=FACTORIES[model_type],
        body=_body,
        defaults=DEFAULTS,
        free={"clip_samples"},
        converters={
            model_type: partial(from_safetensors, model_type),
            f"{model_type}_torch": partial(from_torch_file, model_type),
        },
        suffixes={".safetensors": model_type, ".bin": f"{model_type}_torch"},
        classes=None,
        model_name=model_type,
        example={"num_layers": 1},
    )


_WAV2VEC2 = _architecture("wav2vec2")
_HUBERT = _architecture("hubert")
