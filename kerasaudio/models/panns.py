"""PANNs: plain convolutional networks trained on all of AudioSet.

    CNN6  waveform (b, samples)
          -> frontend: log mel, 100 frames a second (b, frames, 64)
          -> bn0: normalized band by band
          -> 4 x [conv 5 x 5, batch normalization, ReLU, mean of 2 x 2]
             (b, frames / 2, 32, 64) (b, frames / 4, 16, 128)
             (b, frames / 8, 8, 256) (b, frames / 16, 4, 512)
          -> mean over the bands -> maximum + mean over time (b, 512)
          -> dense, ReLU: embedding (b, 512) -> predictions (b, 527)

Published on AudioSet: mAP .343.

Source: Kong et al. 2020, arXiv:1912.10211; qiuqiangkong/audioset_tagging_cnn, commit
d2f4b8c.
"""

from pathlib import Path
from typing import Any, Unpack

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.architecture import Architecture, Body
from kerasaudio.core.audio_model import AudioModel
from kerasaudio.core.blocks import TORCH_EPSILON, batch_norm
from kerasaudio.core.build import Shared, build
from kerasaudio.core.pretrained import Converted, Weights
from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import Decibel, MelSpectrogram, channels_last
from kerasaudio.layers.window import window_function

SAMPLE_RATE = 32_000
HOP = 320
BINS = 64
CLASSES = 527
BLOCKS = 4
WINDOW_SAMPLES = 10 * SAMPLE_RATE
WHOLE_SAMPLES = 30 * SAMPLE_RATE
MIN_SAMPLES = (2**BLOCKS - 1) * HOP  # one step must be left after pooling
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "n_fft": 1024,
    "hop_length": HOP,
    "pad_mode": "reflect",
    "n_mels": BINS,
    "fmin": 50.0,
    "fmax": 14_000.0,
}


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


def _cnn6(filters: int, clip_samples: int | None) -> Body:
    if clip_samples is not None and clip_samples < MIN_SAMPLES:
        raise ValueError(
            f"clip_samples must be at least {MIN_SAMPLES}, so that one step is left "
            f"after pooling. Received: {clip_samples!r}."
        )
    waveform = keras.Input((clip_samples,), name="waveform")
    x = MelSpectrogram(**FRONTEND, name="mel")(waveform)
    x = Decibel(top_db=None, name="frontend")(x)
    x = batch_norm(x, TORCH_EPSILON, "bn0")
    x = layers.Reshape((-1, BINS, 1), name="image")(x)
    for number in range(BLOCKS):
        x = _block(x, filters << number, f"conv_block{number + 1}")
    bands, channels = x.shape[2:]
    x = channels_last.AveragePooling2D((1, bands), name="bands_mean")(x)
    x = layers.Reshape((-1, channels), name="steps")(x)
    maximum = channels_last.GlobalMaxPooling1D(name="maximum")(x)
    mean = channels_last.GlobalAveragePooling1D(name="mean")(x)
    x = layers.Add(name="summary")([maximum, mean])
    x = layers.Dropout(0.5, name="dropout")(x)
    embedding = layers.Dense(channels, "relu", name="embedding")(x)
    # Upstream applies dropout to the embedding it returns, not to its head's input.
    return Body(waveform, embedding, embedding, _spec(clip_samples))


def _block(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    x = channels_last.Conv2D(
        filters, 5, padding="same", use_bias=False, name=f"{name}_conv1"
    )(x)
    x = batch_norm(x, TORCH_EPSILON, f"{name}_bn1")
    x = layers.ReLU(name=f"{name}_relu")(x)
    x = channels_last.AveragePooling2D(2, name=f"{name}_pool")(x)
    return layers.Dropout(0.2, name=f"{name}_dropout")(x)


def _spec(clip_samples: int | None) -> AudioSpec:
    return AudioSpec.of_any_length(
        SAMPLE_RATE,
        WINDOW_SAMPLES,
        MIN_SAMPLES,
        clip_samples,
        whole_samples=WHOLE_SAMPLES,
        frontend=FRONTEND,
    )


def _from_upstream(path: Path) -> Converted:
    # Upstream's images are (frames, bins), as here: its kernels are (out, in, t, f).
    tensors = {
        key: tensor.swapaxes(2, 3) if tensor.ndim == 4 else tensor
        for key, tensor in read_torch(path).items()
    }
    stem = tensors.get("conv_block1.conv1.weight")
    if stem is None or "conv_block1.conv2.weight" in tensors:
        raise ValueError(
            f"{path} does not hold a CNN6, which has one convolution in each of its "
            f"blocks: its tensors are {sorted(tensors)[:4]} ..."
        )
    state = from_torch(
        tensors,
        rename={"fc1": "embedding", "fc_audioset": "predictions"},
        constants=stored_constants(),
    )
    return Converted(state, {"filters": len(stem)})


def stored_constants() -> dict[str, np.ndarray]:
    """Return the constants of the front-end in torchlibrosa's state dicts, by key."""
    window = window_function("hann", FRONTEND["n_fft"], periodic=True)
    waves = np.fft.rfft(np.diag(window)).T[:, None]  # (bins, 1, samples)
    return {
        "spectrogram_extractor.stft.conv_real.weight": waves.real,
        "spectrogram_extractor.stft.conv_imag.weight": waves.imag,
        "logmel_extractor.melW": MelSpectrogram(**FRONTEND).filterbank,
    }


_CNN6 = Architecture(
    name="CNN6",
    body=_cnn6,
    defaults={"filters": 64, "clip_samples": None},
    free={"clip_samples"},
    converters={"panns": _from_upstream},
    suffixes={".pth": "panns"},
    classes=CLASSES,
    example={"filters": 8},
)
