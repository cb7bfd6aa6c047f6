"""Batch normalization over all real rows of a batch, wherever they are.

Keras' layer takes the moments of the rows that one device sees, with those that fill
the batch. While a `Learner` is trained, its layers sum over all devices instead, and
leave the filling out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops

# Marks (rows,) of the step that runs: above 0 for real rows; see `FilledBatches`.
_marks: ContextVar[Any] = ContextVar("kerasaudio_marks", default=None)
Sum = Callable[[Any], Any]
_METHOD = "_moments"


@contextmanager
def marked(marks: Any) -> Iterator[None]:
    """Tell the layers which rows of the step are real."""
    before = _marks.set(marks)
    try:
        yield
    finally:
        _marks.reset(before)


def marks_now() -> Any:
    """Return the marks of the step that runs, or None."""
    return _marks.get()


@contextmanager
def over_all_rows(model: keras.Model, all_sum: Sum) -> Iterator[None]:
    """Let the batch normalization of a model see all real rows, as long as this lasts.

    Args:
        model: Model whose layers are built.
        all_sum: Function that sums a tensor over all devices, with a gradient.
    """
    found = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in found:  # past the tracking of Keras and torch
        layer.__dict__[_METHOD] = _Moments(layer, all_sum)
    try:
        yield
    finally:
        for layer in found:
            del layer.__dict__[_METHOD]


class _Moments:
    """Callable with the place of `BatchNormalization._moments`."""

    def __init__(self, layer: Any, all_sum: Sum) -> None:
        self._layer, self._sum = layer, all_sum

    @property
    def in_force(self) -> bool:
        """Whether the moments are not Keras' own now; see `core.torch_operations`."""
        return _marks.get() is not None

    def __call__(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        """Return mean and variance, (channels,)."""
        layer, marks = self._layer, _marks.get()
        if marks is None:
            return type(layer)._moments(layer, inputs, mask)
        axes, axis = layer._reduction_axes, layer.axis
        weights = _weights(inputs, marks, mask)
        channel = ops.ones_like(ops.take(inputs, [0], axis=axis))
        count = self._sum(ops.sum(channel * weights))
        places = ops.maximum(count, 1)
        shape = [1] * len(inputs.shape)
        shape[axis] = -1
        mean = self._sum(ops.sum(inputs * weights, axes)) / places
        apart = ops.square(inputs - ops.reshape(mean, shape)) * weights
        variance = self._sum(ops.sum(apart, axes)) / places
        # A part without a real row leaves the moving statistics as they are.
        empty = ops.equal(count, 0)
        kept_mean = ops.cast(layer.moving_mean, mean.dtype)
        kept_variance = ops.cast(layer.moving_variance, mean.dtype)
        return (
            ops.where(empty, kept_mean, mean),
            ops.where(empty, kept_variance, variance),
        )


def _weights(inputs: Any, marks: Any, mask: Any) -> Any:
    """Return 1 where the input is of a real row, else 0; it can be broadcast."""
    real = ops.cast(ops.greater(marks, 0), inputs.dtype)
    # Networks can put several pieces of a clip into rows of their own, in order.
    pieces = ops.shape(inputs)[0] // ops.shape(marks)[0]
    real = ops.reshape(ops.tile(real[:, None], (1, pieces)), (-1,))
    shape = [-1] + [1] * (len(inputs.shape) - 1)
    real = ops.reshape(real, shape)
    if mask is None:
        return real
    return real * ops.cast(ops.expand_dims(mask, -1), inputs.dtype)
