"""The input of the networks of Won et al. 2020, and what their files have in common:
torchaudio's mel spectrogram, the chunks of their evaluation, the reader of weights.

    waveform (b, samples) -> HTK mel, power (b, 1 + samples // 256, bins) -> dB
    -> batch normalization over everything, one scale and shift (b, frames, bins, 1)

FCN, CRNN and musicnn have 96 bins, the later networks 128.

Source: minzwon/sota-music-tagging-models at 4e1d652, `training/model.py`;
`training/eval.py`, `Predict.get_tensor` and `get_test_score`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from kerasaudio.checkpoints.torch_file import read_torch
from kerasaudio.checkpoints.torch_state import from_torch
from kerasaudio.core.blocks import TORCH_EPSILON, feature_norm
from kerasaudio.core.pretrained import Converted
from kerasaudio.layers import Decibel, MelSpectrogram
from kerasaudio.layers.window import window_function

SAMPLE_RATE = 16_000
HOP = 256
BINS = 96
WIDE_BINS = 128
STFT_SETTINGS: dict[str, Any] = {
    "n_fft": 512,
    "hop_length": HOP,
    "pad_mode": "reflect",
}
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    **STFT_SETTINGS,
    "n_mels": BINS,
    "fmax": 8000.0,
    "htk": True,
    "norm": None,
}
WIDE_FRONTEND = FRONTEND | {"n_mels": WIDE_BINS}
LEAST_SAMPLES = STFT_SETTINGS["n_fft"] // 2 + 1  # for the reflection at both ends
WINDOW = window_function("hann", STFT_SETTINGS["n_fft"], periodic=True)

# A clip's result is the mean over 16 chunks, (samples - chunk) // 16 apart; batch_size
# is 16 in `training/eval.py`, and chunks are cut before the spectrogram.
WON_CLIPS = {"windows_per_clip": 16}


@keras.saving.register_keras_serializable("kerasaudio")
class WideMelSpectrogram(MelSpectrogram):
    """The mel spectrogram with 128 bins: the second contains no bin of the FFT.

    Arguments, input and output are those of `MelSpectrogram`.
    """

    says_empty_bands = False  # the published networks were trained with it


def won_frontend(
    waveform: keras.KerasTensor, frontend: Mapping[str, Any] = FRONTEND
) -> keras.KerasTensor:
    """Return normalized decibels, (batch, frames, bins, 1).

    Args:
        waveform: (batch, samples).
        frontend: `FRONTEND` or `WIDE_FRONTEND`.
    """
    x = _mel(frontend, name="mel")(waveform)
    x = Decibel(top_db=None, name="frontend")(x)
    x = layers.Reshape((-1, frontend["n_mels"], 1), name="image", dtype="float32")(x)
    return feature_norm(x, TORCH_EPSILON, "spec_bn")


def _mel(frontend: Mapping[str, Any], **more: Any) -> MelSpectrogram:
    wide = frontend["n_mels"] == WIDE_BINS
    return (WideMelSpectrogram if wide else MelSpectrogram)(**frontend, **more)


def stored_constants(
    frontend: Mapping[str, Any] = FRONTEND,
) -> dict[str, np.ndarray]:
    """Return the constants of this front-end in torchaudio's state dict, by key."""
    return {
        "spec.mel_scale.fb": _mel(frontend).filterbank,
        "spec.spectrogram.window": WINDOW,
    }


def read_won(
    path: Path,
    factory: str,
    *,
    head: str,
    constants: Mapping[str, np.ndarray],
    sizes: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
) -> Converted:
    """Read a `best_model.pth`.

    Args:
        path: Path of the file.
        factory: Name of the network, for error messages.
        head: Upstream's name of the layer that scores the classes.
        constants: See `from_torch`.
        sizes: Architecture argument -> upstream's name of the layer with so many units.
        rename: Other layer names that differ from upstream's; see `from_torch`.

    Raises:
        ValueError: The file holds another network.
        OSError: The file cannot be read.
    """
    tensors = read_torch(path)
    sizes = sizes or {}
    for layer in (head, *sizes.values()):
        bias = tensors.get(f"{layer}.bias")
        if bias is None or bias.ndim != 1:
            found = sorted({key.rpartition(".")[0] for key in tensors})
            raise ValueError(
                f"{path} does not hold a {factory}, which has a layer {layer}. "
                f"The layers in the file are {', '.join(found[:4])} ..."
            )
    state = from_torch(
        tensors, rename={**(rename or {}), head: "predictions"}, constants=constants
    )
    return Converted(
        state,
        {key: len(tensors[f"{layer}.bias"]) for key, layer in sizes.items()},
    )
