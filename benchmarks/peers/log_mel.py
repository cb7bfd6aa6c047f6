"""Log-mel spectrograms of other libraries: power, 80 dB range, centered frames."""

from collections.abc import Callable
from typing import Any

from benchmarks.frontend import BANDS, HOP, N_FFT, SAMPLE_RATE, TOP_DB, clips


def keras_layer() -> Callable[[], Any]:
    """`keras.layers.MelSpectrogram`; its range is that of the whole batch."""
    import keras

    from benchmarks.keras_work import predicting

    waveform = keras.Input((None,))
    layer = keras.layers.MelSpectrogram(
        fft_length=N_FFT,
        sequence_stride=HOP,
        sampling_rate=SAMPLE_RATE,
        num_mel_bins=BANDS,
        max_freq=SAMPLE_RATE / 2,
        top_db=TOP_DB,
    )
    return predicting(keras.Model(waveform, layer(waveform)), clips())


def kapre() -> Callable[[], Any]:
    """kapre's composed layer, on a fixed length as it wants it."""
    from kapre.composed import get_melspectrogram_layer

    from benchmarks.keras_work import predicting

    batch = clips()[..., None]
    model = get_melspectrogram_layer(
        input_shape=batch.shape[1:],
        n_fft=N_FFT,
        hop_length=HOP,
        sample_rate=SAMPLE_RATE,
        n_mels=BANDS,
        pad_end=True,
        return_decibel=True,
        db_dynamic_range=TOP_DB,
    )
    return predicting(model, batch)


def torch_stft() -> Callable[[], Any]:
    """`torch.stft`, HTK mel, `AmplitudeToDB`, written out as torchaudio does them."""
    import torch

    from kerasaudio.layers.filterbank import mel_filterbank

    batch, window = clips(), torch.hann_window(N_FFT)
    bank = mel_filterbank(
        sample_rate=SAMPLE_RATE, n_fft=N_FFT, n_mels=BANDS, htk=True, norm=None
    )
    weights = torch.tensor(bank, dtype=torch.float32)

    def log_mel() -> Any:
        with torch.inference_mode():
            spectrum = torch.stft(
                torch.from_numpy(batch), N_FFT, HOP, window=window, return_complex=True
            )
            power = spectrum.abs().pow(2.0)
            mel = torch.matmul(power.transpose(-1, -2), weights)
            return _decibel(mel).numpy()

    return log_mel


def nnaudio() -> Callable[[], Any]:
    """nnAudio's `MelSpectrogram`, a convolution, then decibels."""
    import torch
    from nnAudio.features.mel import MelSpectrogram

    batch = clips()
    layer = MelSpectrogram(
        sr=SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP, n_mels=BANDS, verbose=False
    )

    def log_mel() -> Any:
        with torch.inference_mode():
            return _decibel(layer(torch.from_numpy(batch))).numpy()

    return log_mel


def _decibel(mel: Any) -> Any:
    import torch

    level = 10.0 * torch.log10(torch.clamp(mel, min=1e-10))
    return torch.maximum(level, level.amax(dim=(-2, -1), keepdim=True) - TOP_DB)


def librosa_loop() -> Callable[[], Any]:
    """librosa, one clip after the other."""
    batch = clips()
    return lambda: [_librosa(clip) for clip in batch]


def librosa_batch() -> Callable[[], Any]:
    """librosa, all clips in one call; they share the range."""
    batch = clips()
    return lambda: _librosa(batch)


def _librosa(waveform: Any) -> Any:
    import librosa

    mel = librosa.feature.melspectrogram(
        y=waveform, sr=SAMPLE_RATE, n_fft=N_FFT, hop_length=HOP, n_mels=BANDS
    )
    return librosa.power_to_db(mel, top_db=TOP_DB)
