"""The logistic regression is at the optimum of its loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.transfer import descent
from kerasaudio.transfer.descent import NotConvergedError
from kerasaudio.transfer.logistic import Problem, fit_logistic, softmax


def _problem(rows, width, classes, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.concatenate(
        [np.arange(classes), rng.integers(0, classes, rows - classes)]
    )
    centers = rng.normal(0, 1, (classes, width))
    x = centers[labels] + rng.normal(0, 1, (rows, width))
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype("float32"), labels


def _fit(x, labels, classes, C):
    return fit_logistic([Problem(x, labels)], classes, C)[0]


def _gradient(x, labels, classes, C, fitted):
    """Of the mean cross-entropy plus |kernel|^2 / (2 C rows), in float64."""
    x, kernel = x.astype("float64"), fitted.kernel.astype("float64")
    error = softmax(x @ kernel + fitted.bias) - np.eye(classes)[labels]
    return x.T @ error / len(x) + kernel / (C * len(x)), error.mean(axis=0)


@settings(deadline=None, max_examples=12)
@given(
    sizes=st.sampled_from([(40, 7, 3), (12, 30, 2)]),  # each is compiled anew
    exponent=st.integers(-3, 1),
    seed=st.integers(0, 100),
)
def test_the_gradient_vanishes(sizes, exponent, seed):
    rows, width, classes = sizes
    x, labels = _problem(rows, width, classes, seed)
    C = 10.0**exponent
    fitted = _fit(x, labels, classes, C)
    by_kernel, by_bias = _gradient(x, labels, classes, C, fitted)
    assert np.abs(by_kernel).max() < 3e-4
    assert np.abs(by_bias).max() < 3e-4


def test_features_may_be_more_precise():
    x, labels = _problem(40, 7, 3)
    ours, theirs = _fit(np.float64(x), labels, 3, 1.0), _fit(x, labels, 3, 1.0)
    np.testing.assert_allclose(ours.kernel, theirs.kernel, rtol=0, atol=1e-5)


def test_weights_are_numbers_of_clips():
    x, labels = _problem(20, 5, 3)
    times = np.arange(20) % 3 + 1
    often, known = np.repeat(x, times, axis=0), np.repeat(labels, times)
    (want,) = fit_logistic([Problem(often, known)], 3, 0.1)
    (found,) = fit_logistic([Problem(x, labels, times)], 3, 0.1)
    np.testing.assert_allclose(found.kernel, want.kernel, atol=2e-3)
    # Three windows that are the same are one clip.
    thirds = Problem(np.repeat(x, 3, axis=0), np.repeat(labels, 3), np.full(60, 1 / 3))
    alone, divided = fit_logistic([Problem(x, labels), thirds], 3, 0.1)
    np.testing.assert_allclose(divided.kernel, alone.kernel, atol=2e-3)
    np.testing.assert_allclose(divided.bias, alone.bias, atol=2e-3)


def test_equals_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    for rows, width in ((200, 20), (60, 150)):
        x, labels = _problem(rows, width, 5)
        theirs = linear_model.LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000)
        theirs.fit(x, labels)
        ours = _fit(x, labels, 5, C=0.1)
        want = theirs.coef_.T
        assert np.abs(ours.kernel - want).max() < 2e-3 * np.abs(want).max()


def test_problems_of_different_sizes_do_not_meet():
    problems = [Problem(*_problem(rows, 12, 3, rows)) for rows in (30, 9, 50)]
    together = fit_logistic(problems, 3, C=1.0)
    for problem, fitted in zip(problems, together, strict=True):
        alone = _fit(problem.features, problem.targets, 3, C=1.0)
        np.testing.assert_allclose(fitted.kernel, alone.kernel, atol=1e-3)
        np.testing.assert_allclose(fitted.bias, alone.bias, atol=1e-3)


def test_nothing_is_random():
    x, labels = _problem(100, 30, 4)
    one, two = (_fit(x, labels, 4, 0.1) for _ in range(2))
    np.testing.assert_array_equal(one.kernel, two.kernel)


def test_a_stronger_penalty_gives_smaller_weights():
    x, labels = _problem(100, 30, 4)
    sizes = [np.abs(_fit(x, labels, 4, C).kernel).sum() for C in (1, 0.1, 0.01)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.5 * sizes[0]


def test_hardly_any_penalty_and_features_twice():
    x, labels = _problem(300, 5, 3)
    twice = np.concatenate([x, x], axis=1)
    fitted = _fit(twice, labels, 3, C=1e9)
    assert np.isfinite(fitted.kernel).all()
    alone = _fit(x, labels, 3, C=1e9)
    both = fitted.kernel[:5] + fitted.kernel[5:]
    assert np.abs(both - alone.kernel).max() < 2e-2 * np.abs(alone.kernel).max()


def test_it_says_when_it_has_not_converged(monkeypatch):
    monkeypatch.setattr(descent, "MAX_STEPS", 3)
    x, labels = _problem(20, 40, 2)
    with pytest.raises(NotConvergedError, match="a smaller C"):
        _fit(x, labels, 2, C=1.0)
