"""Convolutions with tall kernels and their maxima, on CPUs; see `programs.tall`."""

from typing import Any

import torch
from torch.nn import functional

from kerasaudio.core.programs.tall import (
    INPUTS,
    TAPS,
    TILE,
    padded_rows,
    parts,
    transformed,
)
from kerasaudio.core.programs.winograd import matrices

# Of the products of a strip of tiles, which stay in the cache.
STRIP_BYTES = 1_200_000


class Tall:
    """A kernel that is transformed once.

    Args:
        kernel: (height, width, inputs, channels).
    """

    def __init__(self, kernel: Any) -> None:
        self._taps, self._width, features, self._channels = kernel.shape
        self._parts = parts(self._taps)
        made = transformed(kernel).reshape(
            INPUTS, self._width, self._parts, features, self._channels
        )
        made = made.transpose(1, 2)  # as inputs lie in memory
        self._kernel = made.reshape(INPUTS, -1, self._channels).contiguous()
        back, _, inputs = (
            torch.from_numpy(one).float() for one in matrices(TILE, TAPS)
        )
        self._outputs, self._inputs = back, inputs

    def maxima(self, x: Any, pool: int) -> Any:
        """Return the maxima, (batch, height, width // pool, channels).

        Args:
            x: (batch, height, width, inputs).
            pool: Columns of a maximum.
        """
        batch, rows, width, features = x.shape
        high, columns = rows - self._taps + 1, width - self._width + 1
        tiles, wide = -(-high // TILE), columns // pool
        fill = padded_rows(high, self._taps) - rows
        x = functional.pad(x, (0, 0, 0, 0, 0, fill)).contiguous()
        line = width * features
        lines = x.as_strided(
            (batch, tiles, self._parts, INPUTS, line),
            (x.stride(0), TILE * line, TAPS * line, line, 1),
        )
        x = torch.matmul(self._inputs, lines).view(-1, self._parts, INPUTS, line)
        y = x.new_empty(TILE, batch * tiles, wide, self._channels)
        # Only the columns that a maximum needs.
        size = 4 * INPUTS * wide * pool * self._channels
        strip = max(1, STRIP_BYTES // size)
        for start in range(0, batch * tiles, strip):
            part = x[start : start + strip]
            windows = part.as_strided(
                (INPUTS, len(part), wide * pool, self._parts, self._width * features),
                (line, part.stride(0), features, INPUTS * line, 1),
                part.storage_offset(),
            )
            made = torch.bmm(
                windows.reshape(INPUTS, -1, self._kernel.shape[1]), self._kernel
            )
            made = torch.matmul(self._outputs, made.view(INPUTS, -1))
            made = made.view(TILE, len(part), wide, pool, self._channels)
            torch.amax(made, 3, out=y[:, start : start + strip])
        y = y.view(TILE, batch, tiles, wide, -1).permute(1, 2, 0, 3, 4)
        return y.reshape(batch, TILE * tiles, wide, -1)[:, :high]
