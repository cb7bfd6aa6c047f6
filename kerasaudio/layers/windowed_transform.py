"""What the short-time Fourier transform and its inverse have in common."""

from typing import Any

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Float32Layer, check_choice, require
from kerasaudio.layers.dft import MatrixDFT, is_rough
from kerasaudio.layers.precision import has_gpu
from kerasaudio.layers.window import Window, window_function

METHODS = ("fft", "matmul")


class WindowedTransform(Float32Layer):
    """A transform of windowed frames; for the arguments see `STFT`.

    Raises:
        ValueError: An argument is out of range.
    """

    arguments: tuple[str, ...] = (
        "n_fft",
        "hop_length",
        "win_length",
        "window",
        "periodic",
        "window_align",
        "center",
        "method",
    )

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
        method: str = "fft",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        n_fft = whole_number(n_fft, "n_fft")
        win_length = n_fft if win_length is None else win_length
        win_length = whole_number(win_length, "win_length")
        hop_length = max(win_length // 4, 1) if hop_length is None else hop_length
        hop_length = whole_number(hop_length, "hop_length")
        require(
            win_length <= n_fft,
            "`win_length` must be at most `n_fft`.",
            win_length=win_length,
            n_fft=n_fft,
        )
        check_choice(window_align=(window_align, ("center", "left")))
        check_choice(method=(method, METHODS))
        require(
            window_align == "center" or not center,
            "`window_align='left'` requires `center=False`.",
            center=center,
        )
        self.n_fft, self.hop_length, self.win_length = n_fft, hop_length, win_length
        self.window = window if isinstance(window, str) else list(window)
        self.periodic = periodic
        self.window_align, self.center = window_align, center
        self.method = method
        samples = window_function(window, win_length, periodic=periodic)
        require(
            bool(samples.any()),
            "`window` is zero everywhere.",
            window=window,
            win_length=win_length,
        )
        self.window_samples = samples.astype("float32")
        by_matrices = method == "matmul" or (is_rough(n_fft) and has_gpu())
        self._dft = MatrixDFT(n_fft) if by_matrices else None

    @property
    def bins(self) -> int:
        """Number of frequencies, from 0 to half the sample rate."""
        return self.n_fft // 2 + 1

    @property
    def span(self) -> int:
        """Number of samples of the waveform that a frame covers."""
        return self.win_length if self.window_align == "left" else self.n_fft

    @property
    def padded_window(self) -> np.ndarray:
        """The window with the zeros beside it, float32 (n_fft,)."""
        rest = self.n_fft - self.win_length
        before = rest // 2 if self.window_align == "center" else 0
        return np.pad(self.window_samples, (before, rest - before))
