"""FCN and CRNN: small square filters on a mel spectrogram of half a minute of music.

    FCN   waveform (b, 464000) -> frontend (b, 1813, 96) -> 5 x [conv 3 x 3, pool]
          (b, 453, 48, 64) (b, 113, 24, 128) (b, 28, 12, 128) (b, 5, 4, 128)
          (b, 1, 1, 64) -> embedding (b, 64) -> predictions (b, 50)
    CRNN  waveform (b, 464000) -> frontend (b, 1813, 96) -> 4 x [conv 3 x 3, pool]
          (b, 906, 48, 64) (b, 302, 16, 128) (b, 75, 4, 128) (b, 18, 1, 128)
          -> 2 x GRU 32 -> embedding (b, 32) -> predictions (b, 50)

Published on MagnaTagATune: ROC-AUC .9005 / .8722, PR-AUC .4295 / .3625.

Source: Choi, Fazekas & Sandler 2016, arXiv:1606.00298; Choi et al. 2017,
arXiv:1609.04243; as trained by Won et al. 2020, arXiv:2006.00751, in
minzwon/sota-music-tagging-models, commit 4e1d652.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import conv_bn_relu_2d
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.won import (
    FRONTEND,
    HOP,
    SAMPLE_RATE,
    WON_CLIPS,
    read_won,
    stored_constants,
    won_frontend,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last

CLIP_SAMPLES = 29 * SAMPLE_RATE
# Filters, and pooling over (frames, bins).
FCN_LAYERS = ((64, 4, 2), (128, 4, 2), (128, 4, 2), (128, 5, 3), (64, 4, 4))
CRNN_LAYERS = ((64, 2, 2), (128, 3, 3), (128, 4, 4), (128, 4, 4))
GRU_UNITS = 32


def FCN(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 29 s of music with a fully convolutional network.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 464000).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 64).
    Whole clips, with the published head: the mean over 16 windows that start (samples -
    window) // 16 apart, as in upstream's evaluation (`training/eval.py`); if the clip
    is longer than 16 windows, there are gaps between them. With a head of your own: the
    mean over windows side by side, the last weighted by its length. A clip shorter than
    a window is repeated; upstream refuses it.

    Args:
        clip_samples: Input length in samples, at least 327,424 (20.5 s); default:
            464,000 (29 s). If a longer input leaves several steps after pooling, they
            are averaged.

    Source: arXiv:1606.00298; upstream minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_FCN, **locals())


def CRNN(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 29 s of music with convolutions and recurrent layers over their steps.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 464000).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 32).
    Whole clips, with the published head: the mean over 16 windows that start (samples -
    window) // 16 apart, as in upstream's evaluation (`training/eval.py`); if the clip
    is longer than 16 windows, there are gaps between them. With a head of your own: the
    mean over windows side by side, the last weighted by its length. A clip shorter than
    a window is repeated; upstream refuses it.

    Args:
        clip_samples: Input length in samples, at least 24,320 (1.5 s); default:
            464,000 (29 s).

    Source: arXiv:1609.04243; upstream minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_CRNN, **locals())


def _fcn(clip_samples: int) -> Body:
    waveform, x = _convolutions(clip_samples, FCN_LAYERS)
    embedding = channels_last.GlobalAveragePooling2D(name="embedding")(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, FRONTEND)
    return Body(waveform, embedding, x, spec)


def _crnn(clip_samples: int) -> Body:
    waveform, x = _convolutions(clip_samples, CRNN_LAYERS)
    x = layers.Reshape((-1, x.shape[-1]), name="steps")(x)
    x = layers.GRU(GRU_UNITS, return_sequences=True, name="layer5_l0")(x)
    x = layers.GRU(GRU_UNITS, name="layer5_l1")(x)
    embedding = layers.Activation("linear", name="embedding")(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, FRONTEND)
    return Body(waveform, embedding, x, spec)


def _convolutions(
    clip_samples: int, shape: tuple[tuple[int, int, int], ...]
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    needed = 1
    for _, frames, _ in shape:
        needed *= frames
    if clip_samples < (needed - 1) * HOP:
        raise ValueError(
            f"clip_samples must be at least {(needed - 1) * HOP}, so that one step is "
            f"left after pooling. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = won_frontend(waveform)
    for number, (filters, frames, bins) in enumerate(shape, start=1):
        x = conv_bn_relu_2d(x, filters, f"layer{number}")
        x = channels_last.MaxPooling2D((frames, bins), name=f"layer{number}_mp")(x)
    return waveform, x


def _from_won2020(name: str, path: Path) -> Converted:
    return read_won(path, name, head="dense", constants=stored_constants())


def _architecture(name: str, body: Callable[[int], Body]) -> Architecture:
    return Architecture(
        name=name,
        body=body,
        defaults={"clip_samples": CLIP_SAMPLES},
        free={"clip_samples"},
        converters={"won2020": partial(_from_won2020, name)},
        suffixes={".pth": "won2020"},
        clips={"won2020": WON_CLIPS},
        example={"labels": ["jazz", "rock"]},
    )


_FCN = _architecture("FCN", _fcn)
_CRNN = _architecture("CRNN", _crnn)
