"""The audio spectrogram Swin (HTS-AT), which tags sounds and is CLAP's audio tower.

    log mel (b, frames, bins) -> each bin normalized -> stretched to the frames of whole
    pieces, which are put above each other: image (b, side, side, 1)
    -> patches of 4 x 4 (b, side / 4, side / 4, d)
    -> stages of [attention in windows, every second one shifted; dense 4 d]; between
       stages, four neighbors become one with twice the features
    -> norm (b, side / 32, side / 32, 8 d)

Source: Chen et al. 2022, arXiv:2202.00874; Liu et al. 2021, arXiv:2103.14030.
"""

import math
import re
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.native import State
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.blocks import TORCH_EPSILON, feature_norm
from kerasaudio.layers import channels_last
from kerasaudio.layers.time_image import FoldTime, ResizeFrames
from kerasaudio.layers.window_attention import FourNeighbors, WindowAttention

PATCH = 4
STAGE_DEPTH = 2  # of all stages but the last but one


class Swin(NamedTuple):
    """The size of a tower.

    Attributes:
        image_size: Side of the image, in bins and frames.
        patch_features: Features of a patch in the first stage.
        num_heads: Attention heads in the first stage.
        window_size: Side of an attention window, in patches.
        stages: Number of stages, at least 2.
        depth: Number of layers of the last stage but one; the others have 2.
    """

    image_size: int
    patch_features: int
    num_heads: int
    window_size: int
    stages: int
    depth: int

    def layers_of(self, stage: int) -> int:
        """Return the number of layers of a stage."""
        return self.depth if stage == self.stages - 2 else STAGE_DEPTH

    def check(self, n_mels: int) -> None:
        """Raise ValueError unless the sizes fit each other and the number of bins."""
        if self.stages < 2:
            raise ValueError(f"stages must be at least 2. Received: {self.stages!r}.")
        if self.num_heads < 1 or self.patch_features % self.num_heads:
            raise ValueError(
                f"num_heads must divide patch_features={self.patch_features}. "
                f"Received: {self.num_heads!r}."
            )
        smallest = PATCH * 2 ** (self.stages - 1)
        side, left = divmod(self.image_size, smallest)
        if left or side % self.window_size or self.image_size % n_mels:
            raise ValueError(
                f"image_size must be a multiple of {smallest * self.window_size} "
                f"(window_size times {smallest}) and of n_mels={n_mels}. "
                f"Received: {self.image_size!r}."
            )

    def pieces(self, n_mels: int) -> int:
        """Return the number of pieces of time in the image."""
        return self.image_size // n_mels

    def frames(self, n_mels: int) -> int:
        """Return the number of frames in the image."""
        return self.image_size * self.pieces(n_mels)

    def clip_samples(
        self, given: int | None, n_mels: int, hop: int, sample_rate: int, least: int
    ) -> int:
        """Return the length of the input in samples.

        Args:
            given: The length that the user wants; None for as many whole seconds as
                the image holds.
            n_mels: Number of mel bins.
            hop: Distance from one frame to the next in samples.
            sample_rate: Sample rate in Hz.
            least: Smallest length.

        Raises:
            ValueError: The length is out of range.
        """
        longest = self.frames(n_mels) * hop - 1
        if given is None:
            return longest // sample_rate * sample_rate or longest
        if not least <= given <= longest:
            raise ValueError(
                f"clip_samples must be from {least} to {longest}, the most that the "
                f"image holds. Received: {given!r}."
            )
        return given


def hear_image(x: keras.KerasTensor, swin: Swin) -> keras.KerasTensor:
    """Apply the tower to features (batch, frames, bins).

    Returns:
        The output of the layer `norm`, (batch, rows, columns, features).
    """
    bins = x.shape[-1]
    normalize = partial(layers.LayerNormalization, epsilon=TORCH_EPSILON)
    x = feature_norm(x, TORCH_EPSILON, "batch_norm")
    x = ResizeFrames(swin.frames(bins), name="stretched")(x)
    x = FoldTime(swin.pieces(bins), name="image")(x)
    x = channels_last.Conv2D(
        swin.patch_features, PATCH, strides=PATCH, name="patch_embed_proj"
    )(x)
    x = normalize(name="patch_embed_norm")(x)
    for stage in range(swin.stages):
        name = f"layers_{stage}"
        for number in range(swin.layers_of(stage)):
            x = _layer(
                x,
                swin.num_heads * 2**stage,
                swin.window_size,
                number % 2 == 1,
                f"{name}_blocks_{number}",
            )
        if stage < swin.stages - 1:
            x = FourNeighbors(name=f"{name}_downsample")(x)
            x = normalize(name=f"{name}_downsample_norm")(x)
            x = layers.Dense(
                x.shape[-1] // 2, use_bias=False, name=f"{name}_downsample_reduction"
            )(x)
    return normalize(name="norm")(x)


def _layer(
    x: keras.KerasTensor, heads: int, window: int, is_shifted: bool, name: str
) -> keras.KerasTensor:
    features = x.shape[-1]
    normalize = partial(layers.LayerNormalization, epsilon=TORCH_EPSILON)
    # A window that covers the map has no neighbor to reach.
    shift = window // 2 if is_shifted and min(x.shape[1:3]) > window else 0
    y = normalize(name=f"{name}_layernorm_before")(x)
    y = WindowAttention(heads, window, shift, name=f"{name}_attention")(y)
    x = layers.Add(name=f"{name}_attention_add")([x, y])
    y = normalize(name=f"{name}_layernorm_after")(x)
    y = layers.Dense(4 * features, "gelu", name=f"{name}_intermediate_dense")(y)
    y = layers.Dense(features, name=f"{name}_output_dense")(y)
    return layers.Add(name=f"{name}_output_add")([x, y])


def tower_sizes(tensors: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Return what the shapes of a state dict tell of the tower, and `n_mels`.

    The keys are those of Hugging Face transformers, without their prefix.

    Raises:
        ValueError: They are not those of such a tower.
    """
    patches = tensors.get("patch_embed.proj.weight")
    table = tensors.get(f"layers.0.blocks.0.{_TABLE}")
    bins = tensors.get("batch_norm.weight")
    if (
        patches is None
        or patches.shape[1:] != (1, PATCH, PATCH)
        or table is None
        or table.ndim != 2
        or bins is None
    ):
        raise ValueError(f"patches of {PATCH} x {PATCH} and attention in windows")
    depths: dict[int, int] = {}
    for key in tensors:
        if match := re.fullmatch(rf"layers\.(\d+)\.blocks\.\d+\.{_TABLE}", key):
            stage = int(match[1])
            depths[stage] = depths.get(stage, 0) + 1
    stages = len(depths)
    others = {depth for stage, depth in depths.items() if stage != stages - 2}
    if others != {STAGE_DEPTH}:
        raise ValueError(
            f"stages of {STAGE_DEPTH} layers, except for the last but one (its have "
            f"{[depths[stage] for stage in sorted(depths)]})"
        )
    return {
        "n_mels": len(bins),
        "patch_features": len(patches),
        "num_heads": table.shape[1],
        "window_size": (math.isqrt(len(table)) + 1) // 2,
        "stages": stages,
        "depth": depths[stages - 2],
    }


_TABLE = r"attention.self.relative_position_bias_table"


def from_tower(tensors: Mapping[str, np.ndarray]) -> State:
    """Convert a state dict of the tower, with the keys of Hugging Face transformers.

    Position indices are constants that follow from the size of the windows, and are
    left out; all else is as in `from_torch`.
    """
    named = {}
    for key, tensor in tensors.items():
        if key.endswith(".relative_position_index"):
            continue
        # Our image has rows and columns as the original's.
        named[key] = tensor.swapaxes(2, 3) if tensor.ndim == 4 else tensor
    state = from_torch(named)
    return {_ours(key): tensor for key, tensor in state.items()}


def _ours(key: str) -> str:
    key = key.replace("_attention_self/relative_position_bias_table", _BIASES)
    key = re.sub(r"_attention_self_(query|key|value)/", r"_attention/\1/", key)
    return key.replace("_attention_output_dense/", "_attention/output/")


_BIASES = "_attention/position_biases"
