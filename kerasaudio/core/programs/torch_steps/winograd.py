"""Convolutions with 3 x 3 kernels in tiles, on CPUs; see `programs.winograd`."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from kerasaudio.core.programs.winograd import (
    INPUTS,
    PRODUCTS,
    TILE,
    matrices,
    transformed,
)

# Of the transformed inputs of a strip of tiles, which stay in the cache.
STRIP_BYTES = 3_000_000
# Padding, strides, dilation and groups of the products.
_HOW: Any = ([0, 0], [1, 1], [1, 1], PRODUCTS)


def outputs(image: Sequence[int], sides: Sequence[tuple[int, int]]) -> list[int]:
    """Return height and width of the outputs for an image that is padded."""
    return [size + sum(both) - 2 for size, both in zip(image, sides, strict=True)]


class Winograd:
    """A kernel that is transformed once.

    Args:
        kernel: (channels, inputs, 3, 3).
        bias: (channels,), or None.
        image: Height and width of the outputs that come first.
    """

    def __init__(self, kernel: Any, bias: Any, image: Sequence[int]) -> None:
        back, _, inputs = (torch.from_numpy(matrix) for matrix in matrices())
        self._channels, self._features = kernel.shape[:2]
        made = torch.from_numpy(transformed(kernel.permute(2, 3, 1, 0).numpy()))
        made = made.transpose(1, 2).reshape(-1, self._features, 1, 1)
        rows, columns = (-(-size // TILE) for size in image)
        shape = [1, PRODUCTS * self._features, self._height(rows, columns) * columns, 1]
        pack: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
        self._kernel = pack(made.to_mkldnn(), *_HOW, shape)
        self._bias = kernel.new_zeros(self._channels) if bias is None else bias
        self._inputs = inputs.float()
        self._outputs = torch.kron(back, back).float()

    def convolve(self, x: Any, sides: Sequence[tuple[int, int]]) -> Any:
        """Return (batch, height, width, channels); it may be a view.

        Args:
            x: (batch, height, width, inputs).
            sides: Padding before and after, for both axes.
        """
        high, wide = outputs(x.shape[1:3], sides)
        rows, columns = -(-high // TILE), -(-wide // TILE)
        top, left = sides[0][0], sides[1][0]
        bottom = rows * TILE + 2 - top - x.shape[1]
        right = columns * TILE + 2 - left - x.shape[2]
        x = functional.pad(x, (0, 0, left, right, top, bottom)).contiguous()
        shape = (len(x), rows * TILE, columns * TILE, self._channels)
        y = x.new_empty(shape)
        strip = self._height(rows, columns)
        for image, output in zip(x, y, strict=True):
            for start in range(0, rows, strip):
                # The last strip has the height of the others, and begins earlier.
                first = TILE * min(start, rows - strip)
                self._strip(
                    image[first : first + strip * TILE + 2],
                    output[first : first + strip * TILE],
                )
        return y[:, :high, :wide]

    def _height(self, rows: int, columns: int) -> int:
        """Return the rows of tiles in a strip; all strips have about the same."""
        most = max(1, STRIP_BYTES // (4 * PRODUCTS * self._features * columns))
        return -(-rows // -(-rows // most))

    def _strip(self, x: Any, y: Any) -> None:
        """Convolve (height, width, inputs) into (height, width, channels)."""
        _, width, features = x.shape
        rows, columns = y.shape[0] // TILE, y.shape[1] // TILE
        line = width * features
        lines = x.as_strided((rows, INPUTS, line), (TILE * line, line, 1))
        high = torch.matmul(self._inputs, lines)
        tiles = high.as_strided(
            (rows, columns, INPUTS, INPUTS, features),
            (INPUTS * line, TILE * features, line, features, 1),
        )
        # One product for each place in a tile, as a convolution in groups.
        made = torch.matmul(self._inputs, tiles).reshape(1, rows * columns, 1, -1)
        run = torch.ops.mkldnn._convolution_pointwise
        made = made.permute(0, 3, 1, 2)
        made = run(made, self._kernel, None, *_HOW, "none", [], "")
        made = made.permute(0, 2, 3, 1).reshape(-1, PRODUCTS, self._channels)
        made = torch.matmul(self._outputs, made)
        made = made.view(rows, columns, TILE, TILE, self._channels)
        torch.add(
            made, self._bias, out=y.view(rows, TILE, columns, TILE, -1).transpose(1, 2)
        )
