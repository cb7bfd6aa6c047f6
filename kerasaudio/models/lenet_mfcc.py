"""LeNetMFCC: LeNet on cepstral coefficients, for words of any length.

    waveform (b, samples) -> MFCC: frontend (b, frames, 40) -> normalized
    -> conv 5 x 5, pool (b, frames/2, 20, 32) -> conv 5 x 5, pool (b, frames/4, 10, 64)
    -> mean and maximum over the frames (b, 1280)
    -> dense 120 -> dense 84: embedding (b, 84) -> predictions (b, 10)

It has LeNet-5's convolutions, poolings and dense layers, but is wider, uses ReLU and
maximum pooling, and summarizes over time, where LeNet-5 had an input of fixed size.

Trained here, weights="fsdd": spoken digits at 8 kHz, 99.7 % accuracy on FSDD's official
test set.

Source: LeCun, Bottou, Bengio & Haffner 1998, doi:10.1109/5.726791.
"""

from typing import Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.build import Shared, build
from kerasaudio.core.checks import check_share
from kerasaudio.core.frontends.mfcc import mfcc_frontend, mfcc_settings, mfcc_spec
from kerasaudio.core.pretrained import Weights
from kerasaudio.layers import channels_last

MIN_FRAMES = 4  # two poolings by two


def LeNetMFCC(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    sample_rate: int | None = None,
    n_mfcc: int | None = None,
    filters: int | None = None,
    dropout: float | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Recognize short words with a LeNet on their cepstral coefficients.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples), any length from 480
    samples (30 ms); `tag` cuts longer clips into windows of 1 s. Whole clips (`tag`,
    `embed`) have at least 0.05 s.
    Output: (batch, classes), probabilities that sum to one.
    Embedding: (batch, 84).

    Args:
        clip_samples: Fixed input length in samples, for runtimes that need one; None
            for any length (default).
        sample_rate: Sample rate of the input in Hz; default: 16,000.
        n_mfcc: Number of cepstral coefficients, 4 to 64; default: 40.
        filters: Filters of the first convolution; the second has twice as many;
            default: 32.
        dropout: Fraction of the features dropped in training before the dense layers
            and before the head, 0 to 0.9; default: 0.3.

    Source: doi:10.1109/5.726791.
    """
    return build(_LENET_MFCC, **locals())


def _body(
    clip_samples: int | None,
    sample_rate: int,
    n_mfcc: int,
    filters: int,
    dropout: float,
) -> Body:
    check_share(dropout=dropout, most=0.9)
    if n_mfcc < 4:
        raise ValueError(f"n_mfcc must be at least 4. Received: {n_mfcc!r}.")
    settings = mfcc_settings(sample_rate, n_mfcc)
    spec = mfcc_spec(settings, clip_samples, MIN_FRAMES)
    waveform = keras.Input((clip_samples,), name="waveform")
    x = mfcc_frontend(waveform, settings)
    x = layers.Reshape((-1, n_mfcc, 1), name="image")(x)
    for number in (1, 2):
        x = channels_last.Conv2D(
            number * filters, 5, padding="same", activation="relu", name=f"conv{number}"
        )(x)
        x = channels_last.MaxPooling2D(2, name=f"pool{number}")(x)
    x = layers.Reshape((-1, x.shape[2] * x.shape[3]), name="steps")(x)
    mean = channels_last.GlobalAveragePooling1D(name="mean")(x)
    maximum = channels_last.GlobalMaxPooling1D(name="maximum")(x)
    x = layers.Concatenate(name="summary")([mean, maximum])
    x = layers.Dropout(dropout, name="summary_dropout")(x)
    x = layers.Dense(120, "relu", name="dense")(x)
    embedding = layers.Dense(84, "relu", name="embedding")(x)
    x = layers.Dropout(dropout, name="dropout")(embedding)
    return Body(waveform, embedding, x, spec)


_LENET_MFCC = Architecture(
    "LeNetMFCC",
    _body,
    defaults={
        "clip_samples": None,
        "sample_rate": 16_000,
        "n_mfcc": 40,
        "filters": 32,
        "dropout": 0.3,
    },
    free={"clip_samples", "dropout"},
    classes=10,
    activation="softmax",
    model_name="lenet_mfcc",
    example={"labels": ["no", "yes"]},
    bundled="fsdd",
)
