"""What torchaudio stores in the published files of Won et al. 2020, by librosa."""

import warnings

import librosa
import numpy as np

from support.goldens import State


def torchaudio_tables(bins: int = 96) -> State:
    """Give window and mel filterbank of the front-end, by their keys."""
    with warnings.catch_warnings():
        # One of 128 bands holds no bin of the FFT.
        warnings.filterwarnings("ignore", "Empty filters detected")
        bank = librosa.filters.mel(
            sr=16_000, n_fft=512, n_mels=bins, fmax=8_000, htk=True, norm=None
        )
    return {
        **window("spec.spectrogram.window"),
        "spec.mel_scale.fb": bank.T.astype("float32"),
    }


def window(key: str) -> State:
    """Give the window of the Fourier transform, by its key."""
    return {key: np.hanning(513)[:-1].astype("float32")}
