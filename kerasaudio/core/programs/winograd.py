"""Winograd's convolutions: 3 x 3 kernels with a quarter of the multiplications.

Four by four outputs of a convolution need 144 multiplications for each pair of
channels, but only 36 if the 6 x 6 inputs, the kernel and the outputs are transformed:

    outputs = A' [ (G kernel G') * (B' inputs B) ] A

For all pairs of channels, the product in the middle is 36 matrix products.

Source: Lavin & Gray 2016, arXiv:1509.09308. The points at which polynomials are
evaluated, 0, 1, -1, 1/2, -2 and infinity, are those of Barabasz et al. 2020,
arXiv:1803.10986: the rounding error is 2 to 3 times that of a plain convolution in
float32, a third of that with Lavin's points (2 in place of 1/2). More points, for
`along_time`, are in pairs that nearly are -1 / point, too.
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy as np

TILE = 4  # outputs along an axis
INPUTS = TILE + 2
PRODUCTS = INPUTS * INPUTS
_POINTS = tuple(map(Fraction, ("0", "1", "-1", "1/2", "-2", "3/2", "-2/3")))
# Below these sizes the transforms take as long as the products that they spare.
_FEWEST_CHANNELS = 64  # of the input and of the output
_FEWEST_PAIRS = 96 * 64  # of channels
_FEWEST_TILES = 16  # rows of each matrix product
_MOST_PAIRS = 512 * 512  # the transformed kernel has 38 MB, four times its own size
_MOST_WASTE = 1.4  # outputs computed for each that is needed


def pays(kernel: Sequence[int], image: Sequence[int]) -> bool:
    """Return whether a convolution is faster in tiles than as it is.

    Args:
        kernel: Shape of the kernel, (height, width, inputs, channels).
        image: Height and width of the output.
    """
    height, width, *channels = kernel
    pairs = channels[0] * channels[1]
    tiles = -(-image[0] // TILE) * -(-image[1] // TILE)
    return (
        (height, width) == (3, 3)
        and min(channels) >= _FEWEST_CHANNELS
        and _FEWEST_PAIRS <= pairs <= _MOST_PAIRS
        and tiles >= _FEWEST_TILES
        and tiles * TILE * TILE <= _MOST_WASTE * image[0] * image[1]
    )


def transformed(kernel: np.ndarray) -> np.ndarray:
    """Return G kernel G', (36, inputs, channels), for (3, 3, inputs, channels)."""
    _, both, _ = matrices()
    flat = kernel.astype("float64").reshape(9, -1)
    made = (np.kron(both, both) @ flat).astype("float32")
    return made.reshape(PRODUCTS, *kernel.shape[2:])


@cache
def matrices(
    tile: int = TILE, taps: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A' (4, 6), G (6, 3) and B' (6, 6), in float64.

    For other tiles and kernels, A' (tile, n), G (n, taps) and B' (n, n) for the
    n = tile + taps - 1 inputs of a tile. Column i of A' has the powers of point i. Row
    i of G has them too, divided by the product of its differences to all other points.
    Row i of B' has the coefficients of the polynomial whose roots are all other points.
    The last are those of infinity.
    """
    points = _POINTS[: tile + taps - 2]
    size = len(points) + 1
    outputs = np.zeros((tile, size))
    kernel = np.zeros((size, taps))
    inputs = np.zeros((size, size))
    for row, point in enumerate(points):
        others = [other for other in points if other != point]
        norm = math.prod((point - other for other in others), start=Fraction(1))
        outputs[:, row] = [point**power for power in range(tile)]
        kernel[row] = [point**power / norm for power in range(taps)]
        inputs[row, : len(points)] = _coefficients(others)
    outputs[-1, -1] = kernel[-1, -1] = 1
    inputs[-1] = _coefficients(points)
    return outputs, kernel, inputs


def _coefficients(roots: Sequence[Fraction]) -> list[Fraction]:
    """Return those of a polynomial with these roots, the constant first."""
    found = [Fraction(1)]
    for root in roots:
        raised, lowered = (
            [Fraction(0), *found],
            [*(-root * c for c in found), Fraction(0)],
        )
        found = [a + b for a, b in zip(raised, lowered, strict=True)]
    return found
