"""MusiCNN: filters shaped like timbre and rhythm, on a mel spectrogram of 3 s.

    waveform (b, 47872) -> frontend (b, 187, 96)
    -> timbre: 2 x conv 7 frames x 38 | 67 bands, max over bands (b, 187, 204)
       rhythm: 3 x conv 32 | 64 | 128 frames, pooled over bands (b, 187, 51)
       side by side (b, 187, 561)
    -> midend: 3 x conv 7, residual; all levels side by side (b, 187, 753)
    -> max and mean over time (b, 1506) -> dense -> embedding (b, 200)
    -> predictions (b, 50)

Two published variants differ in detail: `variant="pons"` (musicnn 0.1.0: Slaney mel,
log10(10000 x + 1), activation before normalization, rhythm filters on every band) and
`variant="won2020"` (HTK mel in dB, normalization before activation, rhythm filters on
the mean over bands). Published on MagnaTagATune: ROC-AUC .9067 / .9106, PR-AUC .3831 /
.4493 (different splits).

Upstream casts the mel to float16 before the logarithm. With NumPy 1 the product with
10000 was float32 again; with NumPy 2 it is float16 and overflows on loud input. Here
everything is float32.

Source: Pons & Serra 2019, arXiv:1909.06654, jordipons/musicnn 0.1.0; Won et al. 2020,
arXiv:2006.00751, minzwon/sota-music-tagging-models, commit 4e1d652.
"""

from pathlib import Path
from typing import Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    KERAS_EPSILON,
    TORCH_EPSILON,
    band_mean,
    batch_norm,
    conv_bn_relu_1d,
    feature_norm,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.pons import BINS, pons_frontend, pons_input, pons_spec
from kerasaudio.core.frontends.won import FRONTEND as WON_FRONTEND
from kerasaudio.core.frontends.won import (
    SAMPLE_RATE,
    WON_CLIPS,
    read_won,
    stored_constants,
    won_frontend,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import channels_last

TIMBRE_FILTERS = 204
RHYTHM_FILTERS = 51
CLIP_SAMPLES = {"pons": 187 * 256, "won2020": 3 * SAMPLE_RATE}


def MusiCNN(
    weights: Weights = None,
    *,
    variant: str | None = None,
    clip_samples: int | None = None,
    midend_filters: int | None = None,
    dense_units: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 3 s of music with musically motivated filters.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, samples): 47,872 samples for
    `variant="pons"` (or 48,128, which begin with the 256 samples before the patch;
    without them, silence takes their place), 48,000 for `variant="won2020"`.
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, dense_units).
    Whole clips, as the originals: with "pons", patches side by side are cut from the
    spectrogram of the whole clip, and their scores are averaged; an incomplete last
    patch is left out. With weights of "won2020", the mean of 16 windows (see
    `kerasaudio.FCN`). With a head of your own, the mean over windows side by side, the
    last weighted by its length. A clip shorter than a window is repeated; the originals
    refuse it.

    Args:
        variant: Variant of the network: "pons" or "won2020"; default: "pons".
        clip_samples: Input length in samples, at least 512; None for that of the
            variant. The whole time axis is pooled, so any length works, but the
            published networks were trained on 3 s.
        midend_filters: Channels of the three convolutions over time; default: 64.
        dense_units: Units of the layer before the last; default: 200.

    Raises:
        ValueError: `variant` is unknown.

    Source: arXiv:1909.06654, jordipons/musicnn 0.1.0; arXiv:2006.00751,
    minzwon/sota-music-tagging-models at 4e1d652.
    """
    return build(_MUSICNN, **locals())


def _body(
    variant: str, clip_samples: int | None, midend_filters: int, dense_units: int
) -> Body:
    if variant not in CLIP_SAMPLES:
        raise ValueError(
            f"variant must be one of {sorted(CLIP_SAMPLES)}. Received: {variant!r}."
        )
    samples = clip_samples or CLIP_SAMPLES[variant]
    if samples < 512:
        raise ValueError(f"clip_samples must be at least 512. Received: {samples!r}.")
    if variant == "pons":
        waveform = pons_input()
        x = pons_frontend(waveform, samples)
        embedding, x = _pons(x, midend_filters, dense_units)
    else:
        waveform = keras.Input((samples,), name="waveform")
        embedding, x = _won(waveform, midend_filters, dense_units)
    return Body(waveform, embedding, x, _spec(variant, samples))


def _pons(
    x: keras.KerasTensor, midend_filters: int, dense_units: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    x = feature_norm(x, KERAS_EPSILON, "input_bn")
    padded = channels_last.ZeroPadding2D((3, 0), name="timbre_pad")(x)
    levels = [
        _conv_max(padded, TIMBRE_FILTERS, (7, bands), "valid", f"timbre{bands}")
        for bands in (int(0.4 * BINS), int(0.7 * BINS))
    ]
    levels += [
        _conv_max(x, RHYTHM_FILTERS, (frames, 1), "same", f"rhythm{frames}")
        for frames in (128, 64, 32)
    ]
    x = front = layers.Concatenate(name="front")(levels)
    outputs = [front]
    for number in (1, 2, 3):
        y = channels_last.Conv1D(
            midend_filters,
            7,
            padding="same",
            activation="relu",
            name=f"midend{number}_conv",
        )(x)
        y = batch_norm(y, KERAS_EPSILON, f"midend{number}_bn")
        x = y if number == 1 else layers.Add(name=f"midend{number}")([y, x])
        outputs.append(x)
    x = layers.Concatenate(name="midend")(outputs)
    # Upstream flattens (channels, [max, mean]), so the two alternate.
    peak = channels_last.GlobalMaxPooling1D(name="peak")(x)
    mean = channels_last.GlobalAveragePooling1D(name="mean")(x)
    channels = x.shape[-1]
    pair = [
        layers.Reshape((channels, 1), name=f"{name}_column")(part)
        for name, part in (("peak", peak), ("mean", mean))
    ]
    x = channels_last.Flatten(name="pool")(layers.Concatenate(name="peak_mean")(pair))
    x = batch_norm(x, KERAS_EPSILON, "pool_bn")
    x = layers.Dropout(0.5, name="pool_dropout")(x)
    x = layers.Dense(dense_units, "relu", name="dense")(x)
    embedding = batch_norm(x, KERAS_EPSILON, "embedding")
    return embedding, layers.Dropout(0.5, name="dropout")(embedding)


def _conv_max(
    x: keras.KerasTensor, filters: int, size: tuple[int, int], padding: str, name: str
) -> keras.KerasTensor:
    """Convolve, rectify, normalize, take the largest band: (b, frames, filters)."""
    x = channels_last.Conv2D(
        filters, size, padding=padding, activation="relu", name=f"{name}_conv"
    )(x)
    x = batch_norm(x, KERAS_EPSILON, f"{name}_bn")
    x = channels_last.MaxPooling2D((1, x.shape[2]), name=f"{name}_max")(x)
    return layers.Reshape((-1, filters), name=name)(x)


def _won(
    waveform: keras.KerasTensor, midend_filters: int, dense_units: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    x = won_frontend(waveform)
    padded = channels_last.ZeroPadding2D((3, 0), name="timbre_pad")(x)
    levels = []
    for number, bands in enumerate((67, 38)):
        y = channels_last.Conv2D(
            TIMBRE_FILTERS, (7, bands), name=f"layers_{number}_conv"
        )(padded)
        y = batch_norm(y, TORCH_EPSILON, f"layers_{number}_bn")
        y = layers.ReLU(name=f"layers_{number}_relu")(y)
        y = channels_last.MaxPooling2D((1, y.shape[2]), name=f"layers_{number}_max")(y)
        levels.append(
            layers.Reshape((-1, TIMBRE_FILTERS), name=f"layers_{number}_out")(y)
        )
    mean = band_mean(x, "band_mean", "loudness")
    levels += [
        conv_bn_relu_1d(mean, RHYTHM_FILTERS, frames, f"layers_{number}")
        for number, frames in enumerate((129, 65, 33), start=2)
    ]
    x = front = layers.Concatenate(name="front")(levels)
    outputs = [front]
    for number in (1, 2, 3):
        y = conv_bn_relu_1d(x, midend_filters, 7, f"layer{number}")
        x = y if number == 1 else layers.Add(name=f"layer{number}_add")([y, x])
        outputs.append(x)
    x = layers.Concatenate(name="midend")(outputs)
    x = layers.Concatenate(name="pool")(
        [
            channels_last.GlobalMaxPooling1D(name="peak")(x),
            channels_last.GlobalAveragePooling1D(name="mean")(x),
        ]
    )
    x = layers.Dense(dense_units, name="dense1")(x)
    x = batch_norm(x, TORCH_EPSILON, "bn")
    embedding = layers.ReLU(name="embedding")(x)
    return embedding, layers.Dropout(0.5, name="dropout")(embedding)


def _spec(variant: str, samples: int) -> AudioSpec:
    if variant == "pons":
        return pons_spec(samples)
    return AudioSpec.of_fixed_clips(SAMPLE_RATE, samples, WON_FRONTEND)


def _from_won2020(path: Path) -> Converted:
    converted = read_won(
        path,
        "MusiCNN",
        head="dense2",
        constants=stored_constants(),
        sizes={"midend_filters": "layer1.conv", "dense_units": "dense1"},
    )
    return Converted(converted.state, {"variant": "won2020", **converted.arguments})


_MUSICNN = Architecture(
    name="MusiCNN",
    body=_body,
    defaults={
        "variant": "pons",
        "clip_samples": None,
        "midend_filters": 64,
        "dense_units": 200,
    },
    free={"clip_samples"},
    converters={"won2020": _from_won2020},
    suffixes={".pth": "won2020"},
    clips={"won2020": WON_CLIPS},
    model_name="musicnn",
    example={"labels": ["jazz", "rock"]},
    bundled="mtat",
)
