"""The discrete Fourier transform of windowed real frames, by FFT or matrix product."""

from typing import Any

import numpy as np
from keras import ops

METHODS = ("fft", "matmul")


class WindowedDFT:
    """Windows frames and transforms them.

    Args:
        window: Window, (frame_length,), or a matrix (frame_length, frame_length) that
            maps a frame, as a row, to what is to be transformed.
        n_fft: Length of the transform, at least frame_length.
        offset: Where in the transform the frame begins.
        method: ``"fft"``, or ``"matmul"`` for runtimes without an FFT.
    """

    def __init__(
        self, window: np.ndarray, *, n_fft: int, offset: int, method: str
    ) -> None:
        self.window = window.astype("float32")
        self.n_fft = n_fft
        self.offset = offset
        if method == "matmul":
            self.matrices = self._matrices(window)
        self.method = method

    def _matrices(self, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        time = self.offset + np.arange(len(window))
        # Reduced as integers: a large angle would cost the cosine its last digits.
        turns = np.outer(time, np.arange(self.n_fft // 2 + 1)) % self.n_fft
        angle = 2 * np.pi / self.n_fft * turns
        apply = np.diag(window) if window.ndim == 1 else window
        real, imag = apply @ np.cos(angle), -(apply @ np.sin(angle))
        return real.astype("float32"), imag.astype("float32")

    def __call__(self, frames: Any) -> tuple[Any, Any]:
        """Give real and imaginary part, each (batch, frames, n_fft // 2 + 1)."""
        if self.method == "matmul":
            real, imag = self.matrices
            return ops.matmul(frames, real), ops.matmul(frames, imag)
        if self.window.ndim == 1:
            frames = frames * ops.convert_to_tensor(self.window)
        else:
            frames = ops.matmul(frames, self.window)
        if self.offset:
            rest = self.n_fft - self.offset - len(self.window)
            frames = ops.pad(frames, ((0, 0), (0, 0), (self.offset, rest)))
        return ops.rfft(frames, fft_length=self.n_fft)
