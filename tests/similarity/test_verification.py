"""Verification figures against scikit-learn, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from kerasaudio.similarity import (
    equal_error_rate,
    nearest_neighbor_accuracy,
    pair_scores,
    roc_curve,
)

sklearn_metrics = pytest.importorskip("sklearn.metrics")
neighbors = pytest.importorskip("sklearn.neighbors")


def sklearn_roc(scores, same):
    return sklearn_metrics.roc_curve(same, scores, drop_intermediate=False)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 99), pairs=st.integers(2, 60), steps=st.integers(1, 40))
def test_roc_and_equal_error_rate_are_scikit_learns(seed, pairs, steps):
    rng = np.random.default_rng(seed)
    same = rng.permutation(np.arange(pairs) % 3 == 0)
    same[:2] = True, False
    scores = np.round(rng.normal(size=pairs) + same, 1) * steps  # with ties
    curve = roc_curve(scores, same)
    for got, wanted in zip(curve, sklearn_roc(scores, same), strict=True):
        np.testing.assert_allclose(got, wanted)
    fpr, tpr, _ = sklearn_roc(scores, same)
    # Along the curve, which may rise straight up: 1 - tpr - fpr falls to 0 once.
    steps = np.arange(len(fpr))
    place = brentq(lambda s: np.interp(s, steps, 1 - tpr - fpr), 0, steps[-1])
    wanted = np.interp(place, steps, fpr)
    assert equal_error_rate(scores, same) == pytest.approx(wanted, abs=1e-9)


def test_equal_error_rate_lies_where_the_errors_cross(rng):
    same = rng.random(20_000) < 0.4
    scores = rng.normal(size=len(same)) + 2 * same
    rate = equal_error_rate(scores, same)
    assert rate == pytest.approx(0.1587, abs=0.01)  # of two normals two apart
    fpr, tpr, _ = sklearn_roc(scores, same)
    crossing = np.argmin(np.abs(fpr - (1 - tpr)))
    assert rate == pytest.approx(fpr[crossing], abs=1e-3)


def test_equal_error_rate_of_plain_cases():
    same = [True, True, False, False]
    assert equal_error_rate([4, 3, 2, 1], same) == 0
    assert equal_error_rate([1, 2, 3, 4], same) == 1
    assert equal_error_rate([1, 1, 1, 1], same) == 0.5
    assert equal_error_rate([4, 2, 3, 1], same) == 0.5


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_all_pairs_are_scored_once(metric, rng):
    vectors, labels = rng.normal(size=(1500, 3)), rng.integers(0, 5, 1500)
    scores, same = pair_scores(vectors, labels, metric)
    a, b = np.triu_indices(1500, 1)
    wanted = sklearn_metrics.pairwise_distances(vectors, metric=metric)[a, b]
    np.testing.assert_allclose(-scores, wanted, atol=1e-5)
    np.testing.assert_array_equal(same, labels[a] == labels[b])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_nearest_neighbor_accuracy_is_scikit_learns(metric, rng):
    vectors, labels = rng.normal(size=(1100, 4)), rng.integers(0, 3, 1100)
    vectors[:, 0] += labels
    model = neighbors.KNeighborsClassifier(1, metric=metric)
    model.fit(vectors[:900], labels[:900])
    wanted = model.score(vectors[900:], labels[900:])
    got = nearest_neighbor_accuracy(
        vectors[900:],
        labels[900:],
        metric,
        gallery=vectors[:900],
        gallery_labels=labels[:900],
    )
    assert got == pytest.approx(wanted)
    found = neighbors.NearestNeighbors(n_neighbors=2, metric=metric).fit(vectors)
    nearest = found.kneighbors(vectors, return_distance=False)[:, 1]
    wanted = np.mean(labels[nearest] == labels)
    assert nearest_neighbor_accuracy(vectors, labels, metric) == pytest.approx(wanted)


def test_labels_may_be_strings():
    vectors = np.array([[0, 1], [0, 2], [1, 0], [2, 0.1]])
    assert nearest_neighbor_accuracy(vectors, list("aabb")) == 1
    assert nearest_neighbor_accuracy(vectors, list("abab")) == 0
    assert equal_error_rate(*pair_scores(vectors, list("aabb"))) == 0


V = np.eye(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pair_scores(V, [0, 1]), r"each of the 3 vectors.*\(2,\)"),
        (lambda: pair_scores(V[0], [0]), r"\(rows, features\).*\(3,\)"),
        (lambda: pair_scores(V * np.nan, [0, 1, 1]), "finite.*3 rows"),
        (lambda: pair_scores(V * 1e300, [0, 1, 1]), "finite.*3 rows"),
        (lambda: pair_scores(np.zeros((3, 2)), [0, 1, 1]), "length 0.*row 0"),
        (lambda: pair_scores(V, [0, 1, 1], "manhattan"), "metric.*manhattan"),
        (lambda: pair_scores([["a"]], [0]), "numbers"),
        (lambda: roc_curve([1, 2], [1, 1]), "2 same and 0 different"),
        (lambda: roc_curve([1, 2], [0]), r"\(2,\) and \(1,\)"),
        (lambda: roc_curve([1, np.nan], [0, 1]), "finite"),
        (lambda: roc_curve([1, 2], [0, 2]), "True and False"),
        (lambda: equal_error_rate([], []), "0 same and 0 different"),
        (lambda: nearest_neighbor_accuracy(V[:1], [0]), "no neighbor"),
        (lambda: nearest_neighbor_accuracy(V, [0, 1, 1], gallery=V), "or neither"),
        (
            lambda: nearest_neighbor_accuracy(
                V, [0, 1, 1], gallery=V[:, :2], gallery_labels=[0, 1, 1]
            ),
            "gallery must have 3 features.*2",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
