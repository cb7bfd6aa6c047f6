"""Kaldi's log mel filter bank energies ("fbank"), as torchaudio computes them.

waveform (batch, samples) -> frames, each without its mean, pre-emphasized, windowed
-> power (batch, frames, bins) -> mel (batch, frames, n_mels) -> log
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.layers.base import require
from kerasaudio.layers.framing import frame
from kerasaudio.layers.mel import MelSpectrogram
from kerasaudio.layers.window import Window

FLOOR = float(np.finfo("float32").eps)


@keras.saving.register_keras_serializable("kerasaudio")
class KaldiFbank(MelSpectrogram):
    """Log mel energies, equal to `torchaudio.compliance.kaldi.fbank` without dither.

    Input: waveform (batch, samples), floating point. Kaldi uses the 16-bit range,
    -32768 to 32767, for which `scale` multiplies [-1, 1]; AST uses [-1, 1].
    Output: float32 (batch, frames, n_mels), natural logarithm of the power, at least
    log(1.19e-7). There are 1 + (samples - frame_length) // frame_shift whole frames.

    AST uses ``KaldiFbank(n_mels=128, window="hann")``.

    Args:
        sample_rate: Sample rate of the waveform in Hz.
        frame_length: Length of a frame in milliseconds.
        frame_shift: Distance from one frame to the next in milliseconds.
        window: Symmetric window; see `kerasaudio.layers.window.window_function`.
        n_mels: Number of bands.
        fmin: Lowest edge of the bands in Hz.
        fmax: Highest edge of the bands in Hz; default: half the sample rate.
        preemphasis: Coefficient of the pre-emphasis inside each frame, 0 to 1; 0 for
            none.
        remove_dc_offset: Whether to subtract the mean of each frame.
        scale: Factor of the waveform, above 0; default: 1. 32768 turns [-1, 1] into the
            16-bit range.
        method: ``"fft"`` (default), or ``"matmul"`` for runtimes without an FFT, with
            the same result.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range; the input is not floating point, not
            (batch, samples), or shorter than one frame.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> fbank = kerasaudio.layers.KaldiFbank(16_000, n_mels=128, window="hann")
        >>> tuple(fbank(waveform).shape)  # one frame per 10 ms
        (1, 298, 128)
    """

    says_empty_bands = False  # as in torchaudio; AST was trained with an empty band

    arguments: tuple[str, ...] = (
        "sample_rate",
        "frame_length",
        "frame_shift",
        "window",
        "n_mels",
        "fmin",
        "fmax",
        "preemphasis",
        "remove_dc_offset",
        "scale",
        "method",
    )

    def __init__(
        self,
        sample_rate: float = 16000,
        frame_length: float = 25.0,
        frame_shift: float = 10.0,
        *,
        window: Window = "povey",
        n_mels: int = 23,
        fmin: float = 20.0,
        fmax: float | None = None,
        preemphasis: float = 0.97,
        remove_dc_offset: bool = True,
        scale: float = 1.0,
        method: str = "fft",
        **kwargs: Any,
    ) -> None:
        sample_rate = number(sample_rate, "sample_rate", above=0)
        frame_length = number(frame_length, "frame_length", above=0)
        frame_shift = number(frame_shift, "frame_shift", above=0)
        samples = int(sample_rate * frame_length / 1000)
        shift = int(sample_rate * frame_shift / 1000)
        require(
            samples >= 2 and shift >= 1,
            "A frame must have at least two samples, and a shift of at least one.",
            sample_rate=sample_rate,
            frame_length=frame_length,
            frame_shift=frame_shift,
        )
        preemphasis = number(preemphasis, "preemphasis", 0, 1)
        scale = number(scale, "scale", above=0)
        super().__init__(
            sample_rate,
            n_fft=1 << (samples - 1).bit_length(),
            hop_length=shift,
            win_length=samples,
            window=window,
            periodic=False,
            window_align="left",
            center=False,
            n_mels=n_mels,
            fmin=fmin,
            fmax=fmax,
            htk=True,
            norm=None,
            triangles="mel",
            method=method,
            **kwargs,
        )
        self.frame_length, self.frame_shift = frame_length, frame_shift
        self.preemphasis, self.remove_dc_offset = preemphasis, remove_dc_offset
        self.scale = scale

    def _prepare(self, frames: Any) -> Any:
        """Subtract the mean of frames (..., samples) and pre-emphasize them."""
        if self.remove_dc_offset:
            frames = frames - ops.mean(frames, axis=-1, keepdims=True)
        before = ops.concatenate([frames[..., :1], frames[..., :-1]], axis=-1)
        return frames - self.preemphasis * before

    def unsorted_spectrum(self, waveform: Any) -> tuple[Any, Any]:
        """Return both parts with the bins in the order of the transform."""
        self.check_input(waveform)
        frames = frame(
            waveform,
            frame_length=self.win_length,
            hop_length=self.hop_length,
            frames=self.count_frames(ops.shape(waveform)[1]),
        )
        windowed = self._prepare(frames) * ops.convert_to_tensor(self.window_samples)
        if self._dft is not None:
            return self._dft.transform(windowed)
        return ops.rfft(windowed, fft_length=self.n_fft)

    def call(self, inputs: Any) -> Any:
        """Transform (batch, samples) to (batch, frames, n_mels)."""
        energy = super().call(inputs)
        if self.scale != 1:
            energy = energy * self.scale**2
        return ops.log(ops.maximum(energy, FLOOR))
