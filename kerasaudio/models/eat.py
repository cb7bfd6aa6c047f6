"""EAT: a transformer that learned sounds from its own average, quickly; and SSLAM.

    waveform (b, samples) -> Kaldi filter bank energies, 100 frames a second
    -> cut or padded with zeros (b, 1024, 128) -> normalized: frontend (b, 1024, 128)
    -> patches of 16 x 16 (b, 64, 8, 768) -> fixed positions added (b, 512, 768)
    -> class token in front (b, 513, 768) -> pre_norm
    -> 12 x [attention, 12 heads; dense 3072], each added to its input and normalized
    -> the class token: embedding (b, 768) -> fc_norm -> predictions (b, 527)

Published on AudioSet: mAP .486 (EAT-base; .489 after 30 epochs, EAT-large .495), and
.502 with the weights of SSLAM, whose network is the same.

Source: Chen et al. 2024, arXiv:2401.03497; cwx-worst-one/EAT, commit 06c1c34. Alex et
al. 2025, arXiv:2506.12222; ta012/SSLAM, commit 0a3c0ff.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.hub_config import check_heads, read_config
from kerasaudio.checkpoints.native import State, read_native
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.padded_fbank import (
    BINS,
    padded_fbank,
    padded_fbank_spec,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.layers import channels_last
from kerasaudio.layers.class_token import ClassToken
from kerasaudio.layers.sine_positions import SinePositions, sine_tables
from kerasaudio.weights.label_lists import label_list

PATCH = 16
BANDS = BINS // PATCH
STEPS = 768  # positions in time, for up to two minutes
HEAD_SIZE = 64
CLASSES = 527
EPSILON = 1e-6
MEAN, STD = -4.268, 4.569  # of AudioSet's filter bank energies
DEFAULTS = {
    "hidden_size": 768,
    "num_layers": 12,
    "num_heads": 12,
    "intermediate_size": 3072,
    "max_length": 1024,
}


def EAT(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    intermediate_size: int | None = None,
    max_length: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag or embed 10 s of sound with a transformer trained on unlabeled sounds.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 400
    samples (one frame); the network ignores what comes after `max_length` frames. Whole
    clips (`tag`, `embed`) have at least 0.05 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, hidden_size), the class token.
    Whole clips: the original stops after `max_length` frames. `tag` and `embed` process
    the rest in further windows, side by side; the last one is weighted by its length.
    A shorter clip is padded with zeros after the filter bank, as in the original.

    The weights of SSLAM are read, too: its network is the same. Both come as files of
    fairseq (`.pt`, fine-tuned ones only) and of the Hub (`.safetensors`), for which the
    `config.json` in the same folder gives the number of heads; otherwise heads are 64
    features wide. Files that were only pretrained have no classes: use
    `include_top=False`. The Hub's code normalizes before the classes with 1e-5 instead
    of 1e-6.

    Args:
        hidden_size: Number of features of a token, a multiple of 4; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        intermediate_size: Units of the dense layer inside each layer; default: 3072.
        max_length: Number of frames of 10 ms, 16 to 12,288, of which those that fill no
            patch of 16 are not used; default: 1024, as in the training. The original
            recommends 512 for sounds of 5 s.

    Source: arXiv:2401.03497, arXiv:2506.12222; upstream cwx-worst-one/EAT at 06c1c34,
    ta012/SSLAM at 0a3c0ff.
    """
    return build(_EAT, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    intermediate_size: int,
    max_length: int,
) -> Body:
    if hidden_size % 4:
        raise ValueError(
            f"hidden_size must be a multiple of 4. Received: {hidden_size!r}."
        )
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if not PATCH <= max_length <= STEPS * PATCH:
        raise ValueError(
            f"max_length must be {PATCH} to {STEPS * PATCH} frames. "
            f"Received: {max_length!r}."
        )
    normalize = partial(layers.LayerNormalization, epsilon=EPSILON)
    waveform = keras.Input((None,), name="waveform")
    x = padded_fbank(waveform, max_length, MEAN, STD)
    x = layers.Reshape((max_length, BINS, 1), name="image")(x)
    x = channels_last.Conv2D(
        hidden_size, PATCH, strides=PATCH, name="local_encoder_proj"
    )(x)
    x = SinePositions(STEPS, name="positions")(x)
    x = ClassToken(name="extra_tokens")(x)
    x = normalize(name="pre_norm")(x)
    for number in range(num_layers):
        name = f"blocks_{number}"
        y = layers.MultiHeadAttention(
            num_heads, hidden_size // num_heads, name=f"{name}_attn"
        )(x, x)
        x = layers.Add(name=f"{name}_attn_add")([x, y])
        x = normalize(name=f"{name}_norm1")(x)
        y = layers.Dense(intermediate_size, "gelu", name=f"{name}_mlp_fc1")(x)
        y = layers.Dense(hidden_size, name=f"{name}_mlp_fc2")(y)
        x = layers.Add(name=f"{name}_mlp_add")([x, y])
        x = normalize(name=f"{name}_norm2")(x)
    x = layers.Cropping1D((0, x.shape[1] - 1), name="class_token")(x)
    embedding = layers.Reshape((hidden_size,), name="embedding")(x)
    x = normalize(name="fc_norm")(embedding)
    return Body(waveform, embedding, x, padded_fbank_spec(max_length, MEAN, STD))


def _from_torch(path: Path) -> Converted:
    return convert(read_torch(path), path)


def _from_safetensors(path: Path) -> Converted:
    tensors = read_native(path)
    if "extra_tokens/token" in tensors:  # saved by kerasaudio
        return Converted(tensors)
    return convert(tensors, path)


def convert(tensors: Mapping[str, np.ndarray], path: Path) -> Converted:
    """Convert a state dict of fairseq or of the Hub.

    Args:
        tensors: Arrays by upstream key.
        path: Path of their file, next to which a `config.json` may be.

    Raises:
        ValueError: The arrays are not those of this network, or its number of attention
            heads is unknown.
    """
    named = {_hub_key(key): tensor for key, tensor in tensors.items()}
    ranks = {key: named[key].ndim for key in _NEEDED if key in named}
    kernel = named.get("local_encoder.proj.weight")
    if ranks != _NEEDED or kernel is None or kernel.shape[1:] != (1, PATCH, PATCH):
        raise ValueError(
            f"{path} does not hold an EAT with patches of {PATCH} x {PATCH} and fixed "
            f"positions: its tensors are {sorted(tensors)[:4]} ..."
        )
    hidden_size = len(kernel)
    arguments = {
        "hidden_size": hidden_size,
        "num_layers": sum(key.endswith(".mlp.fc1.bias") for key in named),
        "num_heads": _heads(path, hidden_size),
        "intermediate_size": len(named["blocks.0.mlp.fc1.bias"]),
    }
    published = len(named.get("head.bias", ())) == CLASSES
    labels = label_list("audioset") if published else None
    return Converted(from_eat(named, arguments["num_heads"], path), arguments, labels)


_NEEDED = {
    "local_encoder.proj.weight": 4,
    "extra_tokens": 3,
    "fixed_positional_encoder.positions": 3,
    "pre_norm.weight": 1,
    "blocks.0.mlp.fc1.bias": 1,
}


def _hub_key(key: str) -> str:
    """Return the Hub's key for one of fairseq, both without the prefix of the body."""
    key = key.removeprefix("model.").removeprefix("modality_encoders.IMAGE.")
    return key.replace("context_encoder.norm.", "pre_norm.")


_CONFIG = {"embed_dim": "hidden_size", "num_heads": "num_heads"}
_ONLY = {
    "patch_size": PATCH,
    "stride": PATCH,
    "in_chans": 1,
    "mel_bins": BINS,
    "qkv_bias": True,
    "layer_norm_first": False,
    "norm_eps": EPSILON,
    "fixed_positions": True,
}


def _heads(path: Path, hidden_size: int) -> int:
    found = read_config(path.with_name("config.json"), "eat", _CONFIG, _ONLY)
    if found.get("hidden_size", hidden_size) != hidden_size:
        found = {}  # it belongs to an EAT of another size in the same folder
    heads = found.get("num_heads", hidden_size // HEAD_SIZE)
    check_heads(path, hidden_size, heads)
    return heads


def from_eat(tensors: Mapping[str, np.ndarray], heads: int, path: Path) -> State:
    """Convert a state dict with the Hub's keys, of which `_NEEDED` is there.

    `extra_tokens` is kept; `positions` (1, steps * 8, d) become one table for steps and
    one for bands, all else as in `from_torch`.

    Args:
        tensors: Arrays by the Hub's key, without the prefix "model.".
        heads: Number of attention heads, which no shape reveals.
        path: Path of their file, for error messages.

    Raises:
        ValueError: The positions are not sines.
    """
    left = dict(tensors)
    token = left.pop("extra_tokens")
    stored = left.pop("fixed_positional_encoder.positions")
    # Upstream's images are (frames, bins), as here.
    kernel = left["local_encoder.proj.weight"]
    left["local_encoder.proj.weight"] = kernel.swapaxes(2, 3)
    state = from_torch(left, rename={"head": "predictions"}, heads=heads)
    return (
        state
        | {"extra_tokens/token": token.astype("float32")}
        | _positions(stored, len(kernel), path)
    )


def _positions(stored: np.ndarray, hidden_size: int, path: Path) -> State:
    """Return the stored positions as two tables.

    Early files have few steps: those behind them get their sines.
    """
    times, frequencies = sine_tables(STEPS, BANDS, hidden_size)
    if stored.size and stored.size % (BANDS * hidden_size) == 0:
        grid = stored.reshape(-1, BANDS, hidden_size)[:STEPS]
        steps, half = len(grid), hidden_size // 2
        if np.abs(grid - (times[:steps, None] + frequencies)).max() <= _ROUNDED:
            times[:steps, half:] = grid[:, 0, half:]
            frequencies[:, :half] = grid[0, :, :half]
            return {
                "positions/time_embeddings": times,
                "positions/frequency_embeddings": frequencies,
            }
    raise ValueError(
        f"{path}: its positions, of shape {stored.shape}, are not the sines that EAT "
        "adds to its patches. It belongs to a network of another kind."
    )


_ROUNDED = 4e-3  # a training in half precision stores them rounded


_EAT = Architecture(
    name="EAT",
    body=_body,
    defaults=DEFAULTS,
    free={"max_length"},
    converters={"eat": _from_safetensors, "eat_torch": _from_torch},
    suffixes={".pt": "eat_torch", ".safetensors": "eat"},
    classes=CLASSES,
    model_name="eat",
    example={"num_layers": 1},
)
