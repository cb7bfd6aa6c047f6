"""The discrete Fourier transform by matrix products, for runtimes without an FFT.

Two products with small matrices replace one with a large matrix (Cooley & Tukey 1965,
"An algorithm for the machine calculation of complex Fourier series").
"""

import math
from typing import Any

import numpy as np
from keras import ops

from kerasaudio.layers.precision import matmul

_SMOOTH = (2, 3, 5, 7)  # prime factors that FFTs on GPUs support directly
_LONGEST = 2048  # as the matrix of a prime length has the square of it


def is_rough(n_fft: int) -> bool:
    """Return whether an FFT on a GPU is indirect for this length, and less exact.

    cuFFT at n_fft = 69: an error of 1.1e-5 of the maximum, ten times the usual one.
    False for long transforms, which use the FFT anyway.
    """
    rest = n_fft
    for prime in _SMOOTH:
        while rest % prime == 0:
            rest //= prime
    return rest > 1 and n_fft <= _LONGEST


class MatrixDFT:
    """Transform of real frames, (batch, frames, n_fft) -> 2 x (batch, frames, bins).

    With n_fft = rows * columns, n = columns * r + c and k = j + rows * i, the transform
    X[k] = sum over n of x[n] w(n k / n_fft), w(t) = exp(-2 pi i t), is
    sum over c of w(c i / columns) w(c j / n_fft) (sum over r of x[n] w(r j / rows)).

    Args:
        n_fft: Length of the transform.
    """

    def __init__(self, n_fft: int) -> None:
        self.n_fft, self.bins = n_fft, n_fft // 2 + 1
        self.columns = _divisor_near_the_root(n_fft)
        self.rows = n_fft // self.columns
        # j < rows; for a prime number, which has no i, only the needed bins.
        self._wide = self.rows if self.columns > 1 else self.bins
        self._parts = (self.bins - 1) // self._wide + 1
        self._within = _both(_waves(self.rows, self._wide, self.rows))
        turn = _waves(self.columns, self._wide, n_fft)
        self._cosine = turn.real.astype("float32")
        self._sine = turn.imag.astype("float32")
        across = _waves(self.columns, self._parts, self.columns)
        # From real and imaginary parts stacked in rows to both stacked in columns.
        self._across = np.concatenate([_both(across), _both(1j * across)])

    def __call__(self, frames: Any) -> tuple[Any, Any]:
        """Return the real and imaginary parts, each (batch, frames, bins)."""
        count = ops.shape(frames)[1]
        x = ops.reshape(frames, (-1, self.rows, self.columns))
        x = matmul(_swap(x), self._within)  # (., columns, 2 wide)
        real, imag = x[:, :, : self._wide], x[:, :, self._wide :]
        cosine, sine = map(ops.convert_to_tensor, (self._cosine, self._sine))
        turned = (real * cosine - imag * sine, real * sine + imag * cosine)
        x = ops.concatenate(turned, axis=1)  # (., 2 columns, wide)
        x = matmul(_swap(x), self._across)  # (., wide, 2 parts)
        both = ops.reshape(_swap(x), (-1, count, 2, self._parts * self._wide))
        return both[:, :, 0, : self.bins], both[:, :, 1, : self.bins]

    def inverse(self, real: Any, imag: Any) -> Any:
        """Return the frames of spectra of real frames, (batch, frames, n_fft).

        It is the transposed transform, divided by `n_fft`; all bins count twice but 0
        and n_fft / 2, whose imaginary parts must be 0.
        """
        count = ops.shape(real)[1]
        weights = np.full(self.bins, 2 / self.n_fft, "float32")
        weights[0] /= 2
        if self.n_fft % 2 == 0:
            weights[-1] /= 2
        both = ops.multiply(ops.stack([real, imag], axis=2), weights)
        lacking = self._parts * self._wide - self.bins
        both = ops.pad(both, ((0, 0), (0, 0), (0, 0), (0, lacking)))
        x = _swap(ops.reshape(both, (-1, 2 * self._parts, self._wide)))
        x = _swap(matmul(x, self._across.T))  # (., 2 columns, wide)
        real, imag = x[:, : self.columns], x[:, self.columns :]
        cosine, sine = map(ops.convert_to_tensor, (self._cosine, self._sine))
        turned = (real * cosine + imag * sine, imag * cosine - real * sine)
        x = matmul(ops.concatenate(turned, axis=2), self._within.T)
        return ops.reshape(_swap(x), (-1, count, self.n_fft))


def _divisor_near_the_root(number: int) -> int:
    return next(n for n in range(math.isqrt(number), 0, -1) if number % n == 0)


def _waves(times: int, frequencies: int, period: int) -> np.ndarray:
    # Reduced as integers, as large angles make the cosine less exact.
    turns = np.outer(np.arange(times), np.arange(frequencies)) % period
    return np.exp(-2j * np.pi / period * turns)


def _both(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values.real, values.imag], axis=1).astype("float32")


def _swap(x: Any) -> Any:
    return ops.transpose(x, (0, 2, 1))
