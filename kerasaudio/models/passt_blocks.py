"""What PaSST and MAEST have in common: a vision transformer on any number of patches.

    frontend (b, frames, bins) -> patches of 16 x 16, one every `stride` frames and
    bins (b, steps, bands, d) -> positions in time and in frequency added, further steps
    dropped (b, steps * bands, d)
    -> class and distillation token in front, with positions of their own
    -> n x [attention; dense 4 d] -> norm (b, 2 + steps * bands, d)
    -> mean of the two tokens: embedding (b, d) -> classifier_norm

d is the hidden size. A clip with fewer steps takes the first positions in time.

Source: kkoutini/PaSST at 2a5c818, `models/passt.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.blocks import (
    TIMM_NAMES,
    TORCH_EPSILON,
    transformer_layer,
)
from kerasaudio.layers import channels_last
from kerasaudio.layers.transformer import (
    FirstTokens,
    GridPositions,
    TokensAndPositions,
)

PATCH = 16
EPSILON = 1e-6
HEAD_SIZE = 64  # features of an attention head in the published files
TOKENS = 2


class Sizes(NamedTuple):
    """The sizes of a network.

    Attributes:
        hidden_size: Number of features of a token.
        num_layers: Number of transformer layers.
        num_heads: Number of attention heads, a divisor of `hidden_size`.
        stride: Frames, and bins, from one patch to the next.
        max_length: Number of frames that are heard.
    """

    hidden_size: int
    num_layers: int
    num_heads: int
    stride: int
    max_length: int

    @property
    def steps(self) -> int:
        """Number of steps of patches in `max_length` frames."""
        return (self.max_length - PATCH) // self.stride + 1

    def check(self) -> None:
        """Raise ValueError unless there is such a network."""
        if self.num_heads < 1 or self.hidden_size % self.num_heads:
            raise ValueError(
                f"num_heads must divide hidden_size={self.hidden_size}. Received: "
                f"{self.num_heads!r}."
            )
        if not 0 < self.stride <= PATCH:
            raise ValueError(
                f"stride must be from 1 to {PATCH}, so that patches leave no gaps. "
                f"Received: {self.stride!r}."
            )
        if self.max_length < PATCH:
            raise ValueError(
                f"max_length must be at least {PATCH} frames. Received: "
                f"{self.max_length!r}."
            )


def check_clip(clip_samples: int | None, shortest: int) -> None:
    """Raise ValueError if clips of this length have no patch.

    Args:
        clip_samples: Length in samples; None for any.
        shortest: Least length in samples.
    """
    if clip_samples is not None and clip_samples < shortest:
        raise ValueError(
            f"clip_samples must be at least {shortest}. Received: {clip_samples!r}."
        )


def hear(
    x: keras.KerasTensor, sizes: Sizes
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the embedding of features (batch, frames, bins), and what the head sees.

    Args:
        x: Output of the front-end.
        sizes: Sizes of the network, which `check` accepts.
    """
    x = layers.Reshape((-1, x.shape[2], 1), name="image")(x)
    x = channels_last.Conv2D(
        sizes.hidden_size, PATCH, strides=sizes.stride, name="patch_embed_proj"
    )(x)
    x = GridPositions(sizes.steps, name="positions")(x)
    x = TokensAndPositions(patch_positions=False, name="tokens")(x)
    for number in range(sizes.num_layers):
        name = f"blocks_{number}"
        hidden = 4 * sizes.hidden_size
        x = transformer_layer(x, sizes.num_heads, hidden, EPSILON, name, TIMM_NAMES)
    x = layers.LayerNormalization(epsilon=EPSILON, name="norm")(x)
    x = FirstTokens(TOKENS, name="first_tokens")(x)
    embedding = channels_last.GlobalAveragePooling1D(name="embedding")(x)
    normalize = layers.LayerNormalization(epsilon=TORCH_EPSILON, name="classifier_norm")
    return embedding, normalize(embedding)


def sizes_of(
    tensors: Mapping[str, np.ndarray], bins: int, path: Path, kind: str
) -> Sizes:
    """Return the sizes of the network in a state dict.

    No shape reveals the stride, nor the number of heads: the stride is the largest that
    gives as many bands of patches, heads are 64 features wide, as in all published
    files. `max_length` are the fewest frames that have all steps.

    Args:
        tensors: Arrays by upstream key.
        bins: Number of mel bins of this kind of network.
        path: Path of their file, for error messages.
        kind: Name of the network.

    Raises:
        ValueError: The arrays are not those of this network.
    """
    ranks = {key: tensors[key].ndim for key in _NEEDED if key in tensors}
    if ranks != _NEEDED or tensors[_KERNEL].shape[1:] != (1, PATCH, PATCH):
        raise ValueError(
            f"{path} does not hold a {kind} with patches of {PATCH} x {PATCH}, a "
            "distillation token and positions in time and frequency: its tensors are "
            f"{sorted(tensors)[:4]} ..."
        )
    hidden_size = len(tensors[_KERNEL])
    if hidden_size % HEAD_SIZE:
        raise ValueError(
            f"{path}: {hidden_size} features cannot be divided among attention heads "
            f"of {HEAD_SIZE} features, as all published networks have. Convert its "
            "tensors with kerasaudio.models.passt_blocks.from_passt, which takes the "
            "number of heads."
        )
    bands = tensors[_BANDS].shape[2]
    strides = [
        stride
        for stride in range(1, PATCH + 1)
        if (bins - PATCH) // stride + 1 == bands
    ]
    if not strides:
        raise ValueError(
            f"{path} does not hold a {kind}: {bins} bins never give {bands} bands of "
            f"patches of {PATCH} x {PATCH}."
        )
    stride, steps = strides[-1], tensors[_TIMES].shape[3]
    return Sizes(
        hidden_size=hidden_size,
        num_layers=sum(key.endswith(".attn.qkv.bias") for key in tensors),
        num_heads=hidden_size // HEAD_SIZE,
        stride=stride,
        max_length=(steps - 1) * stride + PATCH,
    )


_KERNEL = "patch_embed.proj.weight"
_BANDS = "freq_new_pos_embed"
_TIMES = "time_new_pos_embed"
_NEEDED = {
    _KERNEL: 4,
    _BANDS: 4,
    _TIMES: 4,
    "new_pos_embed": 3,
    "cls_token": 3,
    "dist_token": 3,
    "head.1.bias": 1,
}


def from_passt(tensors: Mapping[str, np.ndarray], heads: int) -> State:
    """Convert a state dict of the original code.

    `time_new_pos_embed` (1, d, 1, steps) and `freq_new_pos_embed` (1, d, bands, 1)
    become (steps, d) and (bands, d), all else as in `from_torch`. `head_dist`, which
    upstream stores and does not use, is left out.

    Args:
        tensors: Arrays by upstream key.
        heads: Number of attention heads, which no shape reveals.
    """
    state = from_torch(
        {
            key: tensor
            for key, tensor in tensors.items()
            if key not in _POSITIONS and not key.startswith("head_dist.")
        },
        rename={"head_0": "classifier_norm", "head_1": "predictions"},
        heads=heads,
    )
    for key, name in _POSITIONS.items():
        tensor = tensors[key]
        if tensor.ndim == 4:
            tensor = tensor.reshape(tensor.shape[1], -1).transpose()
        state[name] = tensor
    return state


_POSITIONS = {
    _TIMES: "positions/time_embeddings",
    _BANDS: "positions/frequency_embeddings",
    "cls_token": "tokens/cls_token",
    "dist_token": "tokens/distillation_token",
    "new_pos_embed": "tokens/position_embeddings",
}
