"""Triangular mel filter banks, in float64 NumPy."""

import math

import numpy as np
from numpy.typing import ArrayLike

EACH = 1024  # work of one more product, in multiplications for one frame


def hertz_to_mel(hertz: ArrayLike, *, htk: bool = False) -> np.ndarray:
    """Convert Hz to mel.

    Args:
        hertz: Frequencies in Hz, at least 0.
        htk: Whether to use the formula 2595 log10(1 + f / 700) of HTK and Kaldi;
            otherwise that of Slaney's Auditory Toolbox: linear below 1 kHz,
            logarithmic above.
    """
    hertz = np.asarray(hertz, dtype="float64")
    if htk:
        return 2595.0 * np.log10(1.0 + hertz / 700.0)
    above = 15.0 + 27.0 * np.log(np.maximum(hertz, 1000.0) / 1000.0) / math.log(6.4)
    return np.where(hertz < 1000.0, hertz * 3.0 / 200.0, above)


def mel_to_hertz(mel: ArrayLike, *, htk: bool = False) -> np.ndarray:
    """Convert mel to Hz; the inverse of `hertz_to_mel`."""
    mel = np.asarray(mel, dtype="float64")
    if htk:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    above = 1000.0 * np.exp((np.maximum(mel, 15.0) - 15.0) * math.log(6.4) / 27.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, above)


def mel_filterbank(
    *,
    sample_rate: float,
    n_fft: int,
    n_mels: int,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
    triangles: str = "hertz",
) -> np.ndarray:
    """Build the matrix that sums FFT bins into mel bands.

    Args:
        sample_rate: Sample rate in Hz.
        n_fft: Length of the FFT.
        n_mels: Number of bands.
        fmin: Lowest edge in Hz; default: 0.
        fmax: Highest edge in Hz; default: half the sample rate.
        htk: See `hertz_to_mel`.
        norm: ``"slaney"`` (default) for triangles of the same area, None for the same
            height.
        triangles: Scale on which the sides of the triangles are straight: ``"hertz"``
            (default; librosa, torchaudio's transforms) or ``"mel"`` (Kaldi, tf.signal).

    Returns:
        A float64 array (n_fft // 2 + 1, n_mels).
    """
    hertz = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    ends = hertz_to_mel([fmin, sample_rate / 2 if fmax is None else fmax], htk=htk)
    edges_mel = np.linspace(ends[0], ends[1], n_mels + 2)
    edges_hertz = mel_to_hertz(edges_mel, htk=htk)
    if triangles == "mel":
        x, edges = hertz_to_mel(hertz, htk=htk), edges_mel
    else:
        x, edges = hertz, edges_hertz
    left, center, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (x[:, None] - left) / (center - left)
    falling = (right - x[:, None]) / (right - center)
    bank = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        bank *= 2.0 / (edges_hertz[2:] - edges_hertz[:-2])
    return bank


def split_bands(bank: np.ndarray, most: int = 4) -> list[tuple[int, int, np.ndarray]]:
    """Split a filter bank into neighboring bands, which share few bins with the others.

    Most of a mel matrix is zero; some smaller products save half of the work or more.

    Args:
        bank: (bins, bands), the bands in ascending order.
        most: Largest number of groups.

    Returns:
        At most `most` groups of (first bin, last bin + 1, part of the bank).
    """

    bins, bands = bank.shape
    used = bank > 0
    first = np.where(used.any(axis=0), used.argmax(axis=0), bins)
    last = np.where(used.any(axis=0), bins - used[::-1].argmax(axis=0), 0)

    def part(start: int, stop: int) -> tuple[int, int, np.ndarray]:
        low, high = int(first[start:stop].min()), int(last[start:stop].max())
        low, high = (low, high) if low < high else (0, 1)
        return low, high, bank[low:high, start:stop]

    # Matrix products process bands in groups of 16.
    cuts = range(0, bands, 16)
    # First band of the rest -> its work, and the first bands of its groups.
    plans: dict[int, tuple[int, tuple[int, ...]]] = {bands: (0, ())}
    found = []
    for count in range(1, min(most, len(cuts)) + 1):
        plans = {
            start: min(
                (part(start, stop)[2].size + work, (start, *starts))
                for stop, (work, starts) in plans.items()
                if stop > start
            )
            for start in cuts
            if start < max(plans)
        }
        work, starts = plans[0]
        found.append((work + count * EACH, starts))
    _, starts = min(found)
    return [part(*ends) for ends in zip(starts, (*starts[1:], bands), strict=True)]
