"""Convolutions in Winograd's form along time only, with the maxima behind them.

Time is the first axis of an image. Six outputs of a kernel of three rows need 8
products in place of 18. A kernel of seven rows is two of four, F(5, 4), whose products
are summed before the outputs are made of them:

    outputs = A' [ sum over parts of (G kernel_part) * (B' inputs_part) ]

The products are convolutions along the other axis. SampleCNN's kernels have three
samples; MusiCNN's 7 frames by 38 and 67 bands, of which it takes the largest band. The
maxima are taken here, of outputs that are in the cache.

Source: see `winograd`. With these points the rounding error is that of a plain
convolution times 6 to 20: 1.6e-6 (seven rows) and 2.5e-6 (three) of the maximum.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from keras import ops

from kerasaudio.core.programs.winograd import matrices

POINTS = 8  # inputs of a tile, and products
STRIP_BYTES = 8 << 20  # of the products that exist at once
# Below these sizes the transforms take as long as the products that they spare.
_LEAST_GAIN = 2.0  # of multiplications
_FEWEST_PAIRS = 64 * 96  # of inputs and channels, of kernels with three rows
_FEWEST_COLUMNS = 32  # of taller kernels, times their inputs
_FEWEST_CHANNELS = 64
_FEWEST_OUTPUTS = 512


class Form(NamedTuple):
    """How kernels of some height are divided.

    Attributes:
        tile: Rows of outputs of a tile.
        taps: Rows of a part of a kernel.
        parts: Number of parts.
    """

    tile: int
    taps: int
    parts: int

    @classmethod
    def of(cls, height: int) -> "Form":
        """Return the form for kernels with so many rows."""
        taps = 3 if height == 3 else 4
        return cls(POINTS + 1 - taps, taps, -(-height // taps))

    @property
    def rows(self) -> int:
        """Rows of inputs of a tile, for all parts."""
        return POINTS + (self.parts - 1) * self.taps


def pays(
    kernel: Sequence[int], image: Sequence[int], pool: Sequence[int] = (1, 1)
) -> bool:
    """Return whether a convolution and its maxima are faster in tiles than as they are.

    Args:
        kernel: Shape of the kernel, (height, width, inputs, channels).
        image: Height and width of the output.
        pool: Height and width of the windows of the maxima, side by side.
    """
    height, width, inputs, channels = kernel
    form = Form.of(height)
    products = form.parts * POINTS * -(-image[0] // form.tile)
    if height == 3:
        few = width > 1 or inputs * channels < _FEWEST_PAIRS or inputs < 64
    else:
        few = form.parts != 2 or width * inputs < _FEWEST_COLUMNS
    return (
        not few
        and form.tile % pool[0] == 0
        and pool[0] <= image[0]
        and pool[1] <= image[1]
        and height * image[0] >= _LEAST_GAIN * products
        and channels >= _FEWEST_CHANNELS
        and image[0] * image[1] >= _FEWEST_OUTPUTS
    )


def transformed(kernel: Any) -> Any:
    """Return G kernel, (8, width, parts * inputs, channels), in float32.

    Args:
        kernel: (height, width, inputs, channels).
    """
    height, width, inputs, channels = kernel.shape
    form = Form.of(height)
    _, both, _ = matrices(form.tile, form.taps)
    fill = [(0, form.parts * form.taps - height), (0, 0), (0, 0), (0, 0)]
    kernel = ops.reshape(ops.pad(kernel, fill), (form.parts, form.taps, -1))
    made = ops.matmul(both.astype("float32"), kernel)
    made = ops.reshape(made, (form.parts, POINTS, width, inputs, channels))
    made = ops.transpose(made, (1, 2, 0, 3, 4))
    return ops.reshape(made, (POINTS, width, form.parts * inputs, channels))


def maxima(x: Any, kernel: Any, pool: Sequence[int]) -> Any:
    """Return the maxima of a convolution, (batch, height, width, channels).

    Args:
        x: (batch, height, width, inputs).
        kernel: (height, width, inputs, channels); outputs are those without padding.
        pool: Height and width of the windows of the maxima, side by side. The height
            divides that of a tile.
    """
    form, (taps, wide, _, channels) = Form.of(kernel.shape[0]), kernel.shape
    batch, rows, width, features = x.shape
    high, columns = rows - taps + 1, (width - wide + 1) // pool[1] * pool[1]
    tiles, more = -(-high // form.tile), -(-form.rows // form.tile) - 1
    fill = (tiles + more) * form.tile - rows
    x = x[:, : rows + min(fill, 0), : columns + wide - 1]
    x = ops.pad(x, [(0, 0), (0, max(fill, 0)), (0, 0), (0, 0)])
    x = ops.reshape(x, (batch, tiles + more, form.tile, -1, features))
    x = ops.concatenate([x[:, i : i + tiles] for i in range(more + 1)], axis=2)
    x = ops.reshape(x[:, :, : form.rows], (batch * tiles, form.rows, -1, features))
    run = partial(_of_tiles, kernel=transformed(kernel), form=form, pool=pool)
    size = 4 * POINTS * batch * tiles * columns * channels
    strips = min(math.ceil(size / STRIP_BYTES), batch * tiles)
    if strips > 1:
        each = -(-batch * tiles // strips)
        x = ops.pad(x, [(0, strips * each - batch * tiles), (0, 0), (0, 0), (0, 0)])
        y = ops.map(run, ops.reshape(x, (strips, each, *x.shape[1:])))
        y = ops.reshape(y, (strips * each, *y.shape[2:]))[: batch * tiles]
    else:
        y = run(x)
    y = ops.reshape(y, (batch, -1, columns // pool[1], channels))
    return y[:, : high // pool[0]]


def _of_tiles(x: Any, kernel: Any, form: Form, pool: Sequence[int]) -> Any:
    """Return the maxima of tiles, (tiles, rows, columns, channels).

    Args:
        x: (tiles, rows, width, inputs).
        kernel: See `transformed`.
        form: That of the kernel.
        pool: See `maxima`.
    """
    back, _, forth = (m.astype("float32") for m in matrices(form.tile, form.taps))
    found = [
        ops.einsum("ij,tjwf->itwf", forth, x[:, i : i + POINTS])
        for i in range(0, form.parts * form.taps, form.taps)
    ]
    x = found[0] if form.parts == 1 else ops.concatenate(found, axis=-1)
    if kernel.shape[1] == x.shape[2] == 1:
        y = ops.matmul(x[:, :, 0], kernel[:, 0])[:, :, None]
    else:
        # A loop, which is soon compiled.
        y = ops.map(lambda pair: ops.conv(pair[0][None], pair[1][None])[0], (x, kernel))
    _, tiles, columns, channels = y.shape
    y = ops.matmul(back, ops.reshape(y, (POINTS, -1)))
    high, wide = form.tile // pool[0], columns // pool[1]
    y = ops.reshape(y, (high, pool[0], tiles, wide, pool[1], channels))
    return ops.transpose(ops.max(y, axis=(1, 4)), (1, 0, 2, 3))
