"""MAEST: PaSST's transformer on music, on five to thirty seconds at a time.

    waveform (b, samples) -> frontend: mel, log10(10000 x + 1), standardized, 62.5
    frames a second (b, frames, 96)
    -> `passt_blocks`: patches of 16 x 16, one every 10 frames and 10 bins, up to 187
    steps of 9 (b, 1683, 768) -> two tokens in front -> 12 x [attention, 12 heads;
    dense 3072] -> mean of the two tokens: embedding (b, 768)
    -> classifier_norm -> predictions (b, 400)

The classes are styles of music of Discogs, as many as a clip has.

Source: Alonso-Jimenez, Serra & Bogdanov 2023, arXiv:2309.16418. The numbers follow what
the package maest-infer 0.2.0 computes. Its code is under AGPL-3.0, and none of it is
here; its weights must not be used commercially, and are not offered here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np

from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import LogCompression, MelSpectrogram, Standardize
from kerasaudio.models.passt_blocks import (
    PATCH,
    Sizes,
    check_clip,
    from_passt,
    hear,
    sizes_of,
)

SAMPLE_RATE = 16_000
HOP = 256
BINS = 96
STRIDE = 10
CLASSES = 400
AUDIOSET_CLASSES = 527
MEAN, STD = 2.06755686098554, 1.268292820667291  # of the training data
MIN_SAMPLES = (PATCH - 1) * HOP  # one patch
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 512,
    "hop_length": HOP,
    "pad_mode": "reflect",
    "n_mels": BINS,
    "fmax": 8000.0,
}


def MAEST(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    max_length: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag the styles of music with a transformer on overlapping patches.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 3,840
    samples (0.24 s); the network ignores what comes after `max_length` frames, by
    default 30 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, hidden_size), the mean of the class and the distillation token.
    Whole clips: windows of `max_length` frames, side by side; a shorter clip, and the
    rest, keep their own length and are weighted by it. A clip shorter than 0.24 s is
    padded with silence.

    Files of the original code (`.pt`, `.ckpt`) are read by their path; the length of
    their table of positions gives `max_length`. Their license forbids commercial use.
    Their classes have numbers here, no names.

    Args:
        hidden_size: Number of features of a token; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        max_length: Number of frames of 16 ms that are heard, at least 16; default:
            1876.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:2309.16418.
    """
    return build(_MAEST, **locals())


def _body(clip_samples: int | None, **arguments: int) -> Body:
    sizes = Sizes(**arguments, stride=STRIDE)
    sizes.check()
    check_clip(clip_samples, MIN_SAMPLES)
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**FRONTEND, name="mel")(waveform)
    x = LogCompression(gain=10_000.0, offset=1.0, base=10, name="log")(x)
    x = Standardize(MEAN, 2 * STD, name="frontend")(x)
    embedding, seen = hear(x, sizes)
    return Body(waveform, embedding, seen, _spec(sizes.max_length, clip_samples))


def _spec(max_length: int, clip_samples: int | None) -> AudioSpec:
    longest = (max_length - 1) * HOP
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        longest,
        MIN_SAMPLES,
        clip_samples,
        max_samples=longest,
        frontend=FRONTEND | {"mean": MEAN, "std": 2 * STD, "max_length": max_length},
    )


def _from_upstream(path: Path) -> Converted:
    return convert(read_torch(path), path)


def convert(tensors: Mapping[str, np.ndarray], path: Path) -> Converted:
    """Convert a state dict of the original code.

    Args:
        tensors: Arrays by upstream key.
        path: Path of their file, for error messages.

    Raises:
        ValueError: The arrays are not those of this network.
    """
    sizes = sizes_of(tensors, BINS, path, "MAEST")
    if sizes.stride != STRIDE or len(tensors["head.1.bias"]) == AUDIOSET_CLASSES:
        raise ValueError(
            f"{path} does not hold a MAEST: its patches, or its classes, are those of "
            "a PaSST. Give it as weights= of a PaSST."
        )
    arguments = sizes._asdict()
    del arguments["stride"]
    return Converted(from_passt(tensors, sizes.num_heads), arguments)


_MAEST = Architecture(
    name="MAEST",
    body=_body,
    defaults={
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "max_length": 1876,
        "clip_samples": None,
    },
    free={"clip_samples"},
    converters={"maest": _from_upstream},
    suffixes={".pt": "maest", ".ckpt": "maest"},
    classes=CLASSES,
    example={"num_layers": 1},
)
