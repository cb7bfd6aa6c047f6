"""Multiply the spectrum of a waveform, padded so that the result does not wrap."""

from typing import Any

from keras import ops

_MULTIPLE = 1024  # multiples of it are fast lengths for an FFT


def padded_spectrum(waveform: Any, behind: int) -> tuple[Any, Any, Any]:
    """Transform (batch, samples) with room for `behind` more samples at the end.

    Returns:
        The real and imaginary parts, (batch, bins), and the even length of the
        transform.
    """
    samples = ops.shape(waveform)[1]
    length = (samples + behind + _MULTIPLE - 1) // _MULTIPLE * _MULTIPLE
    real, imag = ops.rfft(ops.pad(waveform, ((0, 0), (0, length - samples))))
    return real, imag, length


def product(a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
    """Multiply two complex numbers, each a pair of real and imaginary part."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]
