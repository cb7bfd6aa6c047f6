"""Convolutions in tiles along time and their maxima, on CPUs; see `along_time`."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from kerasaudio.core.programs.along_time import POINTS, Form, transformed
from kerasaudio.core.programs.winograd import matrices

# Of the products of a strip of tiles, which stay in the cache.
STRIP_BYTES = 800_000


class AlongTime:
    """A kernel that is transformed once.

    Args:
        kernel: (height, width, inputs, channels).
    """

    def __init__(self, kernel: Any) -> None:
        self._taps, self._width, features, self._channels = kernel.shape
        self._form = form = Form.of(self._taps)
        shape = (POINTS, self._width, form.parts, features, self._channels)
        made = transformed(kernel).reshape(shape).transpose(1, 2)  # as inputs lie
        self._kernel = made.reshape(POINTS, -1, self._channels).contiguous()
        back, _, forth = matrices(form.tile, form.taps)
        self._outputs = torch.from_numpy(back).float()
        self._inputs = torch.from_numpy(forth).float()

    def maxima(self, x: Any, pool: Sequence[int]) -> Any:
        """Return the maxima, (batch, height, width, channels).

        Args:
            x: (batch, height, width, inputs).
            pool: As for `along_time.maxima`.
        """
        batch, rows, width, features = x.shape
        form, high = self._form, rows - self._taps + 1
        tiles, line = -(-high // form.tile), width * features
        fill = (tiles - 1) * form.tile + form.rows - rows
        x = functional.pad(x, (0, 0, 0, 0, 0, max(fill, 0))).contiguous()
        lines = x.as_strided(
            (batch, tiles, form.parts, POINTS, line),
            (x.stride(0), form.tile * line, form.taps * line, line, 1),
        )
        wide = (width - self._width + 1) // pool[1]
        each = form.tile // pool[0]
        y = x.new_empty(batch, tiles, each, wide, self._channels)
        strip = STRIP_BYTES // (4 * POINTS * wide * pool[1] * self._channels)
        for row in range(batch):
            for start in range(0, tiles, max(1, strip)):
                part = slice(start, start + max(1, strip))
                self._strip(lines[row, part], y[row, part], features, pool)
        return y.flatten(1, 2)[:, : high // pool[0]]

    def _strip(self, x: Any, y: Any, features: int, pool: Sequence[int]) -> None:
        """Write the maxima of (tiles, parts, 8, line) to (tiles, rows, ...)."""
        tiles, parts, _, line = x.shape
        x = torch.matmul(self._inputs, x)
        _, each, wide, channels = y.shape
        shape = (POINTS, tiles, wide * pool[1], parts, self._width * features)
        strides = (line, parts * POINTS * line, features, POINTS * line, 1)
        windows = x.as_strided(shape, strides)
        windows = windows.reshape(POINTS, -1, self._kernel.shape[1])
        made = torch.bmm(windows, self._kernel)
        made = torch.matmul(self._outputs, made.view(POINTS, -1))
        if pool[1] > 1:
            made = made.view(-1, tiles * wide, pool[1], channels).amax(2)
        # Two tensors at a time: `amax` along an axis far from the last one is slow.
        rows = made.view(each, pool[0], tiles, wide, channels).unbind(1)
        highest = rows[0] if len(rows) == 1 else torch.maximum(rows[0], rows[1])
        for row in rows[2:]:
            torch.maximum(highest, row, out=highest)
        y.copy_(highest.transpose(0, 1))
