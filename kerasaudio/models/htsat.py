"""HTS-AT: a Swin transformer on a spectrogram folded to a square image.

    waveform (b, 320000) -> log mel in decibels, 100 frames a second:
    frontend (b, 1001, 64) -> `htsat_blocks`: norm (b, 8, 8, 768), whose mean is the
    embedding (b, 768) -> the steps of time in order, with both bands side by side:
    steps (b, 32, 1536) -> each beside its neighbors, mean over time: seen (b, 4608)
    -> predictions (b, 527)

Source: Chen et al. 2022, arXiv:2202.00874; RetroCirce/HTS-Audio-Transformer, commit
2e29471.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np

from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last
from kerasaudio.layers.time_image import NeighborMeans, UnfoldTime
from kerasaudio.models.htsat_blocks import (
    PATCH,
    Swin,
    from_tower,
    hear_image,
    tower_sizes,
)
from kerasaudio.models.panns_blocks import stored_constants
from kerasaudio.weights.label_lists import label_list

SAMPLE_RATE = 32_000
HOP = 320
CLASSES = 527
NEIGHBORS = 3  # steps of time under the filters of the last convolution
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 1024,
    "hop_length": HOP,
    "pad_mode": "reflect",
    "fmin": 50.0,
    "fmax": 14_000.0,
}


def HTSAT(
    weights: Weights = None,
    *,
    n_mels: int | None = None,
    image_size: int | None = None,
    patch_features: int | None = None,
    num_heads: int | None = None,
    window_size: int | None = None,
    stages: int | None = None,
    depth: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a transformer that hears in windows.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, 320000) samples (10 s).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, patch_features * 2^(stages - 1)), 768 as published.
    Whole clips: windows of 10 s lie side by side; a shorter clip, and the rest, are
    repeated from the beginning of the clip. Upstream repeats the spectrogram instead,
    and hears longer clips in pieces of half their length, stretched to 10 s.

    The original's files are read by their path; with 527 classes, these get the names
    of AudioSet. Upstream's scores of 32 steps of time are not part of the output, only
    their mean before the activation.

    Args:
        n_mels: Number of mel bins, a divisor of `image_size`; default: 64.
        image_size: Side of the image that the spectrogram is folded to; default: 256.
        patch_features: Features of a patch in the first stage; default: 96.
        num_heads: Attention heads in the first stage, which each stage doubles;
            default: 4.
        window_size: Side of an attention window in patches; default: 8.
        stages: Number of stages; default: 4.
        depth: Number of layers of the last stage but one, where the others have 2;
            default: 6.
        clip_samples: Length of the input in samples; default: as many whole seconds as
            the image holds, which are the published 10 s (320,000).

    Source: arXiv:2202.00874; upstream RetroCirce/HTS-Audio-Transformer at 2e29471.
    """
    return build(_HTSAT, **locals())


def _body(
    n_mels: int,
    image_size: int,
    patch_features: int,
    num_heads: int,
    window_size: int,
    stages: int,
    depth: int,
    clip_samples: int | None,
) -> Body:
    swin = Swin(image_size, patch_features, num_heads, window_size, stages, depth)
    swin.check(n_mels)
    if n_mels % (PATCH * 2 ** (stages - 1)):
        raise ValueError(
            f"n_mels must be a multiple of {PATCH * 2 ** (stages - 1)}, so that the "
            f"steps of time can be told apart at the end. Received: {n_mels!r}."
        )
    clip_samples = swin.clip_samples(
        clip_samples, n_mels, HOP, SAMPLE_RATE, FRONTEND["n_fft"]
    )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**FRONTEND, n_mels=n_mels, name="mel")(waveform)
    x = Decibel(top_db=None, name="frontend")(x)
    x = hear_image(x, swin)
    embedding = channels_last.GlobalAveragePooling2D(name="embedding")(x)
    x = UnfoldTime(swin.pieces(n_mels), name="steps")(x)
    seen = NeighborMeans(name="seen")([x, embedding])
    frontend = FRONTEND | {"n_mels": n_mels}
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, frontend)
    return Body(waveform, embedding, seen, spec)


def _from_upstream(path: Path) -> Converted:
    return convert(read_torch(path), path)


def convert(tensors: Mapping[str, np.ndarray], path: Path) -> Converted:
    """Convert a state dict of the original code.

    Args:
        tensors: Arrays by upstream key.
        path: Path of their file, for error messages.

    Raises:
        ValueError: The arrays are not those of this network, or its front-end differs.
    """
    tensors = {key.removeprefix("sed_model."): value for key, value in tensors.items()}
    scorer = tensors.get("tscam_conv.weight")
    if scorer is None or scorer.ndim != 4 or scorer.shape[-1] != NEIGHBORS:
        raise ValueError(
            f"{path} does not hold an HTS-AT of the original code, with a tscam_conv "
            f"over {NEIGHBORS} steps: its tensors are {sorted(tensors)[:4]} ..."
        )
    named: dict[str, np.ndarray] = {}
    ends = {}
    for key, tensor in tensors.items():
        if key.startswith(("tscam_conv.", "spectrogram_extractor.", "logmel_ext")):
            ends[key] = tensor
        elif not key.startswith("head.") and not key.endswith(".attn_mask"):
            # head.* is not used by the original; the masks are constants.
            named |= _renamed(key, tensor)
    try:
        arguments = tower_sizes(named)
    except ValueError as error:
        raise ValueError(f"{path} does not hold an HTS-AT with {error}.") from error
    mask = tensors.get("layers.0.blocks.1.attn_mask")
    arguments["image_size"] = (
        math.isqrt(len(mask)) * PATCH * arguments["window_size"]
        if mask is not None and mask.ndim
        else 4 * arguments["n_mels"]
    )
    constants = stored_constants(FRONTEND | {"n_mels": arguments["n_mels"]})
    state = from_torch(ends, rename={"tscam_conv": "predictions"}, constants=constants)
    kernel = state["predictions/kernel"]
    state["predictions/kernel"] = kernel.reshape(-1, kernel.shape[-1])
    labels = label_list("audioset") if len(scorer) == CLASSES else None
    return Converted(from_tower(named) | state, arguments, labels)


_NAMES = {
    "bn0": "batch_norm",
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
    "attn.proj": "attention.output.dense",
    "attn.relative": "attention.self.relative",
}
_NAME = re.compile(r"(^|\.)(" + "|".join(map(re.escape, _NAMES)) + r")(?=[._])")


def _renamed(key: str, tensor: np.ndarray) -> dict[str, np.ndarray]:
    """Return a tensor by the key of Hugging Face transformers, or three of them."""
    key = _NAME.sub(lambda found: found[1] + _NAMES[found[2]], key)
    path, qkv, leaf = key.rpartition(".attn.qkv.")
    if not qkv:
        return {key: tensor}
    roles = zip(("query", "key", "value"), np.array_split(tensor, 3), strict=True)
    return {f"{path}.attention.self.{role}.{leaf}": part for role, part in roles}


_HTSAT = Architecture(
    name="HTSAT",
    body=_body,
    defaults={
        "n_mels": 64,
        "image_size": 256,
        "patch_features": 96,
        "num_heads": 4,
        "window_size": 8,
        "stages": 4,
        "depth": 6,
        "clip_samples": None,
    },
    free={"clip_samples"},
    converters={"htsat": _from_upstream},
    suffixes={".ckpt": "htsat", ".pt": "htsat", ".pth": "htsat"},
    classes=CLASSES,
    model_name="htsat",
    example={"patch_features": 8, "depth": 2},
)
