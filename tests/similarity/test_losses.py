"""The losses against NumPy loops, on every backend, and their gradients."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from kerasaudio.similarity import ContrastiveLoss, NTXentLoss, TripletLoss
from kerasaudio.similarity.geometry import (
    UnitLength,
    cosine_distance,
    euclidean_distance,
)
from support.front_ends import examples, gradient

BATCHES = {
    "sizes differ": [0, 0, 0, 1, 1, 2],
    "one alone": [3, 3, 1],
    "all alone": [0, 1, 2, 3],
    "one kind": [7, 7, 7],
    "single": [0],
}


def contrastive(same, distance, margin):
    return [
        0.5 * d**2 if s else 0.5 * max(margin - d, 0) ** 2
        for s, d in zip(same, distance, strict=True)
    ]


def triplet(labels, vectors, margin):
    losses = []
    for a, anchor in enumerate(vectors):
        away = [float(np.sum((anchor - other) ** 2)) for other in vectors]
        others = [
            d for d, label in zip(away, labels, strict=True) if label != labels[a]
        ]
        found = []
        for p, label in enumerate(labels):
            if label != labels[a] or p == a or not others:
                continue
            semi_hard = [d for d in others if d > away[p]]
            negative = min(semi_hard) if semi_hard else max(others)
            found.append(max(away[p] - negative + margin, 0))
        losses.append(np.mean(found) if found else 0.0)
    return losses


def nt_xent(labels, vectors, temperature):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = np.exp(unit @ unit.T / temperature)
    losses = []
    for a, label in enumerate(labels):
        others = [j for j in range(len(labels)) if j != a]
        found = [
            -np.log(logits[a, p] / logits[a, others].sum())
            for p in others
            if labels[p] == label
        ]
        losses.append(np.mean(found) if found else 0.0)
    return losses


SAME = np.array([1, 0], "float32")


def value(loss, y_true, y_pred):
    return ops.convert_to_numpy(loss(y_true, y_pred))


@settings(deadline=None, max_examples=examples(12))
@given(margin=st.floats(0.1, 3), seed=st.integers(0, 99))
def test_contrastive_is_the_sum_of_its_terms(margin, seed):
    rng = np.random.default_rng(seed)
    same, distance = rng.integers(0, 2, 9), rng.uniform(0, 2, 9).astype("float32")
    wanted = contrastive(same, distance, margin)
    got = value(ContrastiveLoss(margin, reduction=None), same, distance)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-7)
    column = value(ContrastiveLoss(margin), same[:, None], distance[:, None])
    assert column == pytest.approx(np.mean(wanted), rel=1e-5)


@pytest.mark.parametrize("labels", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("margin", [0.2, 2.0])
def test_triplet_equals_the_loop(labels, margin, rng):
    vectors = rng.normal(size=(len(labels), 3)).astype("float32")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    got = value(TripletLoss(margin, reduction=None), np.array(labels), vectors)
    np.testing.assert_allclose(got, triplet(labels, vectors, margin), atol=1e-5)


def test_triplet_takes_both_sorts_of_negatives():
    # The last clip lies between the first two: for them no negative is farther.
    vectors = np.array([[0.0], [1.0], [0.5]], "float32")
    got = value(TripletLoss(0.1, reduction=None), np.array([0, 0, 1]), vectors)
    np.testing.assert_allclose(got, [1 - 0.25 + 0.1] * 2 + [0], atol=1e-6)
    vectors = np.array([[0.0], [1.0], [1.02], [3.0]], "float32")
    got = value(TripletLoss(0.1, reduction=None), np.array([0, 0, 1, 1]), vectors)
    assert got[0] == pytest.approx(1 - 1.02**2 + 0.1, abs=1e-5)  # 1.02, not 3


@pytest.mark.parametrize("labels", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_nt_xent_equals_the_loop(labels, temperature, rng):
    vectors = rng.normal(size=(len(labels), 4)).astype("float32")
    got = value(NTXentLoss(temperature, reduction=None), np.array(labels), vectors)
    np.testing.assert_allclose(got, nt_xent(labels, vectors, temperature), rtol=1e-4)


def test_nt_xent_of_two_views_is_simclrs_equation(rng):
    a, b = rng.normal(size=(2, 5, 8))
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    views = np.concatenate([a, b])
    logits = views @ views.T / 0.5
    np.fill_diagonal(logits, -np.inf)
    own = np.concatenate([np.diag(a @ b.T)] * 2) / 0.5
    wanted = np.mean(np.log(np.exp(logits).sum(axis=1)) - own)
    labels = np.tile(np.arange(5), 2)
    got = value(NTXentLoss(0.5), labels, views.astype("float32"))
    assert got == pytest.approx(wanted, rel=1e-5)


@settings(deadline=None, max_examples=examples(12))
@given(st.permutations(list(range(6))))
def test_the_order_of_the_batch_does_not_matter(order):
    rng = np.random.default_rng(1)
    vectors, labels = rng.normal(size=(6, 3)).astype("float32"), np.arange(6) // 2
    for loss in (TripletLoss(), NTXentLoss()):
        mixed = value(loss, labels[order], vectors[order])
        assert mixed == pytest.approx(value(loss, labels, vectors), rel=1e-4)


def test_good_vectors_cost_nothing_and_bad_ones_do():
    labels = np.array([0, 0, 1, 1])
    good = np.array([[1, 0], [1, 0], [-1, 0], [-1, 0]], "float32")
    bad = good[[0, 2, 1, 3]]
    for loss in (TripletLoss(), NTXentLoss(0.05)):
        assert value(loss, labels, good) == pytest.approx(0, abs=1e-5)
        assert value(loss, labels, bad) > 0.1


SPOTS = {
    "collapsed": np.ones((4, 3), "float32"),
    "zero": np.zeros((4, 3), "float32"),
    "one pair equal": np.eye(4, 3, dtype="float32")[[0, 0, 1, 2]],
    "large": np.eye(4, 3, dtype="float32") * 1e8,
}


@pytest.mark.parametrize("spot", SPOTS.values(), ids=SPOTS)
@pytest.mark.parametrize(
    "loss", [TripletLoss(), NTXentLoss(0.01)], ids=["triplet", "nt_xent"]
)
def test_gradients_are_finite(loss, spot):
    slope = gradient(lambda x: loss.call(np.array([0, 0, 1, 1]), x), spot)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("distance", [euclidean_distance, cosine_distance])
@pytest.mark.parametrize("spot", SPOTS.values(), ids=SPOTS)
def test_gradients_through_distances_are_finite(distance, spot):
    def loss(x):
        return ContrastiveLoss().call(SAME, distance(x[:2], x[2:]))

    assert np.isfinite(gradient(loss, spot)).all()


@pytest.mark.parametrize(
    "loss", [TripletLoss(2.0), NTXentLoss()], ids=["triplet", "nt_xent"]
)
def test_gradient_is_the_slope(loss, rng):
    labels = np.array([0, 0, 1, 1, 2, 2])
    x, step = rng.normal(size=(2, 6, 4)).astype("float32")
    step *= 1e-3

    def losses(vectors):
        return ops.convert_to_numpy(loss.call(labels, ops.convert_to_tensor(vectors)))

    weight = np.random.default_rng(7).normal(size=6)  # as `gradient` has it
    slope = np.sum((losses(x + step) - losses(x - step)) * weight) / 2
    got = gradient(lambda v: loss.call(labels, v), x)
    np.testing.assert_allclose(np.sum(got * step), slope, rtol=1e-2)


def test_unit_length_gives_unit_vectors_and_keeps_zero(rng):
    x = rng.normal(size=(3, 5)).astype("float32") * [[1], [1e-3], [0]]
    got = ops.convert_to_numpy(UnitLength()(x.astype("float32")))
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), [1, 1, 0], atol=1e-6)
    assert np.isfinite(gradient(UnitLength(), np.zeros((2, 5), "float32"))).all()


@pytest.mark.parametrize(
    "loss",
    [ContrastiveLoss(0.7, name="mine"), TripletLoss(0.7), NTXentLoss(0.7)],
    ids=lambda loss: type(loss).__name__,
)
def test_serialization_keeps_the_arguments(loss):
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert 0.7 in again.get_config().values()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ContrastiveLoss(0), "margin must be a number above 0.*0"),
        (lambda: TripletLoss(-1), "margin must be .*-1"),
        (lambda: TripletLoss(True), "margin must be .*True"),
        (lambda: NTXentLoss(float("inf")), "temperature must be .*inf"),
        (lambda: NTXentLoss("hot"), "temperature must be .*'hot'"),
        (lambda: TripletLoss()(np.zeros((3, 2)), np.zeros((3, 2))), "one-hot"),
        (lambda: NTXentLoss()(np.zeros(3), np.zeros((3, 2, 2))), "batch, features"),
        (lambda: TripletLoss()(np.zeros(3), np.zeros(3)), "batch, features"),
        (lambda: ContrastiveLoss()(np.zeros(3), np.zeros((3, 2))), "distances"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
