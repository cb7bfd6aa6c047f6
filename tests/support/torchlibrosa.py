"""What torchlibrosa stores of front-ends (PANNs, HTS-AT), by librosa, by definition."""

import librosa
import numpy as np

STFT = "spectrogram_extractor.stft.conv_"
BANK = "logmel_extractor.melW"


def torchlibrosa_tables(
    sample_rate: int = 32_000, fmax: float = 14_000, n_mels: int = 64
) -> dict[str, np.ndarray]:
    """Give the tables by their keys in the state dict."""
    n_fft = 1024 * sample_rate // 32_000
    bank = librosa.filters.mel(
        sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=50, fmax=fmax
    )
    turns = np.outer(np.arange(n_fft // 2 + 1), np.arange(n_fft)) % n_fft / n_fft
    window = np.hanning(n_fft + 1)[:-1]
    tables = {
        f"{STFT}real.weight": (np.cos(2 * np.pi * turns) * window)[:, None],
        f"{STFT}imag.weight": (-np.sin(2 * np.pi * turns) * window)[:, None],
        BANK: bank.T,
    }
    return {key: table.astype("float32") for key, table in tables.items()}


def tables_16k() -> dict[str, np.ndarray]:
    """Give those of the networks at 16 kHz."""
    return torchlibrosa_tables(16_000, 8_000)
