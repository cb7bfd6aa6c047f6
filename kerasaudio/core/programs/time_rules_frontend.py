"""Rules for the end of a clip after each front-end layer; see `time_axis`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from kerasaudio.layers import (
    MFCC,
    PCEN,
    STFT,
    Decibel,
    HarmonicFilters,
    KaldiFbank,
    LogCompression,
    MelSpectrogram,
    Patches,
    Preemphasis,
    Spectrogram,
    Standardize,
    WholeWindows,
)
from kerasaudio.layers.context import LeadIn
from kerasaudio.layers.framing import count_frames
from kerasaudio.layers.time_axis import Timed, hide, mean, rule


@rule(STFT, Spectrogram, MelSpectrogram)
def _transform(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(_padded(layer, x)), layer.count_frames(x.count))


@rule(KaldiFbank)
def _frame_by_frame(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), layer.count_frames(x.count))


@rule(MFCC)
def _cepstrum(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    mel = layer.mel(ops.cast(_padded(layer, x), "float32"))
    count = layer.count_frames(x.count)
    return Timed(layer.cepstrum(hide(mel, count)), count)


def _padded(layer: Any, x: Timed) -> Any:
    """Fill the samples after the clip with the layer's own padding."""
    if not layer.center:
        return x.value
    if layer.pad_mode == "constant":
        return hide(x.value, x.count)
    behind = layer.n_fft // 2
    places = ops.arange(ops.shape(x.value)[1] + behind, dtype="int32")
    last = x.count - 1
    if layer.pad_mode == "reflect":
        places = ops.where(places > last, 2 * last - places, places)
        places = ops.maximum(places, 0)
    else:
        places = ops.minimum(places, last)
    return ops.take(x.value, places, axis=1)


@rule(Preemphasis)
def _emphasize(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), x.count - 1 if layer.mode == "valid" else x.count)


@rule(HarmonicFilters, LogCompression, PCEN)
def _no_look_ahead(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), x.count)


@rule(Decibel)
def _decibel(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(hide(x.value, x.count)), x.count)  # zeros are never the maximum


@rule(Standardize)
def _standardize(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    rank = len(x.value.shape)
    own = () if layer.axis is None else np.atleast_1d(layer.axis)
    axes = [int(axis) % rank for axis in own]
    if 1 not in axes:
        return Timed(layer(x.value), x.count)
    value = ops.cast(x.value, "float32")
    centered = value - mean(value, x.count, axes, keepdims=True)
    variance = mean(centered * centered, x.count, axes, keepdims=True)
    return Timed(centered / ops.sqrt(variance + layer.epsilon), x.count)


@rule(LeadIn)
def _lead_in(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), x.count + layer.context_samples)


@rule(WholeWindows)
def _whole_windows(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    hops = -((layer.window_samples - x.count) // layer.hop_samples)
    count = layer.window_samples + ops.maximum(hops, 0) * layer.hop_samples
    return Timed(layer(hide(x.value, x.count)), count)


@rule(Patches)
def _patches(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    count = count_frames(x.count, layer.patch_frames, layer.hop_frames)
    return Timed(layer(x.value), count)
