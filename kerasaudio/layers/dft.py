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

    With n_fft = rows * columns, n = columns * r + c and w(t) = exp(-2 pi i t), the
    transform X[k] = sum over n of x[n] w(n k / n_fft) needs
    Z[c, j] = w(c j / n_fft) (sum over r of x[n] w(r j / rows)) of j <= rows / 2 only,
    as x is real:
    X[rows * i + j] = sum over c of w(c i / columns) Z[c, j] and
    X[rows * i - j] = sum over c of w(c i / columns) conj(Z[c, j]).

    Products leave the bins in an order of their own, some of them twice: those of
    i and +j for each j, then those of i + 1 and -j, and so on. What does not depend on
    the order, such as a sum over bins, is spared the sorting by `transform`.

    Args:
        n_fft: Length of the transform.
    """

    def __init__(self, n_fft: int) -> None:
        self.n_fft, self.bins = n_fft, n_fft // 2 + 1
        self.columns = _divisor_near_the_root(n_fft)
        self.rows = n_fft // self.columns
        self._wide = self.rows // 2 + 1  # j
        self._within = _both(_waves(self.rows, self._wide, self.rows))
        turn = _waves(self.columns, self._wide, n_fft)
        self._cosine = turn.real.astype("float32")
        self._sine = turn.imag.astype("float32")
        # i and the sign of j: 0 +, 1 -, 1 +, 2 -, ...; as many as there are columns
        lines = np.arange(self.columns)
        signs = 1 - 2 * (lines % 2)
        steps = (lines + 1) // 2
        # From real and imaginary parts stacked in rows to both stacked in columns; the
        # imaginary part of a conjugate is negative.
        across = _waves(self.columns, self.columns, self.columns)[:, steps]
        self._across = np.concatenate([_both(across), _both(1j * signs * across)])
        bins = self.rows * steps[:, None] + signs[:, None] * np.arange(self._wide)
        places = {int(k): place for place, k in enumerate(bins.ravel())}
        self._places = np.array([places[k] for k in range(self.bins)], "int32")

    def __call__(self, frames: Any) -> tuple[Any, Any]:
        """Return the real and imaginary parts, each (batch, frames, bins)."""
        real, imag = self.transform(frames)
        return self.sort(real), self.sort(imag)

    def transform(self, frames: Any) -> tuple[Any, Any]:
        """Return both parts with the bins in the transform's own order.

        Args:
            frames: (batch, frames, samples), at most `n_fft` samples; zeros follow.
        """
        count, samples = ops.shape(frames)[1], frames.shape[2]
        rows = -(-samples // self.columns)
        if rows * self.columns > samples:
            lacking = rows * self.columns - samples
            frames = ops.pad(frames, ((0, 0), (0, 0), (0, lacking)))
        x = ops.reshape(frames, (-1, rows, self.columns))
        x = matmul(_swap(x), self._within[:rows])  # (., columns, 2 wide)
        real, imag = x[:, :, : self._wide], x[:, :, self._wide :]
        if self.columns > 1:
            cosine, sine = map(ops.convert_to_tensor, (self._cosine, self._sine))
            turned = (real * cosine - imag * sine, real * sine + imag * cosine)
            x = ops.concatenate(turned, axis=1)  # (., 2 columns, wide)
            x = _swap(matmul(_swap(x), self._across))  # (., 2 columns, wide)
            real, imag = x[:, : self.columns], x[:, self.columns :]
        shape = (-1, count, self.columns * self._wide)
        return ops.reshape(real, shape), ops.reshape(imag, shape)

    def sort(self, x: Any) -> Any:
        """Return values (batch, frames, places) of `transform` by frequency."""
        return ops.take(x, self._places, axis=2)

    def unsort(self, bank: np.ndarray) -> np.ndarray:
        """Return a matrix (bins, ...) for the values of `transform` instead."""
        found = np.zeros((self.columns * self._wide, *bank.shape[1:]), bank.dtype)
        found[self._places] = bank
        return found

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
        # A place that no bin takes gets the zero behind the last one.
        both = ops.pad(both, ((0, 0), (0, 0), (0, 0), (0, 1)))
        bin_of = np.full(self.columns * self._wide, self.bins, "int32")
        bin_of[self._places] = np.arange(self.bins)
        x = ops.take(both, bin_of, axis=3)
        x = ops.reshape(x, (-1, 2 * self.columns, self._wide))
        if self.columns > 1:
            x = _swap(matmul(_swap(x), self._across.T))  # (., 2 columns, wide)
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
