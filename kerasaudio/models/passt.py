"""PaSST: a vision transformer on overlapping patches, trained on a part of them.

    waveform (b, samples) -> frontend: log mel, 100 frames a second (b, frames, 128)
    -> `passt_blocks`: patches of 16 x 16, one every 10 frames and 10 bins, up to 99
    steps of 12 (b, 1188, 768) -> two tokens in front -> 12 x [attention, 12 heads;
    dense 3072] -> mean of the two tokens: embedding (b, 768)
    -> classifier_norm -> predictions (b, 527)

Published on AudioSet: mAP .476 (patches every 10 frames, averaged weights).

Source: Koutini et al. 2022, arXiv:2110.05069; kkoutini/PaSST, commit 2a5c818.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import keras
import numpy as np

from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.koutini import (
    BINS,
    FRONTEND,
    HOP,
    PREEMPHASIS,
    SAMPLE_RATE,
    koutini_frontend,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.models.passt_blocks import (
    PATCH,
    Sizes,
    check_clip,
    from_passt,
    hear,
    sizes_of,
)
from kerasaudio.weights.label_lists import label_list

CLASSES = 527
FRAMES_PER_SECOND = SAMPLE_RATE // HOP
MIN_SAMPLES = PATCH * HOP  # one patch


def PaSST(
    weights: Weights = None,
    *,
    hidden_size: int | None = None,
    num_layers: int | None = None,
    num_heads: int | None = None,
    stride: int | None = None,
    max_length: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a transformer on overlapping patches.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 5,120
    samples (0.16 s); as upstream, the network ignores what comes after `max_length`
    frames, by default 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, hidden_size), the mean of the class and the distillation token.
    The vectors of 1,295 numbers of the package hear21passt are the 527 outputs before
    the activation, followed by this embedding.
    Whole clips: as upstream, a clip of up to 10 s is processed in one piece. Upstream
    stops there (hear21passt raises an error); `tag` and `embed` process the rest in
    further windows, side by side. The last one keeps its own length and is weighted by
    it. A clip shorter than 0.16 s, which upstream refuses, is padded with silence.

    Upstream's Patchout, which leaves out patches in training, is not part of this
    network, nor are the random shifts of its positions and of its mel scale.

    The original's files (`.pt`) are read by their path, also those with other strides,
    for 20 or 30 s or fine-tuned on other data, but not those on frames of other lengths
    (`stfthop100`, `stfthop160`). With 527 classes, these get the names of AudioSet.

    Args:
        hidden_size: Number of features of a token; default: 768.
        num_layers: Number of transformer layers; default: 12.
        num_heads: Number of attention heads, a divisor of `hidden_size`; default: 12.
        stride: Frames, and bins, from one patch to the next, at most 16; default: 10.
        max_length: Number of frames of 10 ms that are heard, at least 16; default:
            1000.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:2110.05069; upstream kkoutini/PaSST at 2a5c818.
    """
    return build(_PASST, **locals())


def _body(clip_samples: int | None, **arguments: int) -> Body:
    sizes = Sizes(**arguments)
    sizes.check()
    check_clip(clip_samples, MIN_SAMPLES)
    waveform = keras.Input((clip_samples,), name="waveform")
    embedding, seen = hear(koutini_frontend(waveform), sizes)
    return Body(waveform, embedding, seen, _spec(sizes.max_length, clip_samples))


def _spec(max_length: int, clip_samples: int | None) -> AudioSpec:
    longest = max_length * HOP
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        longest,
        MIN_SAMPLES,
        clip_samples,
        max_samples=longest,
        frontend=FRONTEND | {"preemphasis": PREEMPHASIS, "max_length": max_length},
    )


def _from_upstream(path: Path) -> Converted:
    return convert(read_torch(path), path)


def convert(tensors: Mapping[str, np.ndarray], path: Path) -> Converted:
    """Convert a state dict of the original code.

    Args:
        tensors: Arrays by upstream key.
        path: Path of their file.

    Raises:
        ValueError: The arrays are not those of this network.
    """
    if "stfthop" in path.name:
        raise ValueError(
            f"{path} holds a PaSST on frames of another length than {HOP} samples, "
            "which this network does not have. Pass a file without `stfthop` in its "
            "name."
        )
    sizes = sizes_of(tensors, BINS, path, "PaSST")
    classes = len(tensors["head.1.bias"])
    if classes in MAEST_CLASSES and tensors["freq_new_pos_embed"].shape[2] == 9:
        raise ValueError(
            f"{path} has the {classes} classes of a MAEST, not those of a PaSST. Give "
            "it as weights= of a MAEST."
        )
    arguments = sizes._replace(max_length=_whole(sizes))._asdict()
    labels = label_list("audioset") if classes == CLASSES else None
    return Converted(from_passt(tensors, sizes.num_heads), arguments, labels)


MAEST_CLASSES = (400, 519)


def _whole(sizes: Sizes) -> int:
    """Return a whole number of seconds in frames, if it has the same steps."""
    longest = sizes.max_length + sizes.stride - 1
    whole = longest - longest % FRAMES_PER_SECOND
    return max(whole, sizes.max_length)


_PASST = Architecture(
    name="PaSST",
    body=_body,
    defaults={
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "stride": 10,
        "max_length": 1000,
        "clip_samples": None,
    },
    free={"clip_samples"},
    converters={"passt": _from_upstream},
    suffixes={".pt": "passt"},
    classes=CLASSES,
    model_name="passt",
    example={"num_layers": 1},
)
