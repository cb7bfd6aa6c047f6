"""AST: a vision transformer over patches of a log mel spectrogram.

    waveform (b, samples) -> Kaldi filter bank energies, 100 frames a second
    -> cut or padded with zeros (b, 1024, 128) -> normalized: frontend (b, 1024, 128)
    -> patches of 16 x 16, one every 10 frames and 10 bins (b, 1212, 768)
    -> class and distillation token in front, positions added (b, 1214, 768)
    -> 12 x [attention, 12 heads; dense 3072] -> mean of the two tokens:
    embedding (b, 768) -> classifier_layernorm -> predictions (b, 527)

Published on AudioSet: mAP .4593.

Source: Gong, Chung & Glass 2021, arXiv:2104.01778; weights and details follow Hugging
Face transformers 4.45 to 5 (`ASTForAudioClassification`, `ASTFeatureExtractor`).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.hub_config import check_heads, read_config
from kerasaudio.checkpoints.native import State, read_native
from kerasaudio.checkpoints.torch_state import join_heads, split_heads
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import TransformerNames, transformer_layer
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.padded_fbank import (
    BINS,
    padded_fbank,
    padded_fbank_spec,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import channels_last
from kerasaudio.layers.transformer import TokensAndPositions

PATCH = 16
CLASSES = 527
EPSILON = 1e-12
_NAMES = TransformerNames(
    "layernorm_before",
    "attention",
    "layernorm_after",
    "intermediate_dense",
    "output_dense",
)
DEFAULTS = {
    "hidden_size": 768,
    "num_layers": 12,
    "num_heads": 12,
    "intermediate_size": 3072,
    "frequency_stride": 10,
    "time_stride": 10,
    "max_length": 1024,
}


def AST(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    intermediate_size: int | None = None,
    frequency_stride: int | None = None,
    time_stride: int | None = None,
    max_length: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 10 s of sound with a transformer.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 400
    samples (one frame); the network ignores what comes after `max_length` frames. Whole
    clips (`tag`, `embed`) have at least 0.05 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, hidden_size).
    Whole clips: the original stops after `max_length` frames. `tag` and `embed` process
    the rest in further windows, side by side; the last one is weighted by its length.
    A shorter clip is padded with zeros after the filter bank, as in the original.

    For a `.safetensors` file of Hugging Face transformers, the `config.json` in the
    same folder gives the settings that no shape reveals (heads, strides). Without it,
    heads are 64 features wide and the other settings are the published ones.

    Args:
        hidden_size: Number of features of a token; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        intermediate_size: Units of the dense layer inside each layer; default: 3072.
        frequency_stride: Bins from one patch to the next; default: 10.
        time_stride: Frames from one patch to the next; default: 10.
        max_length: Number of frames of 10 ms, at least 16; default: 1024.

    Source: arXiv:2104.01778; Hugging Face transformers' ASTForAudioClassification.
    """
    return build(_AST, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    intermediate_size: int,
    frequency_stride: int,
    time_stride: int,
    max_length: int,
) -> Body:
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if max_length < PATCH:
        raise ValueError(
            f"max_length must be at least {PATCH} frames. Received: {max_length!r}."
        )
    waveform = keras.Input((None,), name="waveform")
    x = padded_fbank(waveform, max_length)
    x = layers.Reshape((max_length, BINS, 1), name="image")(x)
    x = channels_last.Conv2D(
        hidden_size,
        PATCH,
        strides=(time_stride, frequency_stride),
        name="embeddings_patch_embeddings_projection",
    )(x)
    x = layers.Permute((2, 1, 3), name="low_bins_first")(x)
    x = layers.Reshape((-1, hidden_size), name="patches")(x)
    x = TokensAndPositions(name="embeddings")(x)
    for number in range(num_layers):
        x = transformer_layer(
            x,
            num_heads,
            intermediate_size,
            EPSILON,
            f"encoder_layer_{number}",
            _NAMES,
        )
    x = layers.Cropping1D((0, x.shape[1] - 2), name="tokens")(x)
    x = layers.LayerNormalization(epsilon=EPSILON, name="layernorm")(x)
    embedding = channels_last.GlobalAveragePooling1D(name="embedding")(x)
    x = layers.LayerNormalization(epsilon=EPSILON, name="classifier_layernorm")(
        embedding
    )
    return Body(waveform, embedding, x, padded_fbank_spec(max_length))


def _from_safetensors(path: Path) -> Converted:
    tensors = read_native(path)
    if "predictions/kernel" in tensors:  # saved by kerasaudio
        return Converted(tensors)
    tokens = tensors.get("audio_spectrogram_transformer.embeddings.cls_token")
    if tokens is None or tokens.ndim != 3 or "classifier.dense.weight" not in tensors:
        raise ValueError(
            f"{path} does not hold an ASTForAudioClassification: its tensors are "
            f"{sorted(tensors)[:4]} ..."
        )
    arguments = read_config(
        path.with_name("config.json"), "audio-spectrogram-transformer", _CONFIG, _ONLY
    )
    hidden_size = tokens.shape[-1]
    heads = arguments.setdefault("num_heads", hidden_size // 64)
    check_heads(path, hidden_size, heads)
    blocks = [key for key in tensors if key.endswith(".intermediate.dense.bias")]
    arguments |= {"hidden_size": hidden_size, "num_layers": len(blocks)}
    if blocks:
        arguments["intermediate_size"] = tensors[blocks[0]].size
    return Converted(from_transformers(tensors, heads), arguments)


_CONFIG = {
    "num_attention_heads": "num_heads",
    "frequency_stride": "frequency_stride",
    "time_stride": "time_stride",
    "max_length": "max_length",
}
_ONLY = {
    "hidden_act": "gelu",
    "layer_norm_eps": EPSILON,
    "num_mel_bins": BINS,
    "patch_size": PATCH,
    "qkv_bias": True,
}


_PREFIX = "audio_spectrogram_transformer."
_RENAME = {"classifier_dense": "predictions"}


def from_transformers(tensors: Mapping[str, np.ndarray], heads: int) -> State:
    """Convert a state dict of Hugging Face transformers.

    patch projection  (out, 1, bins, frames) -> kernel (frames, bins, 1, out)
    query, key, value (out, in) -> kernel (in, heads, out / heads)
    attention output  (out, in) -> kernel (heads, in / heads, out)
    Linear            (out, in) -> kernel (in, out)
    LayerNorm         weight, bias -> gamma, beta

    Args:
        tensors: Arrays by upstream key.
        heads: Number of attention heads, which no shape reveals.
    """
    return dict(
        _converted(key.removeprefix(_PREFIX), np.asarray(tensor, "float32"), heads)
        for key, tensor in tensors.items()
    )


def _converted(key: str, tensor: np.ndarray, heads: int) -> tuple[str, np.ndarray]:
    path, _, leaf = key.rpartition(".")
    layer = path.replace(".", "_")
    if leaf not in ("weight", "bias"):  # the tokens and positions
        return f"{layer}/{leaf}", tensor
    if "layernorm" in layer:
        return f"{layer}/{'gamma' if leaf == 'weight' else 'beta'}", tensor
    variable = "kernel" if leaf == "weight" else "bias"
    if match := re.fullmatch(r"(.+_attention)_attention_(query|key|value)", layer):
        return f"{match[1]}/{match[2]}/{variable}", split_heads(tensor, heads)
    if match := re.fullmatch(r"(.+_attention)_output_dense", layer):
        joined = join_heads(tensor, heads)
        return f"{match[1]}/attention_output/{variable}", joined
    return f"{_RENAME.get(layer, layer)}/{variable}", tensor.transpose()


_AST = Architecture(
    name="AST",
    body=_body,
    defaults=DEFAULTS,
    converters={"ast": _from_safetensors},
    suffixes={".safetensors": "ast"},
    classes=CLASSES,
    example={"num_layers": 1},
)
