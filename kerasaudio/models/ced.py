"""CED: small vision transformers that an ensemble of large ones taught AudioSet.

    waveform (b, samples) -> frontend: mel in decibels, 100 frames a second
    (b, frames, 64) -> init_bn: normalized band by band
    -> chunks of up to 1012 frames, the last padded with zeros (b, n, 1012, 64)
    -> patches of 16 x 16 (b * n, 63, 4, d) -> positions added (b * n, 252, d)
    -> 12 x [attention, heads of 64 features; dense 4 d] -> mean over the patches:
       patch_embeddings (b, n, d) -> embedding (b, d)
    patch_embeddings -> outputlayer_0 -> patch_scores (b, n, 527) -> mean
    -> predictions (b, 527)

d is the hidden size. A clip of up to 1012 frames is one chunk of its own length.
Published on AudioSet: mAP .481 (tiny, d = 192), .490 (mini, 256), .496 (small, 384),
.500 (base, 768).

Source: Dinkel et al. 2024, arXiv:2308.11957; RicherMans/CED, commit 60a0f54.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.hub_config import read_config
from kerasaudio.checkpoints.native import State, read_native
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    TORCH_EPSILON,
    TransformerNames,
    batch_norm,
    transformer_layer,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import hear_patches
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last
from kerasaudio.layers.transformer import Chunks, GridPositions
from kerasaudio.layers.window import window_function

SAMPLE_RATE = 16_000
HOP = 160
BINS = 64
PATCH = 16
HEAD_SIZE = 64
MAX_LENGTH = 1012
CLASSES = 527
EPSILON = 1e-6
TOP_DB = 120.0
MIN_SAMPLES = (PATCH - 1) * HOP  # one patch
WHOLE_SAMPLES = 30 * SAMPLE_RATE
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 512,
    "hop_length": HOP,
    "pad_mode": "reflect",
    "n_mels": BINS,
    "fmax": 8000.0,
    "htk": True,
    "norm": None,
}
NAMES = TransformerNames("norm1", "attn", "norm2", "mlp_fc1", "mlp_fc2")


def CED(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    max_length: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a small transformer.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 2,400
    samples (0.15 s); trained on 10 s.
    Output: (batch, classes), independent probabilities, averaged over the chunks.
    Embedding: (batch, hidden_size), averaged over the chunks.
    Whole clips: as upstream, a clip is processed in one piece, here up to 30 s, in
    chunks of 10.12 s that count alike, the last padded with zeros. As upstream, a clip
    of exactly two or more chunks loses the last one. Longer clips are cut into windows
    of 10.11 s; the last one keeps its own length and is weighted by it. A clip shorter
    than 0.15 s, which upstream refuses, is padded with silence.

    Upstream limits the range of a batch to 120 dB below its loudest clip, this network
    that of each clip. The Hub's code processes clips of several chunks in another way.

    Files of the original code (`.pt`) and of the Hub (`.safetensors`) are read. For the
    latter, the `config.json` in the same folder gives the number of heads; otherwise
    heads are 64 features wide.

    Args:
        hidden_size: Number of features of a token; default: 192.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 3.
        max_length: Number of frames of a chunk, at least 16; default: 1012.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:2308.11957; upstream RicherMans/CED at 60a0f54.
    """
    return build(_CED, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    max_length: int,
    clip_samples: int | None,
) -> Body:
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if max_length < PATCH:
        raise ValueError(
            f"max_length must be at least {PATCH} frames. Received: {max_length!r}."
        )
    if clip_samples is not None and clip_samples < MIN_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {MIN_SAMPLES}. Received: {clip_samples!r}."
        )

    def network(x: keras.KerasTensor) -> keras.KerasTensor:
        x = channels_last.Conv2D(
            hidden_size, PATCH, strides=PATCH, name="patch_embed_proj"
        )(x)
        x = GridPositions(max_length // PATCH, name="positions")(x)
        for number in range(num_layers):
            x = transformer_layer(
                x, num_heads, 4 * hidden_size, EPSILON, f"blocks_{number}", NAMES
            )
        x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
        return channels_last.GlobalAveragePooling1D(name="pool")(x)

    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**FRONTEND, name="mel")(waveform)
    x = Decibel(top_db=TOP_DB, name="frontend")(x)
    x = batch_norm(x, TORCH_EPSILON, "init_bn")
    chunks = Chunks(max_length, PATCH, name="chunks")(x)
    embeddings, embedding = hear_patches(chunks, network)
    normalize = layers.LayerNormalization(epsilon=TORCH_EPSILON, name="outputlayer_0")
    seen = normalize(embeddings)
    return Body(waveform, embedding, seen, _spec(max_length, clip_samples))


def _spec(max_length: int, clip_samples: int | None) -> AudioSpec:
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        (max_length - 1) * HOP,  # the most whole hops that are one chunk
        MIN_SAMPLES,
        clip_samples,
        whole_samples=WHOLE_SAMPLES,
        frontend=FRONTEND | {"top_db": TOP_DB, "max_length": max_length},
    )


def _from_torch(path: Path) -> Converted:
    return convert(read_torch(path), path)


def _from_safetensors(path: Path) -> Converted:
    tensors = read_native(path)
    if "patch_scores/kernel" in tensors:  # saved by kerasaudio
        return Converted(tensors)
    return convert(tensors, path)


def convert(tensors: Mapping[str, np.ndarray], path: Path) -> Converted:
    """Convert a state dict of the Hub or of the original code.

    Args:
        tensors: Arrays by upstream key.
        path: Path of their file, next to which a `config.json` may be.

    Raises:
        ValueError: The arrays are not those of this network, or its number of attention
            heads is unknown.
    """
    # The Hub's keys are those of the original with this prefix, and without the
    # position of init_bn among the layers around it.
    tensors = {
        key.removeprefix("encoder.").replace("init_bn.1.", "init_bn."): tensor
        for key, tensor in tensors.items()
    }
    patches = tensors.get("patch_embed.proj.weight")
    times = tensors.get("time_pos_embed")
    if (
        "outputlayer.1.weight" not in tensors
        or patches is None
        or patches.shape[1:] != (1, PATCH, PATCH)
        or times is None
        or times.ndim != 4
    ):
        raise ValueError(
            f"{path} does not hold a CED with patches of {PATCH} x {PATCH} and a "
            f"classifier: its tensors are {sorted(tensors)[:4]} ..."
        )
    arguments = _settings(path, hidden_size=len(patches), steps=times.shape[-1])
    arguments["num_layers"] = sum(key.endswith(".attn.qkv.bias") for key in tensors)
    return Converted(from_ced(tensors, arguments["num_heads"]), arguments)


_CONFIG = {
    "embed_dim": "hidden_size",
    "num_heads": "num_heads",
    "target_length": "max_length",
}
_ONLY = {"patch_size": PATCH, "patch_stride": PATCH, "n_mels": BINS, "pooling": "mean"}


def _settings(path: Path, hidden_size: int, steps: int) -> dict[str, int]:
    found = read_config(path.with_name("config.json"), "ced", _CONFIG, _ONLY)
    usual = MAX_LENGTH if steps == MAX_LENGTH // PATCH else steps * PATCH
    if (
        found.get("hidden_size", hidden_size) != hidden_size
        or found.get("max_length", usual) // PATCH != steps
    ):
        found = {}  # it belongs to a CED of another size in the same folder
    heads = found.get("num_heads", hidden_size // HEAD_SIZE)
    if heads < 1 or hidden_size % heads:
        raise ValueError(
            f"{path}: {hidden_size} features cannot be divided among {heads} attention "
            "heads. Put the config.json of this file into the same folder."
        )
    length = found.get("max_length", usual)
    return {"hidden_size": hidden_size, "num_heads": heads, "max_length": length}


def from_ced(tensors: Mapping[str, np.ndarray], heads: int) -> State:
    """Convert a state dict of the original code.

    `time_pos_embed` (1, d, 1, steps) and `freq_pos_embed` (1, d, bands, 1) become
    (steps, d) and (bands, d), all else as in `from_torch`.

    Args:
        tensors: Arrays by the original's key.
        heads: Number of attention heads, which no shape reveals.

    Raises:
        ValueError: A stored constant differs from that of the front-end.
    """
    state = from_torch(
        {key: tensor for key, tensor in tensors.items() if key not in _POSITIONS},
        rename={"outputlayer_1": "patch_scores"},
        constants=stored_constants(),
        heads=heads,
    )
    for key in _POSITIONS.keys() & tensors.keys():
        state[_POSITIONS[key]] = _rows(tensors[key])
    return state


_POSITIONS = {
    "time_pos_embed": "positions/time_embeddings",
    "freq_pos_embed": "positions/frequency_embeddings",
}


def _rows(tensor: np.ndarray) -> np.ndarray:
    if tensor.ndim == 4:  # `assign` reports others
        tensor = tensor.reshape(tensor.shape[1], -1).transpose()
    return tensor


def stored_constants() -> dict[str, np.ndarray]:
    """Return the constants of the front-end in the original's state dicts, by key."""
    return {
        "front_end.0.mel_scale.fb": MelSpectrogram(**FRONTEND).filterbank,
        "front_end.0.spectrogram.window": window_function(
            "hann", FRONTEND["n_fft"], periodic=True
        ),
    }


_CED = Architecture(
    name="CED",
    body=_body,
    defaults={
        "hidden_size": 192,
        "num_layers": 12,
        "num_heads": 3,
        "max_length": MAX_LENGTH,
        "clip_samples": None,
    },
    free={"clip_samples"},
    converters={"ced": _from_safetensors, "ced_torch": _from_torch},
    suffixes={".pt": "ced_torch", ".safetensors": "ced"},
    classes=CLASSES,
    head=score_pieces(),
    example={"num_layers": 1},
)
