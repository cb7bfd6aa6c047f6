"""Mel filterbanks of the originals that have triangles straight in mel."""

import math

import torch


def triangles(
    bands: int, n_fft: int, sample_rate: int, ends: tuple[float, float]
) -> torch.Tensor:
    """Give Kaldi's and HTK's triangles (bands, n_fft // 2 + 1), float64.

    Args:
        bands: How many.
        n_fft: Size of the Fourier transform.
        sample_rate: In Hz.
        ends: Where the first triangle begins and where the last ends, in Hz.
    """
    hertz = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * sample_rate / n_fft
    bins = 1127 * (1 + hertz / 700).log()
    low, high = (1127 * math.log(1 + end / 700) for end in ends)
    edges = torch.linspace(low, high, bands + 2, dtype=torch.float64)
    left, center, right = (edges[i : bands + i, None] for i in range(3))
    rising, falling = (bins - left) / (center - left), (right - bins) / (right - center)
    return torch.minimum(rising, falling).clamp(min=0)
