"""Two small encoders on MFCC for clips of any length, to be trained from scratch.

RecurrentEncoder      waveform (b, samples) -> frontend (b, frames, 40)
                      -> 2 x GRU (b, 128) -> embedding (b, 128)
ConvolutionalEncoder  waveform (b, samples) -> frontend (b, frames, 40)
                      -> 4 x conv (b, frames, 128) -> mean and maximum over time
                      (b, 256) -> embedding (b, 128)

They are not published networks. Hop 10 ms, window 25 ms. The first coefficient, which
depends on the level, is kept: scale clips to one level if it should have no influence.
"""

from collections.abc import Callable

import keras
from keras import layers

from kerasaudio.arguments import whole_number
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import KERAS_EPSILON, conv_bn_relu_1d
from kerasaudio.core.frontends.mfcc import (
    N_MELS,
    mfcc_frontend,
    mfcc_settings,
    mfcc_spec,
)
from kerasaudio.core.initializers import numpy_initializers
from kerasaudio.layers import channels_last

WIDTHS = (5, 3, 3, 1)  # of the convolutions, in frames


def RecurrentEncoder(
    sample_rate: int = 16_000,
    *,
    features: int = 128,
    units: int = 128,
    n_mfcc: int = 40,
    name: str = "recurrent_encoder",
) -> AudioModel:
    """Embed a clip with two gated recurrent layers over its MFCC.

    Input: float32 in [-1, 1], mono, `sample_rate` Hz, (batch, samples), any length from
    25 ms.
    Output: the embedding, (batch, features).

    Args:
        sample_rate: Sample rate of the waveform, in Hz.
        features: Length of the embedding.
        units: Units of each recurrent layer.
        n_mfcc: Number of cepstral coefficients, at most 64.
        name: Name of the model.

    Raises:
        ValueError: An argument is not a positive integer, or is out of range.

    Examples:
        >>> encoder = kerasaudio.similarity.RecurrentEncoder(features=16, units=8)
        >>> encoder.output_shape
        (None, 16)
        >>> encoder.embed("song.wav").shape
        (16,)
    """

    def summary(x: keras.KerasTensor) -> keras.KerasTensor:
        x = layers.GRU(units, return_sequences=True, name="gru1")(x)
        return layers.GRU(units, name="gru2")(x)

    units = whole_number(units, "units")
    return _encoder("RecurrentEncoder", summary, sample_rate, features, n_mfcc, name)


def ConvolutionalEncoder(
    sample_rate: int = 16_000,
    *,
    features: int = 128,
    filters: int = 128,
    n_mfcc: int = 40,
    name: str = "convolutional_encoder",
) -> AudioModel:
    """Embed a clip with convolutions over its MFCC, then mean and maximum over time.

    Input: float32 in [-1, 1], mono, `sample_rate` Hz, (batch, samples), any length from
    25 ms.
    Output: the embedding, (batch, features).

    Args:
        sample_rate: Sample rate of the waveform, in Hz.
        features: Length of the embedding.
        filters: Filters of each convolution.
        n_mfcc: Number of cepstral coefficients, at most 64.
        name: Name of the model.

    Raises:
        ValueError: An argument is not a positive integer, or is out of range.

    Examples:
        >>> encoder = kerasaudio.similarity.ConvolutionalEncoder(features=16, filters=8)
        >>> encoder.output_shape
        (None, 16)
        >>> encoder.embed("song.wav").shape
        (16,)
    """

    def summary(x: keras.KerasTensor) -> keras.KerasTensor:
        for number, width in enumerate(WIDTHS, start=1):
            x = conv_bn_relu_1d(
                x, filters, width, f"block{number}", epsilon=KERAS_EPSILON
            )
        mean = channels_last.GlobalAveragePooling1D(name="mean")(x)
        maximum = channels_last.GlobalMaxPooling1D(name="maximum")(x)
        return layers.Concatenate(name="statistics")([mean, maximum])

    filters = whole_number(filters, "filters")
    return _encoder(
        "ConvolutionalEncoder", summary, sample_rate, features, n_mfcc, name
    )


def _encoder(
    architecture: str,
    summary: Callable[[keras.KerasTensor], keras.KerasTensor],
    sample_rate: int,
    features: int,
    n_mfcc: int,
    name: str,
) -> AudioModel:
    features = whole_number(features, "features")
    n_mfcc = whole_number(n_mfcc, "n_mfcc", most=N_MELS)
    settings = mfcc_settings(sample_rate, n_mfcc)
    with numpy_initializers():
        waveform = keras.Input((None,), name="waveform")
        x = summary(mfcc_frontend(waveform, settings))
        x = layers.Dense(features, name="embedding")(x)
    spec = mfcc_spec(settings, clip_samples=None, min_frames=1).replace(
        architecture=architecture, window_padding="repeat"
    )
    return AudioModel(waveform, x, name=name, spec=spec)
