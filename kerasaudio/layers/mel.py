"""Mel spectrogram.

waveform (batch, samples) -> spectrogram (batch, frames, bins) -> (batch, frames, mels)
"""

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.layers.base import Shape, check_choice, require
from kerasaudio.layers.filterbank import mel_filterbank, split_bands
from kerasaudio.layers.precision import matmul
from kerasaudio.layers.stft import Spectrogram
from kerasaudio.layers.window import Window


@keras.saving.register_keras_serializable("kerasaudio")
class MelSpectrogram(Spectrogram):
    """Spectrogram summed into mel bands, equal to `librosa.feature.melspectrogram`.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, frames, n_mels), not negative, lowest band first.

    With ``htk=True, norm=None`` it equals torchaudio's ``transforms.MelSpectrogram``
    (which pads with ``pad_mode="reflect"``). If ``triangles="mel"`` is added, the
    filter banks are those of Kaldi (`torchaudio.compliance.kaldi.get_mel_banks`) and
    `tf.signal.linear_to_mel_weight_matrix`.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        n_fft: See `STFT`.
        hop_length: Distance from one frame to the next in samples; None for n_fft // 4.
        win_length: See `STFT`.
        window: See `STFT`.
        power: Exponent of the magnitude before summing: 1 for amplitude, 2 (default)
            for power.
        n_mels: Number of bands.
        fmin: Lowest edge of the bands in Hz; default: 0.
        fmax: Highest edge of the bands in Hz; default: half the sample rate.
        htk: Whether to use the mel scale of HTK; otherwise Slaney's (default).
        norm: ``"slaney"`` (default) for bands of the same area, None for the same
            height.
        triangles: Scale on which the sides of the bands are straight, ``"hertz"``
            (default) or ``"mel"``.
        **kwargs: See `STFT`.

    Raises:
        ValueError: As `STFT`; an edge is outside 0 to half the sample rate.

    Warns:
        UserWarning: Some bands contain no bin of the FFT; librosa also warns.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> mel = kerasaudio.layers.MelSpectrogram(16_000, 512, 256, n_mels=96)
        >>> tuple(mel(waveform).shape)
        (1, 188, 96)
    """

    says_empty_bands = True

    arguments: tuple[str, ...] = (
        *Spectrogram.arguments,
        "sample_rate",
        "n_mels",
        "fmin",
        "fmax",
        "htk",
        "norm",
        "triangles",
    )

    def __init__(
        self,
        sample_rate: float = 22050,
        n_fft: int = 2048,
        hop_length: int | None = 512,
        win_length: int | None = None,
        window: Window = "hann",
        *,
        power: float = 2.0,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        norm: str | None = "slaney",
        triangles: str = "hertz",
        **kwargs: Any,
    ) -> None:
        super().__init__(n_fft, hop_length, win_length, window, power=power, **kwargs)
        sample_rate = number(sample_rate, "sample_rate", above=0)
        n_mels = whole_number(n_mels, "n_mels")
        fmin = number(fmin, "fmin")
        fmax = None if fmax is None else number(fmax, "fmax")
        require(
            0 <= fmin < (sample_rate / 2 if fmax is None else fmax) <= sample_rate / 2,
            "`fmin` and `fmax` must satisfy 0 <= fmin < fmax <= sample_rate / 2.",
            fmin=fmin,
            fmax=fmax,
            sample_rate=sample_rate,
        )
        check_choice(
            norm=(norm, ("slaney", None)), triangles=(triangles, ("hertz", "mel"))
        )
        self.sample_rate, self.n_mels, self.fmin, self.fmax = (
            sample_rate,
            n_mels,
            fmin,
            fmax,
        )
        self.htk, self.norm, self.triangles = htk, norm, triangles
        self.filterbank = self.make_filterbank().astype("float32")
        bank = self.filterbank
        if self._dft is not None:  # sums need no sorting of what the transform leaves
            bank = self._dft.unsort(bank)
        self._groups = split_bands(bank)
        empty = int((self.filterbank <= 0).all(axis=0).sum())
        if empty and self.says_empty_bands:
            warnings.warn(
                f"{empty} of {n_mels} mel bands contain no bin of the FFT, so they are "
                "always zero. Use fewer bands (n_mels), a longer n_fft, or a higher "
                f"fmin. Received: n_mels={n_mels}, n_fft={n_fft}, "
                f"sample_rate={sample_rate}, fmin={fmin}.",
                stacklevel=2,
            )

    def make_filterbank(self) -> np.ndarray:
        """Return the matrix that sums FFT bins into bands, (bins, n_mels)."""
        return mel_filterbank(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            n_mels=self.n_mels,
            fmin=self.fmin,
            fmax=self.fmax,
            htk=self.htk,
            norm=self.norm,
            triangles=self.triangles,
        )

    def features(self, waveform: Any) -> Any:
        """Return the output for some rows of a batch."""
        spectrogram = self.unsorted_powers(waveform)
        bands = [
            matmul(spectrogram[:, :, low:high], bank)
            for low, high, bank in self._groups
        ]
        return bands[0] if len(bands) == 1 else ops.concatenate(bands, axis=2)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, frames, n_mels)."""
        return (*super().compute_output_shape(input_shape)[:2], self.n_mels)
