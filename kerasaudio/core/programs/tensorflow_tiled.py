"""Convolutions in tiles on TensorFlow on CPUs; see `winograd` and `along_time`.

TensorFlow's own operations copy too much, so XLA compiles such a convolution, for one
row of a batch. That takes half a second, so only large images gain.
"""

import math
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.core.programs import along_time
from kerasaudio.core.programs.early_pooling import Maxima
from kerasaudio.core.programs.rowwise import is_rowwise
from kerasaudio.core.programs.tiled import convolve, find_layers
from kerasaudio.core.programs.winograd import PRODUCTS, matrices

PLACES = 4_000  # of the outputs of a batch, from which on it is done


def stand_ins(model: Any, inputs: Sequence[Any]) -> dict[int, Callable[..., Any]]:
    """Return what runs in place of convolutions, by the `id` of the layer.

    Args:
        model: A functional model.
        inputs: The tensors of its inputs, flat.
    """
    if not _compiles(model, inputs):
        return {}
    shape = inputs[0].shape
    places = PLACES // (shape[0] or 1)
    return {
        id(layer): partial(_by_row, layer)
        for layer in find_layers(model, shape[1], {"same", "valid"}, places)
        if layer.activation.__module__.startswith("keras.")
    }


def maxima(model: Any, inputs: Sequence[Any]) -> Maxima | None:
    """Return what computes maxima in tiles; see `early_pooling.stand_ins`.

    Args:
        model: A functional model.
        inputs: The tensors of its inputs, flat.
    """
    return _maxima_by_row if _compiles(model, inputs) else None


def _compiles(model: Any, inputs: Sequence[Any]) -> bool:
    """Return whether XLA compiles what runs in tiles, on a CPU."""
    shape = inputs[0].shape
    known = len(inputs) == 1 and len(shape) == 2 and shape[1] is not None
    on_cpu = all(name.startswith("cpu") for name in keras.distribution.list_devices())
    return known and on_cpu and sys.platform == "linux" and is_rowwise(model)


def _by_row(layer: Any, x: Any) -> Any:
    """Return (batch, height, width, channels), after the layer's activation."""
    import tensorflow as tf

    # `convolve` has the places in a tile column by column.
    turned = ops.reshape(ops.transpose(layer.kernel, (1, 0, 2, 3)), (9, -1))
    _, both, _ = matrices()
    kernel = ops.matmul(np.kron(both, both).astype("float32"), turned)
    kernel = ops.reshape(kernel, (PRODUCTS, *layer.kernel.shape[2:]))
    bias = layer.bias
    bias = (
        ops.zeros(layer.filters) if bias is None else ops.convert_to_tensor(bias.value)
    )
    one = _row_function(layer.padding, layer.activation)
    return tf.map_fn(lambda row: one(row[None], kernel, bias)[0], x)


@cache
def _row_function(padding: str, activation: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that XLA compiles once for each shape."""
    import tensorflow as tf

    def run(row: Any, kernel: Any, bias: Any) -> Any:
        return activation(convolve(row, kernel, padding) + bias)

    compiled: Callable[..., Any] = tf.function(run, jit_compile=True, autograph=False)
    return compiled


def _maxima_by_row(x: Any, kernel: Any, pool: Sequence[int]) -> Any:
    import tensorflow as tf

    rows, *image = x.shape[:3]
    sizes = [a - b + 1 for a, b in zip(image, kernel.shape[:2], strict=True)]
    if math.prod(sizes) * (rows or 1) < PLACES:
        return ops.max_pool(ops.conv(x, kernel), tuple(pool), tuple(pool))
    one = _maxima_function(tuple(pool))
    return tf.map_fn(lambda row: one(row[None], kernel)[0], x)


@cache
def _maxima_function(pool: tuple[int, ...]) -> Callable[..., Any]:
    import tensorflow as tf

    compiled: Callable[..., Any] = tf.function(
        partial(along_time.maxima, pool=pool), jit_compile=True, autograph=False
    )
    return compiled
