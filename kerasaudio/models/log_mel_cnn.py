"""LogMelCNN: a plain convolutional network on a picture of 128 frames x 128 bands.

    waveform (b, 65024) -> mel, dB: frontend (b, 128, 128) -> normalized by band
    -> 4 x [conv 3 x 3, batch normalization, ReLU, pool 2 x 2, dropout]
       (b, 64, 64, 32) (b, 32, 32, 64) (b, 16, 16, 128) (b, 8, 8, 256)
    -> mean over the bands (b, 8, 256) -> mean + maximum over the frames (b, 256)
    -> dense: embedding (b, 256) -> predictions (b, 50)

It is meant to be trained from scratch on a few hundred clips or more.

Source: the picture of 3 s is that of Salamon & Bello 2017, arXiv:1608.04363; the
summary over frames is that of Kong et al. 2020, arXiv:1912.10211. There are no
published weights. weights="esc10" are our own and come with the package: half the
filters, windows of 1.46 s, 88.8 % accuracy on the clips of ESC-10's fold 5
(tools/train/esc10_log_mel.py).
"""

from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.arguments import whole_number
from kerasaudio.audio.check import check_rate
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    KERAS_EPSILON,
    QUICK_MOMENTUM,
    band_mean,
    conv_bn_relu_2d,
    feature_norm,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.checks import check_share
from kerasaudio.core.pretrained import Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last

SAMPLE_RATE = 22_050
HOP = 512
FRAMES = 128
BINS = 128
CLIP_SAMPLES = (FRAMES - 1) * HOP
BLOCKS = 4
MIN_FRAMES = 2**BLOCKS  # one step must be left after pooling


def LogMelCNN(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    sample_rate: int | None = None,
    hop_length: int | None = None,
    filters: int | None = None,
    dropout: float | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Classify 3 s of sound with convolutions on its mel spectrogram.

    Input: float32 in [-1, 1], mono, 22,050 Hz, (batch, 65024).
    Output: (batch, classes), probabilities that sum to one.
    Embedding: (batch, 8 * filters).

    For the picture of 44.1 kHz, with frames of 1,024 samples and a hop as long:
    ``LogMelCNN(sample_rate=44_100, hop_length=1_024, clip_samples=127 * 1_024)``.

    Args:
        clip_samples: Input length in samples, at least 15 * hop_length; default: 65,024
            (2.95 s), which makes 128 frames.
        sample_rate: Sample rate of the input in Hz; default: 22,050.
        hop_length: Samples between frames of 1,024 samples; default: 512.
        filters: Filters of the first block, doubled by each later block; default: 32.
        dropout: Fraction of the features dropped in training in every block, and twice
            that before the head, 0 to 0.45; default: 0.2.

    Source: arXiv:1608.04363, arXiv:1912.10211.
    """
    return build(_LOG_MEL_CNN, **locals())


def _body(
    clip_samples: int, sample_rate: int, hop_length: int, filters: int, dropout: float
) -> Body:
    check_share(dropout=dropout, most=0.45)
    sample_rate = check_rate(sample_rate)
    hop_length = whole_number(hop_length, "hop_length")
    least = (MIN_FRAMES - 1) * hop_length
    if clip_samples < least:
        raise ValueError(
            f"clip_samples must be at least {least}, so that one step is left after "
            f"pooling. Received: {clip_samples!r}."
        )
    frontend: dict[str, Any] = {
        "sample_rate": sample_rate,
        "n_fft": 1024,
        "hop_length": hop_length,
        "n_mels": BINS,
    }
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**frontend, name="mel")(waveform)
    x = Decibel(name="frontend")(x)
    x = feature_norm(x, KERAS_EPSILON, "frontend_bn", QUICK_MOMENTUM)
    x = layers.Reshape((-1, BINS, 1), name="image")(x)
    for number in range(1, BLOCKS + 1):
        x = conv_bn_relu_2d(
            x,
            filters,
            f"block{number}",
            epsilon=KERAS_EPSILON,
            momentum=QUICK_MOMENTUM,
        )
        x = channels_last.MaxPooling2D(2, name=f"block{number}_pool")(x)
        x = channels_last.SpatialDropout2D(dropout, name=f"block{number}_dropout")(x)
        filters *= 2
    x = band_mean(x)
    mean = channels_last.GlobalAveragePooling1D(name="mean")(x)
    maximum = channels_last.GlobalMaxPooling1D(name="maximum")(x)
    x = layers.Add(name="summary")([mean, maximum])
    embedding = layers.Dense(x.shape[-1], "relu", name="embedding")(x)
    x = layers.Dropout(2 * dropout, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(sample_rate, clip_samples, frontend)
    return Body(waveform, embedding, x, spec)


_LOG_MEL_CNN = Architecture(
    "LogMelCNN",
    _body,
    defaults={
        "clip_samples": CLIP_SAMPLES,
        "sample_rate": SAMPLE_RATE,
        "hop_length": HOP,
        "filters": 32,
        "dropout": 0.2,
    },
    free={"clip_samples", "dropout"},
    activation="softmax",
    bundled="esc10",
)
