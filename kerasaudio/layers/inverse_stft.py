"""Inverse short-time Fourier transform.

(batch, frames, bins, 2) -> frames (batch, frames, n_fft) -> waveform (batch, samples)
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Shape, require
from kerasaudio.layers.precision import exact
from kerasaudio.layers.stft import TINY
from kerasaudio.layers.window import Window
from kerasaudio.layers.windowed_transform import WindowedTransform

# Of the window's maximum; SciPy's Blackman window begins with -1e-17 instead of 0, and
# the quotient of two such numbers is noise.
_SILENT = 1e-12


@keras.saving.register_keras_serializable("kerasaudio")
class InverseSTFT(WindowedTransform):
    """Waveform of a short-time Fourier transform, equal to `librosa.istft`.

    Frames are transformed back, windowed, added where they overlap, and divided by the
    sum of the squared windows. With the arguments of an `STFT` it returns the waveform
    of that; a spectrum that was changed, for example by a mask, gets the waveform whose
    transform is nearest (least squares; Griffin & Lim 1984,
    https://doi.org/10.1109/TASSP.1984.1164317).

    Input: real and imaginary parts, (batch, frames, n_fft // 2 + 1, 2), floating point.
    Output: float32 (batch, samples): hop_length * (frames - 1) + n_fft samples, less
    2 * (n_fft // 2) with `center`; or `length` samples. Samples that no window reaches
    are 0. Without `center`, samples at the ends are divided by nearly nothing if the
    window begins near 0, as in librosa: rounding grows there.

    Args:
        n_fft: Length of the transform in samples; default: 2048.
        hop_length: Distance from one frame to the next in samples; default:
            win_length // 4, as in librosa.
        win_length: Length of the window in samples; default: `n_fft`.
        window: See `STFT`. Default: "hann".
        periodic: See `STFT`.
        window_align: See `STFT`. With ``"left"``, a frame has `win_length` samples.
        center: Whether frame t is centered on sample t * hop_length (default);
            otherwise it begins there.
        length: Number of samples to return: the rest is cut off, or zeros follow. None
            for all.
        method: See `STFT`.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range; the input is not floating point, not
            (batch, frames, bins, 2), has no frame, or no sample is left.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> spectrum = kerasaudio.layers.STFT(n_fft=512)(waveform)
        >>> inverse = kerasaudio.layers.InverseSTFT(n_fft=512, length=48_000)
        >>> again = keras.ops.convert_to_numpy(inverse(spectrum))
        >>> again.shape, bool(np.abs(again - waveform).max() < 1e-5)
        ((1, 48000), True)
    """

    input_form = ("batch", "frames", "bins", "2")
    arguments: tuple[str, ...] = (*WindowedTransform.arguments, "length")

    def __init__(
        self,
        n_fft: int = 2048,
        hop_length: int | None = None,
        win_length: int | None = None,
        window: Window = "hann",
        *,
        length: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(n_fft, hop_length, win_length, window, **kwargs)
        self.length = None if length is None else whole_number(length, "length")
        window_samples = self.padded_window.astype("float64")
        highest = np.abs(window_samples).max()
        window_samples[np.abs(window_samples) < _SILENT * highest] = 0
        self._squared = (window_samples**2).astype("float32")
        self._window = window_samples.astype("float32")
        # The imaginary parts of 0 Hz, and of half the sample rate, have no meaning;
        # FFTs differ in what they make of them.
        self._is_wave = np.ones(self.bins, "float32")
        self._is_wave[0] = 0
        if self.n_fft % 2 == 0:
            self._is_wave[-1] = 0

    def count_samples(self, frames: Any) -> Any:
        """Return the number of samples; `frames` is a number, scalar tensor or None."""
        if self.length is not None:
            return self.length
        if frames is None:
            return None
        return self._covered(frames) - self._before - self._cut_off

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` are the spectra of frames."""
        super().check_input(inputs)
        shape = tuple(inputs.shape)
        require(
            shape[2:] == (self.bins, 2),
            f"{type(self).__name__} with n_fft={self.n_fft} takes the real and the "
            f"imaginary part of {self.bins} bins, (batch, frames, {self.bins}, 2).",
            shape=shape,
        )
        frames = shape[1]
        if isinstance(frames, int):
            require(
                frames > 0 and self.count_samples(frames) > 0,
                f"{type(self).__name__} needs more frames: no sample is left.",
                frames=frames,
            )

    def call(self, inputs: Any) -> Any:
        """Transform (batch, frames, bins, 2) to (batch, samples)."""
        self.check_input(inputs)
        frames = ops.shape(inputs)[1]
        inputs = ops.cast(inputs, "float32")
        real, imag = inputs[..., 0], ops.multiply(inputs[..., 1], self._is_wave)
        if self._dft is not None:
            cut = self._dft.inverse(real, imag)
        else:
            with exact():
                cut = ops.irfft((real, imag), fft_length=self.n_fft)
        squared = ops.ones((1, frames, 1)) * ops.convert_to_tensor(self._squared)
        total = self._trim(overlap_add(squared, self.hop_length), frames)
        waveform = ops.multiply(cut, self._window)
        waveform = self._trim(overlap_add(waveform, self.hop_length), frames)
        waveform = waveform / ops.where(total > TINY, total, 1.0)
        if self.length is None:
            return waveform
        return self._with_length(waveform, frames)

    def _covered(self, frames: Any) -> Any:
        """Return the number of samples that the frames cover."""
        return self.span + self.hop_length * (frames - 1)

    @property
    def _before(self) -> int:
        return self.n_fft // 2 if self.center else 0

    @property
    def _cut_off(self) -> int:
        """Number of samples at the end that do not belong to the waveform."""
        # With a length, those that the last frames know are kept.
        return self._before if self.length is None else 0

    def _trim(self, waveform: Any, frames: Any) -> Any:
        end = self._covered(frames) - self._cut_off
        return waveform[:, self._before : end]

    def _with_length(self, waveform: Any, frames: Any) -> Any:
        assert self.length is not None
        known = self._covered(frames) - self._before
        # Of an unknown number of frames, as many zeros as could be needed.
        is_known = isinstance(known, int)
        lacking = max(self.length - known, 0) if is_known else self.length
        waveform = ops.pad(waveform, ((0, 0), (0, lacking)))
        return waveform[:, : self.length]

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, samples)."""
        return (input_shape[0], self.count_samples(input_shape[1]))


def overlap_add(frames: Any, hop_length: int) -> Any:
    """Add frames, each `hop_length` samples after the one before it.

    Args:
        frames: (batch, frames, frame_length).
        hop_length: Distance in samples.

    Returns:
        (batch, samples): all that the frames cover, and zeros up to whole hops.
    """
    count, size = ops.shape(frames)[1], frames.shape[2]
    blocks = -(-size // hop_length)
    frames = ops.pad(frames, ((0, 0), (0, 0), (0, blocks * hop_length - size)))
    if blocks == 1:
        return ops.reshape(frames, (-1, count * hop_length))
    pieces = ops.reshape(frames, (-1, count, blocks, hop_length))
    pieces = ops.transpose(pieces, (0, 2, 1, 3))
    # Block b of frame t belongs to hop t + b. Rows with `blocks` zeros at their end,
    # read as rows that are shorter by one, move by one more hop each.
    pieces = ops.pad(pieces, ((0, 0), (0, 0), (0, blocks), (0, 0)))
    hops = count + blocks - 1
    pieces = ops.reshape(pieces, (-1, blocks * (hops + 1), hop_length))
    pieces = pieces[:, : blocks * hops]
    pieces = ops.reshape(pieces, (-1, blocks, hops, hop_length))
    return ops.reshape(ops.sum(pieces, axis=1), (-1, hops * hop_length))
