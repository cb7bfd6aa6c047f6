"""The front-end of transformers that hear about 10 s of AudioSet: AST and AudioMAE.

    waveform (b, samples) -> Kaldi filter bank energies, 100 frames a second
    -> cut or padded with zeros (b, length, 128) -> normalized: frontend

Source: Gong, Chung & Glass 2021, arXiv:2104.01778; YuanGongND/ast, `dataloader.py`.
"""

from typing import Any

import keras

from kerasaudio.core.spec import AudioSpec
from kerasaudio.layers import KaldiFbank, Standardize
from kerasaudio.layers.transformer import FitFrames

SAMPLE_RATE = 16_000
FRAME = 400
HOP = 160
BINS = 128
MEAN, STD = -4.2677393, 4.5689974  # of AudioSet's filter bank energies
FRONTEND: dict[str, Any] = {
    "sample_rate": SAMPLE_RATE,
    "window": "hann",
    "n_mels": BINS,
}


def audioset_fbank(waveform: keras.KerasTensor, max_length: int) -> keras.KerasTensor:
    """Return normalized energies, (batch, max_length, 128).

    Upstream removes the mean of a clip first. The filter bank removes that of each
    frame, which includes it.

    Args:
        waveform: (batch, samples).
        max_length: Number of frames.
    """
    x = KaldiFbank(**FRONTEND, name="fbank")(waveform)
    # Padded before it is normalized, as upstream: zero is a loud value, not silence.
    x = FitFrames(max_length, name="fit_frames")(x)
    return Standardize(MEAN, 2 * STD, name="frontend")(x)


def fbank_spec(max_length: int) -> AudioSpec:
    """Return the spec of a network that hears so many frames and ignores the rest."""
    longest = FRAME + (max_length - 1) * HOP
    return AudioSpec(
        sample_rate=SAMPLE_RATE,
        clip_samples=None,
        window_samples=longest,
        min_samples=FRAME,
        max_samples=longest,
        window_padding="zeros",
        frontend=FRONTEND | {"mean": MEAN, "std": 2 * STD, "max_length": max_length},
    )
