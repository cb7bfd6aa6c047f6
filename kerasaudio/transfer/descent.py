"""Accelerated gradient descent for softmax regression on many problems at once.

Nesterov's method with restarts (O'Donoghue & Candès 2015, arXiv:1204.3982). The whole
loop is one compiled call of a Keras model with one problem per batch entry.
"""

from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.core.programs.compiled import avoid_xla_on_cpu
from kerasaudio.core.programs.tracing import QuietModel

MAX_STEPS = 5_000
TOLERANCE = 1e-5  # of the gradient, for a loss of the order of 1


class NotConvergedError(ValueError):
    """The optimum was not reached."""


def minimize(
    design: np.ndarray, targets: np.ndarray, shrink: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Return the weights with the least loss, for problems with a curvature up to 1.

    Smaller problems are padded with zeros, which do not change the result.

    Args:
        design: Features, (problems, rows, n).
        targets: 1 for the class of a row, otherwise 0, (problems, rows, classes).
        shrink: Quadratic penalty, (problems, n, n).
        shares: Weight of each row in the loss; those of a problem sum to 1, (problems,
            rows).

    Returns:
        Weights, float32 (problems, n, classes).

    Raises:
        NotConvergedError: It did not converge within 5,000 steps, which happens only
            with a very weak penalty.
    """
    transposed = design.transpose(0, 2, 1) * shares[:, None, :]
    arrays = [np.asarray(a, "float32") for a in (design, transposed, targets, shrink)]
    weights, gradient = _solver(MAX_STEPS).predict_on_batch(arrays)
    if not np.all(gradient < TOLERANCE):
        raise NotConvergedError(
            "The logistic regression did not converge. Pass a smaller C (a stronger "
            "penalty), and check that the features are standardized."
        )
    return np.asarray(weights)


@cache
def _solver(most_steps: int) -> keras.Model:
    inputs = [keras.Input((None, None)) for _ in range(4)]
    return avoid_xla_on_cpu(QuietModel(inputs, _Descent(most_steps)(inputs)))


class _Descent(keras.layers.Layer):
    """Run until the gradient of every problem is small."""

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
            # After overshooting, the momentum restarts.
            speed = ops.where(uphill, ops.ones_like(momentum), momentum)
            faster = (1 + ops.sqrt(1 + 4 * speed * speed)) / 2
            beyond = following + (speed - 1) / faster * moved
            left = ops.max(ops.abs(gradient), axis=(1, 2))
            return step + 1, following, beyond, faster, left

        state = (ops.convert_to_tensor(0), start, start, momentum, unknown)
        _, point, _, _, left = ops.while_loop(goes_on, advance, state)
        return point, left
