"""AudioMAE: a vision transformer that learned to fill gaps in spectrograms.

    waveform (b, samples) -> Kaldi filter bank energies, 100 frames a second
    -> cut or padded with zeros (b, 1024, 128) -> normalized: frontend (b, 1024, 128)
    -> patches of 16 x 16, listed step by step (b, 512, 768)
    -> class token in front, positions added (b, 513, 768)
    -> 12 x [attention, 12 heads; dense 3072] -> mean of the patches without the token
    -> normalized: embedding (b, 768) -> predictions (b, 527)

Source: Huang et al. 2022, arXiv:2207.06405; timm 1.0 (`VisionTransformer`), as which
gaunernst/vit_base_patch16_1024_128.audiomae_as2m_ft_as20k holds the weights.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.hub_config import check_heads, read_config
from kerasaudio.checkpoints.native import State, read_native
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import TIMM_NAMES, transformer_layer
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.padded_fbank import (
    BINS,
    padded_fbank,
    padded_fbank_spec,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import channels_last
from kerasaudio.layers.transformer import TokensAndPositions
from kerasaudio.weights.label_lists import label_list

PATCH = 16
BANDS = BINS // PATCH
CLASSES = 527
EPSILON = 1e-6
HEAD_SIZE = 64


def AudioMAE(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    intermediate_size: int | None = None,
    max_length: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 10 s of sound with a transformer trained on unlabeled sounds.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 400
    samples (one frame); the network ignores what comes after `max_length` frames. Whole
    clips (`tag`, `embed`) have at least 0.05 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, hidden_size).
    Whole clips: the original stops after `max_length` frames. `tag` and `embed` process
    the rest in further windows, side by side; the last one is weighted by its length.
    A shorter clip is padded with zeros after the filter bank, as in the original.

    A fine-tuned network in timm's form is read from its `.safetensors` file; one of 527
    classes gets the names of AudioSet's. The `config.json` in the same folder gives the
    number of heads; without it, heads are 64 features wide. A network that was only
    pretrained has another last layer and is refused. The original's license,
    CC-BY-NC-4.0, forbids commercial use.

    Args:
        hidden_size: Number of features of a token; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        intermediate_size: Units of the dense layer inside each layer; default: 3072.
        max_length: Number of frames of 10 ms, a multiple of 16; default: 1024.

    Source: arXiv:2207.06405; timm's VisionTransformer.
    """
    return build(_AUDIO_MAE, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    intermediate_size: int,
    max_length: int,
) -> Body:
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if max_length < PATCH or max_length % PATCH:
        raise ValueError(
            f"max_length must be a multiple of {PATCH} frames. "
            f"Received: {max_length!r}."
        )
    waveform = keras.Input((None,), name="waveform")
    x = padded_fbank(waveform, max_length)
    x = layers.Reshape((max_length, BINS, 1), name="image")(x)
    x = channels_last.Conv2D(
        hidden_size, PATCH, strides=PATCH, name="patch_embed_proj"
    )(x)
    x = layers.Reshape((-1, hidden_size), name="patches")(x)
    x = TokensAndPositions(distilled=False, name="tokens")(x)
    for number in range(num_layers):
        x = transformer_layer(
            x, num_heads, intermediate_size, EPSILON, f"blocks_{number}", TIMM_NAMES
        )
    x = layers.Cropping1D((1, 0), name="without_token")(x)
    x = channels_last.GlobalAveragePooling1D(name="pool")(x)
    embedding = layers.LayerNormalization(epsilon=EPSILON, name="embedding")(x)
    return Body(waveform, embedding, embedding, padded_fbank_spec(max_length))


def _from_safetensors(path: Path) -> Converted:
    tensors = read_native(path)
    if "tokens/cls_token" in tensors:  # saved by kerasaudio
        return Converted(tensors)
    return convert(tensors, path)


def convert(tensors: Mapping[str, np.ndarray], path: Path) -> Converted:
    """Convert the state dict of timm's network.

    Args:
        tensors: Arrays by timm's key.
        path: Path of their file, next to which a `config.json` may be.

    Raises:
        ValueError: The arrays are not those of this network, or its number of attention
            heads is unknown.
    """
    ranks = {key: tensors[key].ndim for key in _NEEDED.keys() & tensors.keys()}
    kernel = tensors.get("patch_embed.proj.weight")
    if (
        ranks != _NEEDED
        or kernel is None
        or kernel.shape[1:] != (1, PATCH, PATCH)
        or (tensors["pos_embed"].shape[1] - 1) % BANDS
    ):
        raise ValueError(
            f"{path} does not hold an AudioMAE in timm's form, with patches of "
            f"{PATCH} x {PATCH} of {BINS} bands: its tensors are "
            f"{sorted(tensors)[:4]} ..."
        )
    if "fc_norm.weight" not in tensors:
        raise ValueError(
            f"{path} holds no layer fc_norm behind the mean of the patches. Was this "
            "AudioMAE only pretrained? Pass the file of a fine-tuned one."
        )
    hidden_size = len(kernel)
    found = read_config(
        path.with_name("config.json"),
        "vit_base_patch16_224",
        {"num_heads": "num_heads", "embed_dim": "hidden_size"},
        {},
        kind="architecture",
        inner="model_args",
    )
    if found.get("hidden_size", hidden_size) != hidden_size:
        found = {}  # it belongs to another network in the same folder
    heads = found.get("num_heads", hidden_size // HEAD_SIZE)
    check_heads(path, hidden_size, heads)
    arguments = {
        "hidden_size": hidden_size,
        "num_layers": sum(key.endswith(".mlp.fc1.bias") for key in tensors),
        "num_heads": heads,
        "intermediate_size": len(tensors["blocks.0.mlp.fc1.bias"]),
        "max_length": (tensors["pos_embed"].shape[1] - 1) // BANDS * PATCH,
    }
    bias = tensors.get("head.bias")
    published = bias is not None and bias.shape == (CLASSES,)
    labels = label_list("audioset") if published else None
    return Converted(from_timm(tensors, heads), arguments, labels)


_NEEDED = {"cls_token": 3, "pos_embed": 3, "blocks.0.mlp.fc1.bias": 1}


def from_timm(tensors: Mapping[str, np.ndarray], heads: int) -> State:
    """Convert a state dict, of which the patches and `_NEEDED` are there.

    Args:
        tensors: Arrays by timm's key.
        heads: Number of attention heads, which no shape reveals.
    """
    left = dict(tensors)
    state = {
        "tokens/cls_token": left.pop("cls_token"),
        "tokens/position_embeddings": left.pop("pos_embed"),
    }
    # The images of the original are (frames, bins), as here.
    kernel = left["patch_embed.proj.weight"]
    left["patch_embed.proj.weight"] = kernel.swapaxes(2, 3)
    rename = {"fc_norm": "embedding", "head": "predictions"}
    return state | from_torch(left, rename=rename, heads=heads)


_AUDIO_MAE = Architecture(
    name="AudioMAE",
    body=_body,
    defaults={
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "intermediate_size": 3072,
        "max_length": 1024,
    },
    converters={"audio_mae": _from_safetensors},
    suffixes={".safetensors": "audio_mae"},
    classes=CLASSES,
    example={"num_layers": 1},
)
