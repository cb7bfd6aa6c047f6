"""Short-chunk CNN: seven layers of 3 x 3 filters on 3.7 s of music, without and with
residual connections.

    ShortChunkCNN     waveform (b, 59049) -> frontend (b, 231, 128)
                      -> 7 x [conv 3 x 3, pool 2 x 2] (b, 115, 64, 128) (b, 57, 32, 128)
                      (b, 28, 16, 256) ... (b, 1, 1, 512)
                      -> maximum over time (b, 512) -> dense -> embedding (b, 512)
                      -> predictions (b, 50)
    ShortChunkResNet  2 convolutions 3 x 3 in each layer; strides instead of pooling,
                      which round up: (b, 116, 64, 128) ... (b, 2, 1, 512)

The file of ShortChunkCNN was not published; those of ShortChunkResNet for two data sets
were, without scores.

Source: Won et al. 2020, arXiv:2006.00751; minzwon/sota-music-tagging-models, commit
4e1d652.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import conv_bn_relu_2d, embed_peaks, residual_2d
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.won import (
    HOP,
    LEAST_SAMPLES,
    SAMPLE_RATE,
    WIDE_FRONTEND,
    WON_CLIPS,
    read_won,
    stored_constants,
    won_frontend,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last

CLIP_SAMPLES = 59_049
WIDENING = (1, 1, 2, 2, 2, 2, 4)
DEFAULTS = {"clip_samples": CLIP_SAMPLES, "filters": 128}
# Seven poolings leave one step of this many frames.
LEAST_PLAIN = (2 ** len(WIDENING) - 1) * HOP


def ShortChunkCNN(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    filters: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 3.7 s of music with a deep stack of small filters.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 59049).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 4 * filters).
    Whole clips, with a published head: the mean over 16 windows that start (samples -
    window) // 16 apart, as in upstream's evaluation (`training/eval.py`); if the clip
    is longer than 16 windows, there are gaps between them. With a head of your own: the
    mean over windows side by side, the last weighted by its length. A clip shorter than
    a window is repeated; upstream refuses it.

    Args:
        clip_samples: Input length in samples, at least 32,512 (2 s); default: 59,049
            (3.7 s). The maximum over time is taken, so longer inputs work, but the
            published networks were trained on 3.7 s.
        filters: Filters of the first two layers; the last has four times as many, those
            between twice as many; default: 128.

    Source: arXiv:2006.00751; upstream minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_SHORT_CHUNK_CNN, **locals())


def ShortChunkResNet(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    filters: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 3.7 s of music with small filters and residual connections.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 59049).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 4 * filters).
    Whole clips: as `ShortChunkCNN`.

    Args:
        clip_samples: Input length in samples, at least 257; default: 59,049 (3.7 s).
            The maximum over time is taken, so other lengths work, but the published
            networks were trained on 3.7 s.
        filters: Filters of the first two layers; the last has four times as many, those
            between twice as many; default: 128.

    Source: arXiv:2006.00751; upstream minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_SHORT_CHUNK_RESNET, **locals())


Layer = Callable[[keras.KerasTensor, int, str], keras.KerasTensor]


def _body(layer: Layer, least: int, clip_samples: int, filters: int) -> Body:
    if clip_samples < least:
        raise ValueError(
            f"clip_samples must be at least {least}, so that a step is left after the "
            f"last layer. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = won_frontend(waveform, WIDE_FRONTEND)
    for number, widening in enumerate(WIDENING, start=1):
        x = layer(x, widening * filters, f"layer{number}")
    embedding = embed_peaks(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, WIDE_FRONTEND)
    return Body(waveform, embedding, x, spec)


def _pooled(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    x = conv_bn_relu_2d(x, filters, name)
    return channels_last.MaxPooling2D(2, name=f"{name}_mp")(x)


def _from_won2020(name: str, stem: str, path: Path) -> Converted:
    return read_won(
        path,
        name,
        head="dense2",
        constants=stored_constants(WIDE_FRONTEND),
        sizes={"filters": stem},
    )


def _architecture(
    name: str, layer: Layer, least: int, stem: str, model_name: str | None = None
) -> Architecture:
    return Architecture(
        name=name,
        model_name=model_name,
        body=partial(_body, layer, least),
        defaults=DEFAULTS,
        free={"clip_samples"},
        converters={"won2020": partial(_from_won2020, name, stem)},
        suffixes={".pth": "won2020"},
        clips={"won2020": WON_CLIPS},
        example={"labels": ["jazz", "rock"], "filters": 8},
    )


_SHORT_CHUNK_CNN = _architecture("ShortChunkCNN", _pooled, LEAST_PLAIN, "layer1.conv")
_SHORT_CHUNK_RESNET = _architecture(
    "ShortChunkResNet",
    partial(residual_2d, strides=(2, 2)),
    LEAST_SAMPLES,
    "layer1.conv_1",
    "short_chunk_resnet",
)
