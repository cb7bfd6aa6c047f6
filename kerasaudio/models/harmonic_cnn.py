"""Harmonic CNN: small filters over notes and their harmonics, side by side as channels.

    waveform (b, 80000) -> power spectrogram (b, 313, 257)
    -> learned triangular filters on 6 harmonics of 128 notes, in dB:
    frontend (b, 313, 768) -> image (b, 313, 128, 6)
    -> 7 layers of 3 x 3 filters, five of them residual, and poolings
    (b, 156, 64, 128) (b, 78, 32, 128) (b, 39, 16, 128) (b, 19, 8, 128) (b, 9, 4, 256)
    (b, 3, 2, 256) (b, 1, 1, 256)
    -> maximum over time (b, 256) -> dense -> embedding (b, 256) -> predictions (b, 50)

Published on MagnaTagATune: ROC-AUC .9127, PR-AUC .4611.

Source: Won, Chun, Nieto & Serra 2020, "Data-driven harmonic filters for audio
representation learning", ICASSP; as trained by Won et al. 2020, arXiv:2006.00751, in
minzwon/sota-music-tagging-models, commit 4e1d652.
"""

from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, Unpack

import keras
from keras import layers

from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import (
    TORCH_EPSILON,
    conv_bn_relu_2d,
    embed_peaks,
    feature_norm,
    residual_2d,
)
from kerasaudio.core.build import Shared, build
from kerasaudio.core.frontends.won import (
    HOP,
    SAMPLE_RATE,
    STFT_SETTINGS,
    WINDOW,
    WON_CLIPS,
    read_won,
)
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, HarmonicFilters, Spectrogram, channels_last

HARMONICS = 6
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    **STFT_SETTINGS,
    "n_harmonics": HARMONICS,
    "notes_per_semitone": 2,
}
Layer = Callable[[keras.KerasTensor, int, str], keras.KerasTensor]
# Convolution, channels in multiples of `filters`, and pooling over (frames, bins).
LAYERS: tuple[tuple[Layer, int, tuple[int, int]], ...] = (
    (conv_bn_relu_2d, 1, (2, 2)),
    (residual_2d, 1, (2, 2)),
    (residual_2d, 1, (2, 2)),
    (residual_2d, 1, (2, 2)),
    (conv_bn_relu_2d, 2, (2, 2)),
    (residual_2d, 2, (3, 2)),
    (residual_2d, 2, (3, 2)),
)
LEAST_SAMPLES = (prod(frames for _, _, (frames, _) in LAYERS) - 1) * HOP


def HarmonicCNN(
    weights: Weights = None,
    *,
    clip_samples: int | None = None,
    filters: int | None = None,
    **shared: Unpack[Shared],
) -> AudioModel:
    """Tag 5 s of music with filters that see the harmonics of a note together.

    Input: float32 in [-1, 1], mono, 16 kHz, (batch, 80000).
    Output: (batch, classes), independent probabilities.
    Embedding: (batch, 2 * filters).
    Whole clips, with the published head: the mean over 16 windows that start (samples -
    window) // 16 apart, as in upstream's evaluation (`training/eval.py`); if the clip
    is longer than 16 windows, there are gaps between them. With a head of your own: the
    mean over windows side by side, the last weighted by its length. A clip shorter than
    a window is repeated; upstream refuses it.

    The width of the filters of the front-end is learned: see
    `kerasaudio.layers.HarmonicFilters`, the layer `hstft`.

    Args:
        clip_samples: Input length in samples, at least 73,472 (4.6 s); default: 80,000
            (5 s). The maximum over time is taken, so longer inputs work, but the
            published networks were trained on 5 s.
        filters: Filters of the first four layers; the last three have twice as many;
            default: 128.

    Source: Won et al., ICASSP 2020; upstream minzwon/sota-music-tagging-models at
    4e1d652.
    """
    return build(_HARMONIC_CNN, **locals())


def _body(clip_samples: int, filters: int) -> Body:
    if clip_samples < LEAST_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {LEAST_SAMPLES}, so that a step is left "
            f"after the last layer. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = Spectrogram(**STFT_SETTINGS, power=2, name="spectrogram")(waveform)
    filterbank = HarmonicFilters(
        SAMPLE_RATE, HARMONICS, FRONTEND["notes_per_semitone"], name="hstft"
    )
    x = Decibel(top_db=None, name="frontend")(filterbank(x))
    x = layers.Reshape(
        (-1, filterbank.notes, HARMONICS), name="image", dtype="float32"
    )(x)
    x = feature_norm(x, TORCH_EPSILON, "hstft_bn")
    for number, (layer, widening, pool) in enumerate(LAYERS, start=1):
        x = layer(x, widening * filters, f"layer{number}")
        x = channels_last.MaxPooling2D(pool, name=f"layer{number}_mp")(x)
    embedding = embed_peaks(x)
    x = layers.Dropout(0.5, name="dropout")(embedding)
    spec = AudioSpec.of_fixed_clips(SAMPLE_RATE, clip_samples, FRONTEND)
    return Body(waveform, embedding, x, spec)


def _from_won2020(path: Path) -> Converted:
    return read_won(
        path,
        "HarmonicCNN",
        head="dense2",
        constants={"hstft.spec.window": WINDOW},
        sizes={"filters": "layer1.conv"},
    )


_HARMONIC_CNN = Architecture(
    name="HarmonicCNN",
    body=_body,
    defaults={"clip_samples": 80_000, "filters": 128},
    free={"clip_samples"},
    converters={"won2020": _from_won2020},
    suffixes={".pth": "won2020"},
    clips={"won2020": WON_CLIPS},
    model_name="harmonic_cnn",
    example={"labels": ["jazz", "rock"], "filters": 8},
)
