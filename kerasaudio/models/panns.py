"""PANNs: plain convolutional networks trained on all of AudioSet.

    CNN6   waveform (b, samples)
           -> frontend: log mel, 100 frames a second (b, frames, 64)
           -> bn0: normalized band by band
           -> 4 x [conv 5 x 5, batch normalization, ReLU, mean of 2 x 2]
              (b, frames / 2, 32, 64) (b, frames / 4, 16, 128)
              (b, frames / 8, 8, 256) (b, frames / 16, 4, 512)
           -> mean over the bands -> maximum + mean over time (b, 512)
           -> dense, ReLU: embedding (b, 512) -> predictions (b, 527)
    CNN10  the same, with two convolutions 3 x 3 in each block
    CNN14  6 x [2 x (conv 3 x 3, batch normalization, ReLU), mean of 2 x 2; not in the
              sixth] (b, frames / 32, 2, 2048)
           -> the same end: embedding (b, 2048) -> predictions (b, 527)

Published on AudioSet: mAP .343 (CNN6), .380 (CNN10), .431 (CNN14), .438 (CNN14 at
16 kHz, trained with a later version of the code).

Source: Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn, commit
d2f4b8c.
"""

from functools import partial
from pathlib import Path
from typing import Unpack

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.models.panns_blocks import (
    CLASSES,
    FRONTENDS,
    SAMPLE_RATE,
    conv_blocks,
    convert,
    hear,
    read_panns,
    summary,
)


def CNN6(
    weights: Weights = None,
    *,
    filters: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a plain network of four convolutions.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 4,800
    samples (0.15 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 8 * filters).
    Whole clips: as upstream, a clip is processed in one piece, here up to 30 s. Longer
    clips are cut into windows of 10 s; the last one keeps its own length and is
    weighted by it. A clip shorter than 0.15 s, which upstream refuses, is padded with
    silence.

    Args:
        filters: Filters of the first block, doubled by each later block; default: 64.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_CNN6, **locals())


def CNN10(
    weights: Weights = None,
    *,
    filters: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a plain network of eight convolutions.

    Input: float32 in [-1, 1], mono, 32 kHz, (batch, samples), any length from 4,800
    samples (0.15 s); trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 8 * filters).
    Whole clips: as for `CNN6`, in one piece up to 30 s.

    Args:
        filters: Filters of the first block, doubled by each later block; default: 64.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_CNN10, **locals())


def CNN14(
    weights: Weights = None,
    *,
    sample_rate: int | None = None,
    filters: int | None = None,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag sounds of any kind with a plain network of twelve convolutions.

    Input: float32 in [-1, 1], mono, 32 or 16 kHz, (batch, samples), any length from
    0.31 s; trained on 10 s.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 32 * filters).
    Whole clips: as upstream, a clip is processed in one piece, here up to 30 s. Longer
    clips are cut into windows of 10 s; the last one keeps its own length and is
    weighted by it. A clip shorter than 0.31 s, which upstream refuses, is padded with
    silence.

    Args:
        sample_rate: 32,000 or 16,000 Hz; default: 32,000. A file of the original code
            tells its own.
        filters: Filters of the first block, doubled by each later block; default: 64.
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).

    Source: arXiv:1912.10211; upstream qiuqiangkong/audioset_tagging_cnn at d2f4b8c.
    """
    return build(_CNN14, **locals())


def _body(
    filters: int,
    clip_samples: int | None,
    sample_rate: int = SAMPLE_RATE,
    *,
    blocks: int,
    pools: int,
    size: int,
    depth: int,
) -> Body:
    waveform, image, spec = hear(clip_samples, pools, sample_rate)
    x = conv_blocks(image, filters, blocks, pools=pools, size=size, depth=depth)
    embedding = summary(x)
    return Body(waveform, embedding, embedding, spec)


def _from_upstream(path: Path, factory: str) -> Converted:
    tensors = read_panns(path, factory)
    filters = len(tensors["conv_block1.conv1.weight"])
    return Converted(convert(tensors), {"filters": filters})


def _cnn14_from_upstream(path: Path) -> Converted:
    tensors = read_panns(path, "CNN14")
    found = {"filters": len(tensors["conv_block1.conv1.weight"])}
    rate = SAMPLE_RATE
    waves = tensors.get("spectrogram_extractor.stft.conv_real.weight")
    if waves is not None:
        sizes = {front["n_fft"]: rate for rate, front in FRONTENDS.items()}
        rate = found["sample_rate"] = sizes.get(waves.shape[-1], SAMPLE_RATE)
    return Converted(convert(tensors, rate), found)


_CNN6 = Architecture(
    name="CNN6",
    body=partial(_body, blocks=4, pools=4, size=5, depth=1),
    defaults={"filters": 64, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": partial(_from_upstream, factory="CNN6")},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    example={"filters": 8},
)

_CNN10 = Architecture(
    name="CNN10",
    body=partial(_body, blocks=4, pools=4, size=3, depth=2),
    defaults={"filters": 64, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": partial(_from_upstream, factory="CNN10")},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    example={"filters": 8},
)

_CNN14 = Architecture(
    name="CNN14",
    body=partial(_body, blocks=6, pools=5, size=3, depth=2),
    defaults={"sample_rate": SAMPLE_RATE, "filters": 64, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": _cnn14_from_upstream},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    example={"filters": 4},
)
