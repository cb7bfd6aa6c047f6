"""Logistic regression over many classes, solved to its one optimum.

The loss is convex, so that seed, order and batches have no say: accelerated gradient
descent on all rows at once (Nesterov, with restarts: O'Donoghue & Candès 2015,
arXiv:1204.3982), in coordinates in which the curvature is at most 1 (the bound of
Böhning 1992 on softmax). It takes some hundred steps of two matrix products.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

MAX_STEPS = 5_000
TOLERANCE = 2e-5  # of the gradient, where the loss is of the order of 1
_CHECK_EVERY = 10
_LEAST_CURVATURE = 1e-6  # of the sum: float32 resolves no less
_BIAS_SCALE = 2**0.5  # for a curvature of 1


class Linear(NamedTuple):
    """Scores are `features @ kernel + bias`.

    Attributes:
        kernel: float32 (features, classes).
        bias: float32 (classes,).
    """

    kernel: np.ndarray
    bias: np.ndarray

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Give probabilities, (rows, classes)."""
        return softmax(features @ self.kernel + self.bias)


class NotConvergedError(ValueError):
    """The optimum was not reached."""


def fit_logistic(
    features: np.ndarray, labels: np.ndarray, classes: int, C: float
) -> Linear:
    """Fit softmax regression with an L2 penalty on the kernel.

    Minimises the mean cross-entropy plus `|kernel|**2 / (2 * C * rows)`, which is what
    scikit-learn's `LogisticRegression(C=C)` minimises.

    Args:
        features: Standardised, (rows, n).
        labels: Class numbers, (rows,).
        classes: Number of classes.
        C: Inverse strength of the penalty, positive.

    Raises:
        NotConvergedError: Not within 5,000 steps, which takes a very weak penalty.
    """
    x = np.asarray(features, "float64")
    mean = x.mean(axis=0)
    target = _tensor(np.eye(classes)[labels])
    kernel, bias = _solve(_tensor(x - mean), target, penalty=1 / (C * len(x)))
    return Linear(kernel, (bias - mean @ kernel).astype("float32"))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Give probabilities for (rows, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _solve(x: Any, target: Any, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Give kernel and bias for centred features."""
    rows, width = x.shape
    if width > rows:
        # The optimum lies in the span of the rows, which has fewer dimensions.
        basis, triangle = ops.qr(ops.transpose(x))
        kernel, bias = _solve(ops.transpose(triangle), target, penalty)
        return _array(ops.matmul(basis, _tensor(kernel))), bias
    curvature = ops.matmul(ops.transpose(x), x) / (2 * rows)
    identity = ops.eye(width, dtype="float32")
    least = _LEAST_CURVATURE * float(ops.trace(curvature))
    root = ops.cholesky(curvature + max(penalty, least) * identity)
    inverse = ops.solve_triangular(root, identity, lower=True)
    to_kernel = ops.transpose(inverse)
    shrink = ops.pad(penalty * ops.matmul(inverse, to_kernel), ((0, 1), (0, 1)))
    constant = ops.full((rows, 1), _BIAS_SCALE, dtype="float32")
    design = ops.concatenate([ops.matmul(x, to_kernel), constant], axis=1)
    solution = _minimise(design, target, shrink)
    kernel = ops.matmul(to_kernel, solution[:-1])
    return _array(kernel), _BIAS_SCALE * _array(solution)[-1]


def _minimise(x: Any, target: Any, shrink: Any) -> Any:
    """Give the weights of least loss; the last row, the bias, is free."""
    transposed = ops.transpose(x) / x.shape[0]
    point = ahead = ops.zeros((x.shape[1], target.shape[1]), "float32")
    momentum = 1.0
    for step in range(MAX_STEPS):
        error = ops.softmax(ops.matmul(x, ahead), axis=-1) - target
        gradient = ops.matmul(transposed, error) + ops.matmul(shrink, ahead)
        following = ahead - gradient
        if step % _CHECK_EVERY == 0:  # to look at a number waits for the device
            largest = float(ops.max(ops.abs(gradient)))
            if largest < TOLERANCE:
                return following
            if float(ops.sum(gradient * (following - point))) > 0:
                momentum = 1.0  # it overshot: gather speed anew
        faster = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = following + (momentum - 1) / faster * (following - point)
        point, momentum = following, faster
    raise NotConvergedError(
        "The logistic regression did not converge. A smaller C "
        "(a stronger penalty) helps; or are the features not standardised?"
    )


def _tensor(values: np.ndarray) -> Any:
    return ops.convert_to_tensor(values.astype("float32"))


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), "float32")
