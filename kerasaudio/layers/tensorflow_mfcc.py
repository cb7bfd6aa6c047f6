"""The cepstral coefficients of TensorFlow's audio operations.

waveform (batch, samples) -> magnitudes -> 40 mel bands (batch, frames, 40)
-> natural logarithm -> (batch, frames, n_mfcc)

Source: tensorflow/core/kernels/{spectrogram,mfcc,mfcc_mel_filterbank,mfcc_dct}.cc.
"""

from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.layers.mfcc import MFCC

LOG_FLOOR = 1e-12


@keras.saving.register_keras_serializable("kerasaudio")
class TensorFlowMFCC(MFCC):
    """Cepstral coefficients of ``tf.raw_ops.AudioSpectrogram`` and ``tf.raw_ops.Mfcc``.

    They are the input of many small networks that recognize words, such as those of
    TensorFlow's example `speech_commands`. Arguments have the defaults of these
    operations.

    Input: waveform (batch, samples), floating point, in [-1, 1].
    Output: float32 (batch, 1 + (samples - win_length) // hop_length, n_mfcc).

    Frames are not padded; they begin at sample 0. The length of the FFT is `win_length`
    rounded up to a power of two. Bands are summed from magnitudes, and silence has the
    logarithm of 1e-12.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        win_length: Length of a frame in samples (`window_size`).
        hop_length: Distance from one frame to the next in samples (`stride`).
        n_mfcc: Number of coefficients (`dct_coefficient_count`); default: 13.
        n_mels: Number of bands (`filterbank_channel_count`); default: 40.
        fmin: Lowest edge of the bands in Hz (`lower_frequency_limit`); default: 20.
        fmax: Highest edge of the bands in Hz (`upper_frequency_limit`), at most half
            the sample rate; default: 4000.
        method: See `STFT`.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: As `MFCC`.

    Warns:
        UserWarning: Some bands contain no bin of the FFT; TensorFlow also warns.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> mfcc = kerasaudio.layers.TensorFlowMFCC(16_000, 640, 320, n_mfcc=10)
        >>> tuple(mfcc(waveform).shape)
        (1, 149, 10)
    """

    arguments = (
        *("sample_rate", "win_length", "hop_length"),
        *("n_mfcc", "n_mels", "fmin", "fmax", "method"),
    )

    def __init__(
        self,
        sample_rate: float,
        win_length: int,
        hop_length: int,
        n_mfcc: int = 13,
        *,
        n_mels: int = 40,
        fmin: float = 20.0,
        fmax: float = 4000.0,
        method: str = "fft",
        **kwargs: Any,
    ) -> None:
        win_length = whole_number(win_length, "win_length")
        super().__init__(
            sample_rate,
            n_mfcc,
            win_length=win_length,
            hop_length=hop_length,
            n_mels=n_mels,
            fmin=fmin,
            fmax=fmax,
            method=method,
            n_fft=1 << (win_length - 1).bit_length(),
            window_align="left",
            center=False,
            power=1,
            htk=True,
            mel_norm=None,
            triangles="mel",
            norm="htk",
            log_floor=LOG_FLOOR,
            **kwargs,
        )

    def make_filterbank(self) -> np.ndarray:
        """Return the matrix that sums FFT bins into bands, (bins, n_mels).

        TensorFlow begins at the bin int(1.5 + fmin / width of a bin), although the one
        before it may lie above `fmin`.
        """
        bank = super().make_filterbank()
        bank[: int(1.5 + self.fmin * self.n_fft / self.sample_rate)] = 0
        return bank

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        config = super().get_config()
        return {k: v for k, v in config.items() if k not in ("norm", "mel_norm")}
