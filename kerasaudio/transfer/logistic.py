"""Logistic regression over many classes, solved to its only optimum.

The loss is convex, so seed, order and batches have no influence. It is minimized over
all rows at once, in coordinates where its curvature is at most 1 (by the bound of
Böhning 1992 on softmax), so that a few hundred steps are enough.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from kerasaudio.transfer.descent import minimize

_LEAST_CURVATURE = 1e-6  # of the sum; float32 does not resolve less
_BIAS_SCALE = 2**0.5  # for a curvature of 1


class Problem(NamedTuple):
    """Training data of a classifier.

    Attributes:
        features: Standardized features, (rows, n).
        targets: Class numbers, (rows,).
        weights: Number of clips that each row stands for, such as 1/3 for one of three
            windows, (rows,); None if every row is a clip.
    """

    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None


class Linear(NamedTuple):
    """A linear classifier with the scores `softmax(features @ kernel + bias)`.

    Attributes:
        kernel: Kernel, float32 (features, classes).
        bias: Bias, float32 (classes,).
    """

    kernel: np.ndarray
    bias: np.ndarray


def fit_logistic(problems: Sequence[Problem], classes: int, C: float) -> list[Linear]:
    """Fit softmax regressions with an L2 penalty on the kernel, all at once.

    Each minimizes the mean cross-entropy plus `|kernel|**2 / (2 * C * clips)`, like
    scikit-learn's `LogisticRegression(C=C)`; `clips` is the sum of the weights.

    Args:
        problems: Features of equal width, and class numbers.
        classes: Number of classes.
        C: Inverse strength of the penalty, positive.

    Raises:
        NotConvergedError: There were too many steps, which happens only with a very
            weak penalty.
    """
    prepared = [_prepare(problem, C) for problem in problems]
    targets = [np.eye(classes, dtype="float32")[p.targets] for p in problems]
    solutions = minimize(
        _stack([p.design for p in prepared]),
        _stack(targets),
        _stack([p.shrink for p in prepared]),
        _stack([p.shares[:, None] for p in prepared])[..., 0],
    )
    return [p.linear(s) for p, s in zip(prepared, solutions, strict=True)]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities for (rows, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class _Prepared(NamedTuple):
    """A problem in well-conditioned coordinates; the first coordinate is the bias.

    Attributes:
        design: Features in these coordinates, (rows, 1 + m).
        shrink: Penalty, (1 + m, 1 + m); 0 for the bias.
        to_kernel: Map from these coordinates to those of the features, (n, m).
        mean: Mean of the features, (n,).
        shares: Weight of each row in the loss, (rows,); their sum is 1.
    """

    design: np.ndarray
    shrink: np.ndarray
    to_kernel: np.ndarray
    mean: np.ndarray
    shares: np.ndarray

    def linear(self, solution: np.ndarray) -> Linear:
        kernel = self.to_kernel @ solution[1 : self.design.shape[1]]
        bias = _BIAS_SCALE * solution[0] - self.mean @ kernel
        return Linear(kernel, bias.astype("float32"))


def _prepare(problem: Problem, C: float) -> _Prepared:
    rows = len(problem.features)
    weights = np.ones(rows) if problem.weights is None else problem.weights
    clips = float(weights.sum())
    shares = (weights / clips).astype("float32")
    mean = np.average(problem.features, axis=0, weights=weights).astype("float32")
    x, basis = ops.convert_to_tensor(np.float32(problem.features - mean)), None
    if x.shape[1] > rows:
        # The optimum lies in the span of the rows, which has fewer dimensions.
        basis, triangle = ops.qr(ops.transpose(x))
        x = ops.transpose(triangle)
    penalty = 1 / (C * clips)
    curvature = (
        ops.matmul(ops.transpose(x), x * ops.convert_to_tensor(shares[:, None])) / 2
    )
    identity = ops.eye(x.shape[1], dtype="float32")
    least = _LEAST_CURVATURE * float(ops.trace(curvature))
    root = ops.cholesky(curvature + max(penalty, least) * identity)
    inverse = ops.solve_triangular(root, identity, lower=True)
    to_kernel = ops.transpose(inverse)
    design, shrink = ops.matmul(x, to_kernel), ops.matmul(inverse, to_kernel)
    if basis is not None:
        to_kernel = ops.matmul(basis, to_kernel)
    return _Prepared(
        np.pad(_array(design), ((0, 0), (1, 0)), constant_values=_BIAS_SCALE),
        np.pad(penalty * _array(shrink), ((1, 0), (1, 0))),
        _array(to_kernel),
        mean,
        shares,
    )


def _stack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack matrices of different sizes, padded with zeros."""
    most = np.max([array.shape for array in arrays], axis=0)
    stack = np.zeros((len(arrays), *most), "float32")
    for place, array in zip(stack, arrays, strict=True):
        place[: array.shape[0], : array.shape[1]] = array
    return stack


def _array(tensor: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor), "float32")
