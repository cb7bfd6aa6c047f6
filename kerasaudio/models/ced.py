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
from typing import Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.native import read_native
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import TORCH_EPSILON
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import hear_patches
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last
from kerasaudio.layers.chunks import Chunks
from kerasaudio.models.ced_blocks import (
    BINS,
    FRONTEND,
    HOP,
    SAMPLE_RATE,
    TOP_DB,
    Patch,
    check_sizes,
    decibel_bands,
    from_original,
    hear_grid,
    holds_grid,
    original_keys,
    read_sizes,
    shortest,
)

PATCH = Patch(frames=16, bins=16)
MAX_LENGTH = 1012
CLASSES = 527
WHOLE_SAMPLES = 30 * SAMPLE_RATE


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
    check_sizes(hidden_size, num_heads, max_length, clip_samples, PATCH)
    steps = max_length // PATCH.frames

    def network(x: keras.KerasTensor) -> keras.KerasTensor:
        x = hear_grid(x, PATCH, steps, hidden_size, num_layers, num_heads)
        return channels_last.GlobalAveragePooling1D(name="pool")(x)

    waveform = keras.Input((clip_samples,), name="waveform")
    x = decibel_bands(waveform)
    chunks = Chunks(max_length, PATCH.frames, name="chunks")(x)
    embeddings, embedding = hear_patches(chunks, network)
    normalize = layers.LayerNormalization(epsilon=TORCH_EPSILON, name="outputlayer_0")
    seen = normalize(embeddings)
    return Body(waveform, embedding, seen, _spec(max_length, clip_samples))


def _spec(max_length: int, clip_samples: int | None) -> AudioSpec:
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        (max_length - 1) * HOP,  # the most whole hops that are one chunk
        shortest(PATCH),
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
    tensors = original_keys(tensors)
    if "outputlayer.1.weight" not in tensors or not holds_grid(tensors, PATCH):
        raise ValueError(
            f"{path} does not hold a CED with patches of 16 x 16 and a classifier: its "
            f"tensors are {sorted(tensors)[:4]} ..."
        )
    arguments = read_sizes(tensors, path, "ced", PATCH, MAX_LENGTH, only=_ONLY)
    state = from_original(
        tensors, arguments["num_heads"], rename={"outputlayer_1": "patch_scores"}
    )
    return Converted(state, arguments)


_ONLY = {
    "patch_size": PATCH.frames,
    "patch_stride": PATCH.frames,
    "n_mels": BINS,
    "pooling": "mean",
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
