"""BarkNet: five strided convolutions on one second of raw samples.

    waveform (b, 16000) -> frontend (b, 16000, 1)
    -> 5 x [conv, stride 2, batch normalization, ReLU, dropout]
       (b, 8000, 16) (b, 4000, 32) (b, 2000, 64) (b, 1000, 128) (b, 500, 256)
    -> mean and maximum over time (b, 512) -> embedding (b, 128) -> predictions (b, 2)

The first filters are 4 ms long, and the filters of the last block cover 32 ms: enough
to tell a bark from a meow, too little for words.

Source: made to tell dogs from other animals; for small networks on raw samples see Dai
et al. 2017, arXiv:1610.00087. There are no published weights. weights="esc10" are our
own and come with the package: half the filters, dogs against roosters, babies and
sneezes, taught by YAMNet (tools/train/esc10_dogs.py). Five networks of this recipe,
each tested on the fold of ESC-10 that it had not heard, are right in 87.1 % of the
seconds in the mean, and 90.0 % of the clips (balanced: 83.8 and 84.2 %). The weights
here learned from all five folds, so ESC-10 cannot test them again.
"""

from typing import Unpack

import keras
from keras import layers

from kerasaudio.audio.check import check_rate
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, QUICK_MOMENTUM, batch_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.checks import check_share
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last

SAMPLE_RATE = 16_000
BLOCKS = 5
STEM_WIDTH = 64
WIDTH = 16
FEATURES = 128


def BarkNet(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    sample_rate: int | None = None,
    filters: int | None = None,
    dropout: float | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Classify 1 s of sound from raw samples with five strided convolutions.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 16000).
    Output: (batch, classes), probabilities that sum to one.
    Embedding: (batch, 128).

    Args:
        clip_samples: Input length in samples, at least 512; default: 16,000.
        sample_rate: Sample rate of the input in Hz; default: 16,000.
        filters: Filters of the first block, doubled by each later block; default: 16.
        dropout: Fraction of the channels dropped in training in every block, and twice
            that before the head, 0 to 0.45; default: 0.1.

    Source: arXiv:1610.00087 for networks of this kind.
    """
    return build(_BARK_NET, **locals())


def _body(clip_samples: int, sample_rate: int, filters: int, dropout: float) -> Body:
    check_share(dropout=dropout, most=0.45)
    shortest = WIDTH * 2**BLOCKS
    if clip_samples < shortest:
        raise ValueError(
            f"clip_samples must be at least {shortest}, the length of a filter of the "
            f"last block. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = layers.Reshape((clip_samples, 1), name="frontend", dtype="float32")(waveform)
    for number in range(1, BLOCKS + 1):
        x = channels_last.Conv1D(
            filters,
            STEM_WIDTH if number == 1 else WIDTH,
            strides=2,
            padding="same",
            use_bias=False,
            # On CPUs with AMX, TensorFlow and torch use oneDNN, which computes such
            # filters wrongly in half precision: 8 channels, width 16, stride 2.
            dtype="float32",
            name=f"block{number}_conv",
        )(x)
        x = batch_norm(x, KERAS_EPSILON, f"block{number}_bn", QUICK_MOMENTUM)
        x = layers.ReLU(name=f"block{number}_relu")(x)
        x = layers.SpatialDropout1D(dropout, name=f"block{number}_dropout")(x)
        filters *= 2
    mean = channels_last.GlobalAveragePooling1D(name="mean")(x)
    maximum = channels_last.GlobalMaxPooling1D(name="maximum")(x)
    x = layers.Concatenate(name="summary")([mean, maximum])
    embedding = layers.Dense(FEATURES, "relu", name="embedding")(x)
    x = layers.Dropout(2 * dropout, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(check_rate(sample_rate), clip_samples)
    return Body(waveform, embedding, x, spec)


_BARK_NET = Architecture(
    "BarkNet",
    _body,
    defaults={
        "clip_samples": SAMPLE_RATE,
        "sample_rate": SAMPLE_RATE,
        "filters": 16,
        "dropout": 0.1,
    },
    free={"clip_samples", "dropout"},
    classes=2,
    activation="softmax",
    bundled="esc10",
)
