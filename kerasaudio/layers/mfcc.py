"""Mel-frequency cepstral coefficients.

waveform (batch, samples) -> mel (batch, frames, mels) -> dB, or natural logarithm
-> (batch, frames, n_mfcc)
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasaudio.arguments import number, whole_number
from kerasaudio.layers.base import Shape, check_choice, require
from kerasaudio.layers.mel import MelSpectrogram
from kerasaudio.layers.precision import matmul
from kerasaudio.layers.scale import check_log, to_decibel, to_log


@keras.saving.register_keras_serializable("kerasaudio")
class MFCC(MelSpectrogram):
    """Mel-frequency cepstral coefficients, equal to `librosa.feature.mfcc`.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, frames, n_mfcc): the cosine transform of the mel spectrogram
    in dB, limited to 80 dB below the loudest value of the clip, or of its natural
    logarithm.

    With ``center=False, window_align="left", htk=True, mel_norm=None, triangles="mel",
    norm="htk"`` and `log_offset` it equals TensorFlow's
    ``tf.signal.mfccs_from_log_mel_spectrograms`` of its own log mel spectrogram. For
    TensorFlow's operation ``Mfcc`` see `TensorFlowMFCC`.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        n_mfcc: Number of coefficients, at most `n_mels`; default: 20.
        dct_type: Type of the cosine transform, 2 (default; Slaney, librosa) or 3 (HTK).
        norm: ``"ortho"`` (default) for an orthonormal cosine transform, ``"htk"`` for
            the factor sqrt(2 / n_mels) on all coefficients (HTK, TensorFlow; type 2
            only), or None.
        lifter: Weight of the high coefficients in cepstral filtering, at least 0;
            default: 0, no filtering.
        mel_norm: `norm` of the `MelSpectrogram`.
        log_offset: Number added to the mel spectrogram before its natural logarithm, at
            least 0. Default: None; without `log_floor`, decibels are used instead.
        log_floor: Smallest argument of the natural logarithm, positive; default: None.
        **kwargs: Other arguments of `MelSpectrogram`.

    Raises:
        ValueError: As `MelSpectrogram`; `n_mfcc` is above `n_mels`, `lifter` or
            `log_offset` is negative, `log_floor` is not positive, or `log_offset` is 0
            without a `log_floor`, which would give log(0) for silence.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> mfcc = kerasaudio.layers.MFCC(16_000, n_mfcc=13, n_fft=512, hop_length=160)
        >>> tuple(mfcc(waveform).shape)
        (1, 301, 13)
    """

    arguments: tuple[str, ...] = (
        *MelSpectrogram.arguments,
        "n_mfcc",
        "dct_type",
        "lifter",
        "log_offset",
        "log_floor",
    )

    def __init__(
        self,
        sample_rate: float = 22050,
        n_mfcc: int = 20,
        *,
        dct_type: int = 2,
        norm: str | None = "ortho",
        lifter: float = 0,
        mel_norm: str | None = "slaney",
        log_offset: float | None = None,
        log_floor: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate, norm=mel_norm, **kwargs)
        n_mfcc = whole_number(n_mfcc, "n_mfcc")
        require(
            n_mfcc <= self.n_mels,
            "`n_mfcc` must be at most `n_mels`.",
            n_mfcc=n_mfcc,
            n_mels=self.n_mels,
        )
        check_choice(dct_type=(dct_type, (2, 3)), norm=(norm, ("ortho", "htk", None)))
        require(
            dct_type == 2 or norm != "htk",
            '`norm="htk"` requires `dct_type=2`.',
            dct_type=dct_type,
        )
        lifter = number(lifter, "lifter", least=0)
        self.log_offset: float | None = None
        self.log_floor: float | None = None
        if log_offset is not None or log_floor is not None:
            self.log_offset, self.log_floor = check_log(
                0.0 if log_offset is None else log_offset, log_floor, "log_"
            )
        self.n_mfcc, self.dct_type, self.dct_norm = n_mfcc, dct_type, norm
        self.lifter = lifter
        basis = cosine_basis(self.n_mels, dct_type=dct_type, norm=norm)[:, :n_mfcc]
        if lifter > 0:
            order = np.arange(1, 1 + n_mfcc)
            basis = basis * (1 + lifter / 2 * np.sin(np.pi * order / lifter))
        self._basis = basis.astype("float32")

    def call(self, inputs: Any) -> Any:
        """Transform (batch, samples) to (batch, frames, n_mfcc)."""
        return self.cepstrum(self.mel(inputs))

    def mel(self, inputs: Any) -> Any:
        """Transform (batch, samples) to the mel spectrogram."""
        return super().call(inputs)

    def cepstrum(self, mel: Any) -> Any:
        """Transform (batch, frames, n_mels) to (batch, frames, n_mfcc)."""
        if self.log_offset is None:
            return matmul(to_decibel(mel), self._basis)
        return matmul(to_log(mel, self.log_offset, self.log_floor), self._basis)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, frames, n_mfcc)."""
        return (*super().compute_output_shape(input_shape)[:2], self.n_mfcc)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"norm": self.dct_norm, "mel_norm": self.norm}


def cosine_basis(n: int, *, dct_type: int, norm: str | None) -> np.ndarray:
    """Return the matrix of `scipy.fft.dct`, (n, n); multiply features @ matrix.

    SciPy does not have the norm ``"htk"``: as ``"ortho"``, without its own factor for
    the first coefficient.
    """
    k = np.arange(n)
    if dct_type == 2:
        basis = 2 * np.cos(np.pi / n * np.outer(k + 0.5, k))
        if norm == "ortho":
            basis *= np.sqrt(np.where(k == 0, 0.25, 0.5) / n)
        return basis * np.sqrt(0.5 / n) if norm == "htk" else basis
    basis = 2 * np.cos(np.pi / n * np.outer(k, k + 0.5))
    basis[0] /= 2
    if norm == "ortho":
        basis *= (np.sqrt(np.where(k == 0, 1.0, 0.5) / n))[:, None]
    return basis
