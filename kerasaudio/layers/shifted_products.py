"""Depthwise convolution as a sum of shifted products, for XLA on CPUs.

The gradient that jax derives from it computes what comes before the layer once more for
each tap of the kernel, and sums over all positions once a tap. In training steps, this
one keeps the input, and sums the taps row by row, while a row is in the cache.
"""

from collections.abc import Sequence
from typing import Any

import keras


def shifted_products(padded: Any, kernel: Any, strides: Sequence[int]) -> Any:
    """Convolve each channel with its own filter, without padding.

    The products are added in float32 or better, as convolutions of half precision do.

    Args:
        padded: Input (batch, frames, bins, channels).
        kernel: Filters (tall, wide, channels).
        strides: Step over frames and bins.

    Returns:
        (batch, steps, steps, channels).
    """
    (tall, wide, _), (down, right) = kernel.shape, strides
    below = padded.shape[1] - tall + 1
    beside = padded.shape[2] - wide + 1
    ops = keras.ops
    precise = keras.backend.result_type(padded.dtype, "float32")
    taps = ops.cast(kernel, precise)
    products = [
        ops.cast(padded[:, i : i + below : down, j : j + beside : right], precise)
        * taps[i, j]
        for i in range(tall)
        for j in range(wide)
    ]
    return ops.cast(sum(products[1:], products[0]), padded.dtype)


def trainable_products(padded: Any, kernel: Any, strides: Sequence[int]) -> Any:
    """Do as `shifted_products`, on jax, with a gradient that is fast on CPUs.

    It has no derivative in forward mode (`jax.jvp`).
    """
    import jax

    @jax.custom_vjp
    def convolve(padded: Any, kernel: Any) -> Any:
        return shifted_products(padded, kernel, strides)

    def forward(padded: Any, kernel: Any) -> tuple[Any, Any]:
        padded = jax.lax.optimization_barrier(padded)  # computed once
        return convolve(padded, kernel), (padded, kernel)

    def backward(kept: Any, slopes: Any) -> tuple[Any, Any]:
        padded, kernel = kept
        slopes = jax.lax.optimization_barrier(slopes)
        return (
            _of_input(padded, kernel, slopes, strides),
            _of_kernel(padded, kernel, slopes, strides),
        )

    convolve.defvjp(forward, backward)
    return convolve(padded, kernel)


def _of_input(padded: Any, kernel: Any, slopes: Any, strides: Sequence[int]) -> Any:
    """Return the gradient of the input, from those of the outputs.

    Every `strides`-th place of the input meets the same taps: places are computed in
    such groups, and then put in order.
    """
    import jax

    ops, (tall, wide, _), (down, right) = keras.ops, kernel.shape, strides
    if tall < down or wide < right:  # some places meet no taps
        _, back = jax.vjp(lambda x: shifted_products(x, kernel, strides), padded)
        return back(slopes)[0]
    before, beside = (tall - 1) // down, (wide - 1) // right
    edges = [(0, 0), (before, before), (beside, beside), (0, 0)]
    around = jax.lax.optimization_barrier(ops.pad(slopes, edges))
    batch, rows, bins, channels = slopes.shape
    rows, bins = rows + before, bins + beside
    groups = []
    for i in range(down):
        for j in range(right):
            taps = kernel[i::down, j::right][::-1, ::-1]
            top, left = before + 1 - taps.shape[0], beside + 1 - taps.shape[1]
            group = shifted_products(around[:, top:, left:], taps, (1, 1))
            groups.append(group[:, :rows, :bins])
    if len(groups) == 1:
        whole = groups[0]
    else:
        grid = ops.reshape(
            ops.stack(groups, axis=3), (batch, rows, bins, down, right, channels)
        )
        grid = ops.transpose(grid, (0, 1, 3, 2, 4, 5))
        whole = ops.reshape(grid, (batch, rows * down, bins * right, channels))
    height, width = padded.shape[1:3]
    more = [(0, 0), (0, max(height - whole.shape[1], 0))]
    more += [(0, max(width - whole.shape[2], 0)), (0, 0)]
    return ops.pad(whole, more)[:, :height, :width]


def _of_kernel(padded: Any, kernel: Any, slopes: Any, strides: Sequence[int]) -> Any:
    """Return the gradient of the filters, summed row by row."""
    import jax

    lax, ops = jax.lax, keras.ops
    (tall, wide, channels), (down, right) = kernel.shape, strides
    batch, rows, bins, _ = slopes.shape
    span = (bins - 1) * right + 1

    precise = keras.backend.result_type(kernel.dtype, "float32")  # as sums in XLA

    def add(row: Any, sums: tuple[Any, ...]) -> tuple[Any, ...]:
        slope = lax.dynamic_index_in_dim(slopes, row, 1, keepdims=False)
        slope = ops.cast(slope, precise)
        band = lax.dynamic_slice_in_dim(padded, row * down, tall, 1)
        taps = [
            band[:, i, j : j + span : right] for i in range(tall) for j in range(wide)
        ]
        return tuple(s + tap * slope for s, tap in zip(sums, taps, strict=True))

    none = (ops.zeros((batch, bins, channels), precise),) * (tall * wide)
    sums = lax.fori_loop(0, rows, add, none)
    totals = ops.stack([ops.sum(s, axis=(0, 1)) for s in sums])
    return ops.cast(ops.reshape(totals, kernel.shape), kernel.dtype)
