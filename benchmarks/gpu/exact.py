"""How exact results are on the device, with "exact" products and the backend's own.

Figures: the largest difference, of the largest magnitude of the reference. Front-ends
are compared with NumPy in float64, networks with the same network in float64 on the
CPU, which another process has computed (`references`).
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.keras_work import noise

REFERENCES = "KERASAUDIO_BENCHMARKS_REFERENCES"  # folder with what `references` wrote
MODES = ("exact", "backend")
RATE, N_FFT, HOP, BANDS = 16_000, 512, 256, 96


def mel(quick: bool) -> dict[str, float]:
    """Of `MelSpectrogram`, with an FFT."""
    from kerasaudio.layers import MelSpectrogram
    from kerasaudio.layers.filterbank import mel_filterbank

    bank = mel_filterbank(sample_rate=RATE, n_fft=N_FFT, n_mels=BANDS)
    sound = _sound(quick)
    want = power_spectrum(sound, N_FFT, HOP) @ np.asarray(bank, "float64")
    layer = MelSpectrogram(RATE, N_FFT, HOP, n_mels=BANDS)
    return _differences(layer, sound, want)


def stft(quick: bool) -> dict[str, float]:
    """Of a power spectrum by matrix products."""
    return _spectrum(quick, N_FFT, HOP, "matmul")


def stft_69(quick: bool) -> dict[str, float]:
    """Of a power spectrum of a length at which cuFFT is less exact."""
    return _spectrum(quick, 69, 30, "fft")


def _spectrum(quick: bool, n_fft: int, hop: int, method: str) -> dict[str, float]:
    from kerasaudio.layers import Spectrogram

    sound = _sound(quick)
    want = power_spectrum(sound, n_fft, hop)
    layer = Spectrogram(n_fft, hop, power=2.0, method=method)
    return _differences(layer, sound, want)


def power_spectrum(sound: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """Give what librosa does in float64: centered frames, a periodic Hann window.

    Returns:
        (batch, frames, bins), for sounds (batch, samples).
    """
    half = n_fft // 2
    padded = np.pad(sound.astype("float64"), ((0, 0), (half, half)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft, axis=1)[:, ::hop]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    return np.abs(np.fft.rfft(frames * window)) ** 2


def _sound(quick: bool) -> np.ndarray:
    return noise(2 if quick else 32, RATE if quick else 3 * RATE)


def mn04(quick: bool) -> dict[str, float]:
    """Of the logits of EfficientAT mn04, with seeded weights."""
    return _network("mn04", quick)


def musicnn(quick: bool) -> dict[str, float]:
    """Of the scores of MusiCNN, with published weights."""
    return _network("musicnn", quick)


def musicvgg(quick: bool) -> dict[str, float]:
    """Of the scores of MusicVGG, with published weights."""
    return _network("musicvgg", quick)


def _network(name: str, quick: bool) -> dict[str, float]:
    want = np.load(Path(os.environ[REFERENCES], f"{name}.npy"))
    model, sound = _model(name), _heard(name, quick)
    scale = np.abs(want).max() if name == "mn04" else 1.0  # scores are 0 to 1

    def difference() -> float:
        return float(np.abs(model.predict_on_batch(sound) - want).max() / scale)

    return _in_modes(difference)


def _model(name: str) -> Any:
    import kerasaudio

    if name != "mn04":
        factory = {"musicnn": "MusiCNN", "musicvgg": "MusicVGG"}[name]
        return getattr(kerasaudio, factory)(weights="mtat")
    from support.goldens import Golden
    from support.torch_files import write_state

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mn04_as.pt")
        write_state(path, Golden.read("efficient_at_mn04_seeded").state())
        return kerasaudio.EfficientAT(weights=path, classifier_activation=None)


def _heard(name: str, quick: bool) -> np.ndarray:
    if name != "mn04":
        return noise(2 if quick else 8, 187 * 256)
    return noise(2 if quick else 8, 32_000 if quick else 320_000)


def references(quick: bool) -> dict[str, float]:
    """Write the results of the networks in float64, on the CPU."""
    import keras

    keras.config.set_dtype_policy("float64")
    for name in ("mn04", "musicnn", "musicvgg"):
        found = _model(name).predict_on_batch(_heard(name, quick))
        np.save(
            Path(os.environ[REFERENCES], f"{name}.npy"), np.asarray(found, "float64")
        )
    return {}


def _differences(layer: Any, sound: np.ndarray, want: np.ndarray) -> dict[str, float]:
    import keras

    def difference() -> float:
        found = keras.ops.convert_to_numpy(layer(keras.ops.convert_to_tensor(sound)))
        return float(np.abs(found - want).max() / np.abs(want).max())

    return _in_modes(difference)


def _in_modes(difference: Callable[[], float]) -> dict[str, float]:
    import kerasaudio

    found = {}
    for mode in MODES:
        with kerasaudio.precision(mode):
            found[mode] = difference()
    return found
