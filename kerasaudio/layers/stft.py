"""Short-time Fourier transform and spectrogram.

waveform (batch, samples) -> frames (batch, frames, win_length) -> (batch, frames, bins)
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.layers.base import Shape, WaveformLayer, check_choice
from kerasaudio.layers.framing import (
    PAD_MODES,
    check_samples,
    count_frames,
    frame,
    pad_ends,
)
from kerasaudio.layers.parts import in_parts
from kerasaudio.layers.precision import exact
from kerasaudio.layers.window import Window
from kerasaudio.layers.windowed_transform import WindowedTransform

TINY = float(np.finfo("float32").tiny)
ROOT_OF_TINY = float(np.sqrt(np.finfo("float32").tiny))


@keras.saving.register_keras_serializable("kerasaudio")
class STFT(WindowedTransform, WaveformLayer):
    """Short-time Fourier transform, equal to `librosa.stft`.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, frames, n_fft // 2 + 1, 2): the last axis has the real and
    the imaginary part, because not every backend has a complex type. There are
    1 + samples // hop_length frames with `center` (and even `n_fft`), otherwise
    1 + (samples - n_fft) // hop_length.

    Args:
        n_fft: Length of the transform in samples; default: 2048.
        hop_length: Distance from one frame to the next in samples; default:
            win_length // 4, as in librosa.
        win_length: Length of the window in samples; default: `n_fft`.
        window: Name of the window, or (name, parameter); see
            `kerasaudio.layers.window.window_function`. Default: "hann".
        periodic: Whether the window is periodic (default; librosa, torch.hann_window);
            otherwise it is symmetric.
        window_align: Position of a window shorter than `n_fft`: ``"center"`` (default;
            librosa, torch.stft), or ``"left"`` (tf.signal.stft, Kaldi: frames have
            `win_length` samples and are padded to `n_fft`; requires ``center=False``).
        center: Whether frame t is centered on sample t * hop_length (default), with
            n_fft // 2 samples of padding at both ends; otherwise it begins there.
        pad_mode: ``"constant"`` (default; zeros), ``"reflect"`` or ``"edge"``.
        method: ``"fft"`` (default), or ``"matmul"`` for runtimes without an FFT, with
            the same result. On GPUs, lengths up to 2048 with prime factors above 7
            always use matrix products, as the FFT is less exact there.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range; the input is not floating point, not
            (batch, samples), or too short for one frame or for its padding.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> spectrum = kerasaudio.layers.STFT(n_fft=512, hop_length=256)(waveform)
        >>> tuple(spectrum.shape)  # last axis: real and imaginary part
        (1, 188, 257, 2)
    """

    arguments: tuple[str, ...] = (*WindowedTransform.arguments, "pad_mode")

    def __init__(
        self,
        n_fft: int = 2048,
        hop_length: int | None = None,
        win_length: int | None = None,
        window: Window = "hann",
        *,
        periodic: bool = True,
        window_align: str = "center",
        center: bool = True,
        pad_mode: str = "constant",
        method: str = "fft",
        **kwargs: Any,
    ) -> None:
        check_choice(pad_mode=(pad_mode, PAD_MODES))
        super().__init__(
            n_fft,
            hop_length,
            win_length,
            window,
            periodic=periodic,
            window_align=window_align,
            center=center,
            method=method,
            **kwargs,
        )
        self.pad_mode = pad_mode

    def count_frames(self, samples: Any) -> Any:
        """Return the number of frames; `samples` is a number, scalar tensor or None."""
        if samples is None:
            return None
        padding = self.n_fft // 2 if self.center else 0
        return count_frames(samples + 2 * padding, self.span, self.hop_length)

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` can be framed."""
        super().check_input(inputs)
        samples, layer = inputs.shape[1], type(self).__name__
        if not isinstance(samples, int):
            return
        if not self.center:
            check_samples(layer, samples, shortest=self.span)
        elif self.pad_mode == "reflect":
            shortest, why = self.n_fft // 2 + 1, "reflecting n_fft // 2 samples"
            check_samples(layer, samples, shortest=shortest, why=why)
        else:
            check_samples(layer, samples, shortest=1 + self.n_fft % 2)

    def spectrum(self, waveform: Any) -> tuple[Any, Any]:
        """Return the real and imaginary parts, each (batch, frames, bins)."""
        real, imag = self.unsorted_spectrum(waveform)
        return self.sorted_bins(real), self.sorted_bins(imag)

    def sorted_bins(self, x: Any) -> Any:
        """Return values of `unsorted_spectrum` with the bins by frequency."""
        return x if self._dft is None else self._dft.sort(x)

    def unsorted_spectrum(self, waveform: Any) -> tuple[Any, Any]:
        """Return both parts with the bins in the order of the transform."""
        self.check_input(waveform)
        frames = self.count_frames(ops.shape(waveform)[1])
        if self.center:
            padding = self.n_fft // 2
            waveform = pad_ends(waveform, padding, padding, self.pad_mode)
        window = self.padded_window
        if self._dft is not None:
            cut = frame(
                waveform,
                frame_length=self.span,
                hop_length=self.hop_length,
                frames=frames,
            )
            return self._dft.transform(ops.multiply(cut, window[: self.span]))
        if self.window_align == "left":
            waveform = pad_ends(waveform, 0, self.n_fft - self.win_length)
        # Keras' own operation uses the best way of framing for each backend.
        with exact():
            return ops.stft(
                waveform,
                sequence_length=self.n_fft,
                sequence_stride=self.hop_length,
                fft_length=self.n_fft,
                window=window,
                center=False,
            )

    def call(self, inputs: Any) -> Any:
        """Transform (batch, samples) to (batch, frames, bins, 2)."""
        return ops.stack(self.spectrum(inputs), axis=-1)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, frames, bins, 2)."""
        return (input_shape[0], self.count_frames(input_shape[1]), self.bins, 2)


@keras.saving.register_keras_serializable("kerasaudio")
class Spectrogram(STFT):
    """Magnitude of the short-time Fourier transform, raised to a power.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, frames, n_fft // 2 + 1), not negative. The gradient is
    defined as 0 where the magnitude is 0.

    Args:
        n_fft: See `STFT`.
        hop_length: See `STFT`.
        win_length: See `STFT`.
        window: See `STFT`.
        power: Exponent of the magnitude: 1 (default) for amplitude, 2 for power.
        **kwargs: See `STFT`.

    Raises:
        ValueError: As `STFT`; `power` is not positive.

    Examples:
        >>> tone = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)[None]
        >>> spectrogram = kerasaudio.layers.Spectrogram(n_fft=512, hop_length=256)
        >>> magnitude = spectrogram(tone.astype("float32"))
        >>> tuple(magnitude.shape)
        (1, 63, 257)
        >>> int(keras.ops.argmax(magnitude[0, 30]))  # bins are 16,000 / 512 Hz apart
        32
    """

    arguments: tuple[str, ...] = (*STFT.arguments, "power")

    def __init__(
        self,
        n_fft: int = 2048,
        hop_length: int | None = None,
        win_length: int | None = None,
        window: Window = "hann",
        *,
        power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(n_fft, hop_length, win_length, window, **kwargs)
        self.power = number(power, "power", above=0)

    def call(self, inputs: Any) -> Any:
        """Transform (batch, samples) to (batch, frames, bins)."""
        self.check_input(inputs)
        frames = self.count_frames(inputs.shape[1])
        if not isinstance(frames, int):
            return self.features(inputs)
        return in_parts(self.features, inputs, frames * self.n_fft)

    def features(self, waveform: Any) -> Any:
        """Return the output for some rows of a batch."""
        return self.sorted_bins(self.unsorted_powers(waveform))

    def unsorted_powers(self, waveform: Any) -> Any:
        """Return the powers with the bins in the order of the transform."""
        real, imag = self.unsorted_spectrum(waveform)
        return magnitude_to_power(real * real + imag * imag, self.power)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, frames, bins)."""
        return super().compute_output_shape(input_shape)[:3]


def magnitude_to_power(squared: Any, power: float) -> Any:
    """Raise a magnitude, passed as its square, to `power`; the gradient at 0 is 0."""
    if power == 2:
        return squared
    if power == 1:  # without `where`, which is slow in LiteRT
        return ops.sqrt(ops.maximum(squared, TINY)) - ROOT_OF_TINY
    audible = squared > TINY
    raised = ops.power(ops.where(audible, squared, 1.0), power / 2)
    return ops.where(audible, raised, 0.0)
