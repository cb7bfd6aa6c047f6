"""What CED and Dasheng have in common: front-end, transformer, and their files.

    waveform (b, samples) -> frontend: mel in decibels, 100 frames a second
    (b, frames, 64) -> init_bn: normalized band by band
    chunks (n, frames, 64, 1) -> patches -> positions added (n, patches, d)
    -> layers of [attention; dense 4 d] -> norm (n, patches, d)

Source: Dinkel et al. 2024, arXiv:2308.11957 and arXiv:2406.06992.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.hub_config import check_heads, read_config
from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.blocks import (
    TIMM_NAMES,
    TORCH_EPSILON,
    feature_norm,
    transformer_layer,
)
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last
from kerasaudio.layers.transformer import GridPositions
from kerasaudio.layers.window import window_function

SAMPLE_RATE = 16_000
HOP = 160
BINS = 64
HEAD_SIZE = 64
EPSILON = 1e-6
TOP_DB = 120.0
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


class Patch(NamedTuple):
    """The size of a patch.

    Attributes:
        frames: Number of frames.
        bins: Number of mel bands.
    """

    frames: int
    bins: int


def decibel_bands(waveform: keras.KerasTensor) -> keras.KerasTensor:
    """Return normalized decibels, (batch, frames, 64), of (batch, samples)."""
    x = MelSpectrogram(**FRONTEND, name="mel")(waveform)
    x = Decibel(top_db=TOP_DB, name="frontend")(x)
    return feature_norm(x, TORCH_EPSILON, "init_bn")


def hear_grid(
    x: keras.KerasTensor,
    patch: Patch,
    steps: int,
    hidden_size: int,
    num_layers: int,
    num_heads: int,
) -> keras.KerasTensor:
    """Return the normalized tokens of images, step by step, (n, patches, features).

    Args:
        x: Images, (n, frames, bins, 1).
        patch: Size of a patch; patches do not overlap.
        steps: Number of positions in time.
        hidden_size: Number of features of a token.
        num_layers: Number of transformer layers.
        num_heads: Number of attention heads.
    """
    x = channels_last.Conv2D(
        hidden_size, tuple(patch), strides=tuple(patch), name="patch_embed_proj"
    )(x)
    x = GridPositions(steps, name="positions")(x)
    for number in range(num_layers):
        x = transformer_layer(
            x, num_heads, 4 * hidden_size, EPSILON, f"blocks_{number}", TIMM_NAMES
        )
    return layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)


def check_sizes(
    hidden_size: int,
    num_heads: int,
    max_length: int,
    clip_samples: int | None,
    patch: Patch,
) -> None:
    """Raise ValueError unless a network of these sizes can be built."""
    if num_heads < 1 or hidden_size % num_heads:
        raise ValueError(
            f"num_heads must divide hidden_size={hidden_size}. Received: {num_heads!r}."
        )
    if max_length < patch.frames:
        raise ValueError(
            f"max_length must be at least {patch.frames} frames. "
            f"Received: {max_length!r}."
        )
    least = shortest(patch)
    if clip_samples is not None and clip_samples < least:
        raise ValueError(
            f"clip_samples must be at least {least}. Received: {clip_samples!r}."
        )


def shortest(patch: Patch) -> int:
    """Return the number of samples of a clip with one patch."""
    return (patch.frames - 1) * HOP


def original_keys(tensors: Mapping[str, np.ndarray]) -> State:
    """Return a state dict of the original or of the Hub with the same keys for both.

    The Hub's keys are those of the original with a prefix. CED's in addition lack the
    position of init_bn among the layers around it.
    """
    return {
        key.removeprefix("encoder.").replace("init_bn.1.", "init_bn."): tensor
        for key, tensor in tensors.items()
    }


def holds_grid(tensors: Mapping[str, np.ndarray], patch: Patch) -> bool:
    """Return whether a state dict has patches of this size and their positions."""
    patches = tensors.get("patch_embed.proj.weight")
    times = tensors.get("time_pos_embed")
    shape = (1, patch.bins, patch.frames)
    return (
        patches is not None
        and patches.shape[1:] == shape
        and times is not None
        and times.ndim == 4
    )


_CONFIG = {
    "embed_dim": "hidden_size",
    "num_heads": "num_heads",
    "target_length": "max_length",
}


def read_sizes(
    tensors: Mapping[str, np.ndarray],
    path: Path,
    model_type: str,
    patch: Patch,
    usual_length: int,
    *,
    only: Mapping[str, Any],
    usual_heads: Mapping[int, int] | None = None,
    inner: str | None = None,
) -> dict[str, int]:
    """Return the architecture arguments of a state dict that `holds_grid`.

    Args:
        tensors: Arrays by the original's key.
        path: Path of their file, next to which a `config.json` may be.
        model_type: Kind of network in the config.
        patch: Size of a patch.
        usual_length: Published `max_length`.
        only: Settings of the config that must have these values.
        usual_heads: Published numbers of heads by hidden size; if a size is not among
            them, heads are 64 features wide.
        inner: Name of a part of the config whose settings count first.

    Raises:
        ValueError: The number of heads is unknown, or the config is not supported.
    """
    hidden_size = len(tensors["patch_embed.proj.weight"])
    steps = tensors["time_pos_embed"].shape[-1]
    found = read_config(
        path.with_name("config.json"), model_type, _CONFIG, only, inner=inner
    )
    same = steps == usual_length // patch.frames
    usual = usual_length if same else steps * patch.frames
    if (
        found.get("hidden_size", hidden_size) != hidden_size
        or found.get("max_length", usual) // patch.frames != steps
    ):
        found = {}  # it belongs to a network of another size in the same folder
    guessed = (usual_heads or {}).get(hidden_size, hidden_size // HEAD_SIZE)
    heads = found.get("num_heads", guessed)
    check_heads(path, hidden_size, heads)
    return {
        "hidden_size": hidden_size,
        "num_layers": sum(key.endswith(".attn.qkv.bias") for key in tensors),
        "num_heads": heads,
        "max_length": found.get("max_length", usual),
    }


def from_original(
    tensors: Mapping[str, np.ndarray],
    heads: int,
    rename: Mapping[str, str] | None = None,
) -> State:
    """Convert a state dict of the original code.

    `time_pos_embed` (1, d, 1, steps) and `freq_pos_embed` (1, d, bands, 1) become
    (steps, d) and (bands, d), all else as in `from_torch`.

    Args:
        tensors: Arrays by the original's key.
        heads: Number of attention heads, which no shape reveals.
        rename: Layer names that differ from the original's, see `from_torch`.

    Raises:
        ValueError: A stored constant differs from that of the front-end.
    """
    state = from_torch(
        {key: tensor for key, tensor in tensors.items() if key not in _POSITIONS},
        rename=rename,
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
