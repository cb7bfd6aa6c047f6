"""Accelerated gradient descent for softmax regression, many problems at once.

Nesterov's method with restarts (O'Donoghue & Candès 2015, arXiv:1204.3982). The whole
loop is one compiled call of a Keras model whose batch axis counts the problems.
"""

from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.core.programs.compiled import avoid_xla_on_cpu

MAX_STEPS = 5_000
TOLERANCE = 1e-5  # of the gradient, where the loss is of the order of 1


class NotConvergedError(ValueError):
    """The optimum was not reached."""


def minimize(
    design: np.ndarray, targets: np.ndarray, shrink: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Return the weights of least loss for problems of a curvature of at most 1.

    Smaller problems are filled up with zeros, which change nothing.

    Args:
        design: (problems, rows, n).
        targets: 1 for the class of a row, otherwise 0, (problems, rows, classes).
        shrink: Quadratic penalty, (problems, n, n).
        rows: Number of rows that each problem really has, (problems,).

    Returns:
        float32 (problems, n, classes).

    Raises:
        NotConvergedError: Not within 5,000 steps, which takes a very weak penalty.
    """
    transposed = design.transpose(0, 2, 1) / rows[:, None, None]
    arrays = [np.asarray(a, "float32") for a in (design, transposed, targets, shrink)]
    weights, gradient = _solver(MAX_STEPS).predict_on_batch(arrays)
    if not np.all(gradient < TOLERANCE):
        raise NotConvergedError(
            "The logistic regression did not converge. A smaller C "
            "(a stronger penalty) helps; or are the features not standardized?"
        )
    return np.asarray(weights)


@cache
def _solver(most_steps: int) -> keras.Model:
    inputs = [keras.Input((None, None)) for _ in range(4)]
    return avoid_xla_on_cpu(keras.Model(inputs, _Descent(most_steps)(inputs)))


class _Descent(keras.layers.Layer):
    """Runs until every problem's gradient is small."""

    def __init__(self, most_steps: int) -> None:
        super().__init__(dtype="float32", name="descent")
        self.most_steps = most_steps

    def compute_output_spec(self, inputs: Any) -> Any:
        count, _, width = inputs[0].shape
        weights = (count, width, inputs[2].shape[-1])
        return keras.KerasTensor(weights), keras.KerasTensor((count,))

    def call(self, inputs: Any) -> Any:
        design, transposed, targets, shrink = inputs
        start = ops.matmul(transposed, ops.zeros_like(targets))
        momentum = ops.ones_like(start[:, :1, :1])
        unknown = ops.full_like(start[:, 0, 0], np.inf)

        def goes_on(step: Any, point: Any, ahead: Any, momentum: Any, left: Any) -> Any:
            return ops.logical_and(step < self.most_steps, ops.any(left >= TOLERANCE))

        def advance(step: Any, point: Any, ahead: Any, momentum: Any, left: Any) -> Any:
            error = ops.softmax(ops.matmul(design, ahead), axis=-1) - targets
            gradient = ops.matmul(transposed, error) + ops.matmul(shrink, ahead)
            following = ahead - gradient
            moved = following - point
            uphill = ops.sum(gradient * moved, axis=(1, 2), keepdims=True) > 0
            # Where it overshot, it gathers speed anew.
            speed = ops.where(uphill, ops.ones_like(momentum), momentum)
            faster = (1 + ops.sqrt(1 + 4 * speed * speed)) / 2
            beyond = following + (speed - 1) / faster * moved
            left = ops.max(ops.abs(gradient), axis=(1, 2))
            return step + 1, following, beyond, faster, left

        state = (ops.convert_to_tensor(0), start, start, momentum, unknown)
        _, point, _, _, left = ops.while_loop(goes_on, advance, state)
        return point, left
