"""Convolutions with tall kernels, in Winograd's form along the first axis only.

Five outputs of four taps need 8 products in place of 20; a kernel of seven rows is two
of four, whose products are summed before the outputs are made of them:

    outputs = A' [ sum over parts of (G kernel_part) * (B' inputs_part) ]

The products are convolutions along the second axis. MusiCNN has such kernels, 7 frames
by 38 and 67 bands, and takes the largest band afterwards; the maxima are taken here, of
outputs that are in the cache.

Source: see `winograd`. With these points the rounding error is 6 times that of a plain
convolution, 1.6e-6 of the maximum.
"""

from collections.abc import Sequence
from typing import Any

from keras import ops

from kerasaudio.core.programs.winograd import matrices

TILE = 5  # outputs along the first axis
TAPS = 4  # rows of a part of a kernel
INPUTS = TILE + TAPS - 1
# Below these sizes the transforms take as long as the products that they spare.
_LEAST_GAIN = 2.0  # of multiplications
_FEWEST_COLUMNS = 32  # of a kernel, times its inputs
_FEWEST_CHANNELS = 64
_FEWEST_OUTPUTS = 512


def parts(rows: int) -> int:
    """Return the number of parts of a kernel with so many rows."""
    return -(-rows // TAPS)


def pays(kernel: Sequence[int], image: Sequence[int]) -> bool:
    """Return whether a convolution is faster in tiles than as it is.

    Args:
        kernel: Shape of the kernel, (height, width, inputs, channels).
        image: Height and width of the output.
    """
    height, width, inputs, channels = kernel
    tiles = -(-image[0] // TILE)
    products = parts(height) * INPUTS * tiles
    return (
        TAPS < height <= 2 * TAPS
        and height * image[0] >= _LEAST_GAIN * products
        and width * inputs >= _FEWEST_COLUMNS
        and channels >= _FEWEST_CHANNELS
        and image[0] * image[1] >= _FEWEST_OUTPUTS
    )


def padded_rows(rows: int, taps: int) -> int:
    """Return how many inputs the tiles need for so many rows of outputs."""
    return -(-rows // TILE) * TILE + parts(taps) * TAPS - 1


def transformed(kernel: Any) -> Any:
    """Return G kernel, (8, width, parts * inputs, channels), in float32.

    Args:
        kernel: (height, width, inputs, channels).
    """
    height, width, inputs, channels = kernel.shape
    count = parts(height)
    _, both, _ = matrices(TILE, TAPS)
    fill = [(0, count * TAPS - height), (0, 0), (0, 0), (0, 0)]
    kernel = ops.reshape(ops.pad(kernel, fill), (count, TAPS, -1))
    made = ops.matmul(both.astype("float32"), kernel)
    made = ops.reshape(made, (count, INPUTS, width, inputs, channels))
    made = ops.transpose(made, (1, 2, 0, 3, 4))
    return ops.reshape(made, (INPUTS, width, count * inputs, channels))


def maxima(x: Any, kernel: Any, pool: int) -> Any:
    """Return the maxima of a convolution, (batch, height, width // pool, channels).

    Args:
        x: (batch, height, width, inputs).
        kernel: (height, width, inputs, channels); outputs are those without padding.
        pool: Columns of a maximum.
    """
    taps, channels = kernel.shape[0], kernel.shape[-1]
    batch, rows, width, features = x.shape
    high = rows - taps + 1
    count, tiles = parts(taps), -(-high // TILE)
    back, _, forth = (one.astype("float32") for one in matrices(TILE, TAPS))
    # Rows from TILE * tile on, as many as the parts of all lines need.
    more = -(-padded_rows(high, taps) // TILE) - tiles
    fill = (tiles + more) * TILE - rows
    x = ops.pad(x, [(0, 0), (0, fill), (0, 0), (0, 0)])
    x = ops.reshape(x, (batch, tiles + more, TILE, width, features))
    x = ops.concatenate([x[:, i : i + tiles] for i in range(more + 1)], axis=2)
    found = [
        ops.einsum("ij,btjwf->ibtwf", forth, x[:, :, i : i + INPUTS])
        for i in range(0, count * TAPS, TAPS)
    ]
    x, kernel = ops.concatenate(found, axis=-1), transformed(kernel)

    def product(pair: Any) -> Any:
        return ops.conv(pair[0], pair[1][None], padding="valid")

    y = ops.map(product, (x, kernel))  # a loop, which is soon compiled
    wide = y.shape[3] // pool
    y = ops.matmul(back, ops.reshape(y[:, :, :, : wide * pool], (INPUTS, -1)))
    y = ops.max(ops.reshape(y, (TILE, batch, tiles, wide, pool, channels)), axis=4)
    y = ops.reshape(ops.transpose(y, (1, 2, 0, 3, 4)), (batch, -1, wide, channels))
    return y[:, :high]
