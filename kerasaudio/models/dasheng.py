"""Dasheng: a large transformer that learned sounds by filling gaps in spectrograms.

    waveform (b, samples) -> frontend: mel in decibels, 100 frames a second
    (b, frames, 64) -> init_bn: normalized band by band
    -> chunks of up to 1008 frames, the last padded with zeros (b, n, 1008, 64)
    -> patches of 4 frames and all bands (b * n, 252, 1, d) -> positions added
    -> 12 x [attention; dense 4 d] -> norm (b * n, 252, d)
    -> frame_embeddings: one every 40 ms, without the padding (b, frames / 4, d)
    -> mean: embedding (b, d)

d is the hidden size: 768 (base), 1280 (0.6B, 32 layers), 1536 (1.2B, 40 layers).
Published without classes; the paper measures the embeddings on the tasks of HEAR.

Source: Dinkel et al. 2024, arXiv:2406.06992; RicherMans/Dasheng, commit 01fc882;
jimbozhang/hf_transformers_custom_model_dasheng, commit 31f5d6d.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import keras
import numpy as np

from kerasaudio.checkpoints.native import read_native
from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.core.architecture import Architecture, Body, score_pieces
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.patchwise import PatchImages, PatchMean
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers.chunks import Chunks, JoinChunks
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

PATCH = Patch(frames=4, bins=BINS)
MAX_LENGTH = 1008
FRAME_SAMPLES = PATCH.frames * HOP
WHOLE_SAMPLES = 30 * SAMPLE_RATE
HEADS = {1280: 16}  # of 80 features; those of the other published sizes have 64


def Dasheng(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    max_length: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Embed sounds of any kind, as a whole and every 40 ms.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 480
    samples (0.03 s). Whole clips (`tag`, `embed`) have at least 0.05 s.
    Output: the embedding, (batch, hidden_size); with labels or classes of your own,
    their scores (batch, classes), averaged over the frames. Then the layer
    `frame_scores` has those of each frame of 40 ms, (batch, frames, classes).
    `kerasaudio.events` turns them into events with start and end.
    Embedding: (batch, hidden_size), averaged over the frames; the layer
    `frame_embeddings` has those of each frame, (batch, frames, hidden_size).
    Whole clips: as upstream, a clip is processed in one piece, here up to 30 s, in
    chunks of 10.08 s, the last padded with zeros, which are left out of the mean.
    Longer clips are cut into windows of 10.08 s; the last one keeps its own length and
    is weighted by it.

    Every whole frame of a clip counts once. Of clips over 10.08 s, the two published
    codes differ at rare lengths: the Hub's loses the last chunk if nothing is left
    over, the original's includes a chunk of padding if less than a frame is left over,
    and the Hub's mixes the clips of a batch. As with CED, the range is limited to
    120 dB below the loudest band of a clip, not of the batch. What the Hub's class
    calls `logits` is the sigmoid of this embedding.

    Files of the original code (`.pt`) and of the Hub (`.safetensors`) are read. For the
    latter, the `config.json` in the same folder gives the number of heads; otherwise it
    is that of the published network of this size, or heads are 64 features wide.

    Args:
        hidden_size: Number of features of a token; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        max_length: Number of frames of a chunk, a multiple of 4; default: 1008.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:2406.06992; upstream RicherMans/Dasheng at 01fc882.
    """
    return build(_DASHENG, **locals())


def _body(
    hidden_size: int,
    num_layers: int,
    num_heads: int,
    max_length: int,
    clip_samples: int | None,
) -> Body:
    check_sizes(hidden_size, num_heads, max_length, clip_samples, PATCH)
    if max_length % PATCH.frames:
        raise ValueError(
            f"max_length must be a multiple of {PATCH.frames} frames. "
            f"Received: {max_length!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = decibel_bands(waveform)
    chunks = Chunks(max_length, PATCH.frames, keep_last=True, name="chunks")(x)
    tokens = hear_grid(
        PatchImages(name="images")(chunks),
        PATCH,
        max_length // PATCH.frames,
        hidden_size,
        num_layers,
        num_heads,
    )
    frames = JoinChunks(PATCH.frames, name="frame_embeddings")([tokens, chunks, x])
    embedding = PatchMean(name="embedding")(frames)
    return Body(waveform, embedding, frames, _spec(max_length, clip_samples))


def _spec(max_length: int, clip_samples: int | None) -> AudioSpec:
    window = max_length * HOP  # of as many whole frames as a chunk
    frontend = FRONTEND | {
        "top_db": TOP_DB,
        "max_length": max_length,
        "frame_samples": FRAME_SAMPLES,
    }
    if clip_samples is None:
        frontend |= {"frame_window_samples": window, "frame_hop_samples": window}
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        window,
        shortest(PATCH),
        clip_samples,
        whole_samples=WHOLE_SAMPLES,
        frontend=frontend,
    )


def _from_torch(path: Path) -> Converted:
    return convert(read_torch(path), path)


def _from_safetensors(path: Path) -> Converted:
    tensors = read_native(path)
    if "positions/time_embeddings" in tensors:  # saved by kerasaudio
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
    if not holds_grid(tensors, PATCH):
        raise ValueError(
            f"{path} does not hold a Dasheng with patches of 64 bands and 4 frames: "
            f"its tensors are {sorted(tensors)[:4]} ..."
        )
    if any(key.startswith("outputlayer.") for key in tensors):
        raise ValueError(
            f"{path} holds a Dasheng with a classifier behind the mean over the "
            "frames, which this network does not have. Pass the file of a pretrained "
            "Dasheng."
        )
    arguments = read_sizes(
        tensors,
        path,
        "dasheng",
        PATCH,
        MAX_LENGTH,
        only=_ONLY,
        usual_heads=HEADS,
        inner="encoder_kwargs",
    )
    return Converted(from_original(tensors, arguments["num_heads"]), arguments)


_SIZE = [PATCH.bins, PATCH.frames]
_ONLY = {"patch_size": _SIZE, "patch_stride": _SIZE, "n_mels": BINS, "pooling": "mean"}


_DASHENG = Architecture(
    name="Dasheng",
    body=_body,
    defaults={
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "max_length": MAX_LENGTH,
        "clip_samples": None,
    },
    free={"clip_samples"},
    converters={"dasheng": _from_safetensors, "dasheng_torch": _from_torch},
    suffixes={".pt": "dasheng_torch", ".safetensors": "dasheng"},
    classes=None,
    head=score_pieces("frame_scores"),
    example={"num_layers": 1},
)
