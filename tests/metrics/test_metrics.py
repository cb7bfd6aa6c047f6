"""The metrics against scikit-learn, and what they promise of windows and bad input."""

import warnings

import keras
import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.metrics import (
    PRAUC,
    ROCAUC,
    DPrime,
    InstanceF1,
    MeanAveragePrecision,
    average_windows,
)
from support.front_ends import examples

METRICS = [ROCAUC, PRAUC, MeanAveragePrecision, DPrime, InstanceF1]


def wanted(metric, targets, scores):
    """Give scikit-learn's number."""
    if metric is InstanceF1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sklearn.metrics.f1_score(targets, scores >= 0.5, average="samples")
    if metric in (PRAUC, MeanAveragePrecision):
        return sklearn.metrics.average_precision_score(targets, scores)
    area = sklearn.metrics.roc_auc_score(targets, scores)
    return np.sqrt(2) * scipy.stats.norm.ppf(area) if metric is DPrime else area


def clips(count, classes, seed=0, levels=None):
    """Make targets and scores that know something of them, with ties if asked for."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((count, classes)) < 0.3).astype("int32")
    targets[0], targets[1] = 0, 1
    scores = 1 / (1 + np.exp(-rng.normal(targets - 0.5, 1.5)))
    if levels is not None:
        scores = np.round(scores * levels) / levels
    return targets, scores.astype("float32")


def measure(metric, batches):
    if keras.backend.backend() == "jax":  # compiling op by op takes seconds
        import jax

        update = jax.jit(metric.stateless_update_state)
        state = [variable.value for variable in metric.variables]
        for batch in batches:
            state = update(state, *batch)
        for variable, value in zip(metric.variables, state, strict=True):
            variable.assign(value)
        return float(jax.jit(metric.stateless_result)(state))
    for batch in batches:
        metric.update_state(*batch)
    return float(metric.result())


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("levels", [None, 8])
def test_equals_scikit_learn_over_batches(metric, levels):
    targets, scores = clips(700, 11, levels=levels)
    made = metric(11, 1000)
    parts = (np.split(x, [300, 301, 650]) for x in (targets, scores))
    got = measure(made, zip(*parts, strict=True))
    tolerance = 5e-6 if metric is DPrime else 1e-6
    assert got == pytest.approx(wanted(metric, targets, scores), abs=tolerance)
    made.reset_state()
    assert np.isnan(float(made.result()))
    targets, scores = clips(50, 11, seed=1)
    again = measure(made, [(targets, scores)])
    assert again == pytest.approx(wanted(metric, targets, scores), abs=tolerance)


@settings(deadline=None, max_examples=examples(15))
@given(
    seed=st.integers(0, 10**6),
    levels=st.sampled_from([None, 1, 2, 64]),
    infinite=st.booleans(),
)
def test_areas_of_any_scores_with_ties(seed, levels, infinite):
    targets, scores = clips(24, 2, seed, levels)
    if infinite:
        scores[seed % 24] = np.float32(np.log(1e-9)) * 1e37
    for metric in (ROCAUC, PRAUC):
        got = measure(metric(2, 30), [(targets, scores)])
        assert got == pytest.approx(wanted(metric, targets, scores), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("metric", [ROCAUC, PRAUC])
def test_large_sets_are_as_exact(metric):
    targets, scores = clips(20_000, 50)
    made = metric(50, 20_000)
    got = measure(made, [(targets, scores)])
    assert got == pytest.approx(wanted(metric, targets, scores), abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_windows_are_averaged_first(metric):
    targets, scores = clips(90, 4, levels=32)
    ids = np.repeat(np.arange(90), 4)
    spread = np.random.default_rng(3).integers(-8, 8, (90, 4, 4)) / 32
    spread[:, 3] = -spread[:, :3].sum(axis=1)
    windows = (scores[:, None] + spread).reshape(-1, 4).astype("float32")
    repeated = np.repeat(targets, 4, axis=0)
    averaged, order = average_windows(windows, ids)
    np.testing.assert_array_equal(order, np.arange(90))
    np.testing.assert_array_equal(averaged, scores)
    correct = wanted(metric, targets, scores)
    counted = metric(4, 90, windows_per_clip=4)
    got = measure(counted, [(repeated[:7], windows[:7]), (repeated[7:], windows[7:])])
    assert got == pytest.approx(correct, abs=5e-6)
    shuffled = np.random.default_rng(4).permutation(360)
    named = metric(4, 90)
    for part in np.split(shuffled, [100, 101]):
        named.update_state(repeated[part], windows[part], clip_ids=ids[part])
    assert float(named.result()) == pytest.approx(correct, abs=5e-6)
    single = measure(metric(4, 360), [(repeated, windows)])
    assert abs(single - correct) > 1e-3


def test_averages_of_named_clips_of_different_lengths():
    scores = [[1, 0], [0, 2], [3, 0], [0, 4]]
    means, names = average_windows(scores, ["b", "a", "b", "b"])
    np.testing.assert_allclose(means, [[4 / 3, 4 / 3], [0, 2]])
    assert names.tolist() == ["b", "a"]


def test_a_class_without_positives_or_negatives_is_left_out():
    targets, scores = clips(60, 5)
    targets[:, 1], targets[:, 3] = 0, 1
    roc, pr = ROCAUC(5, 60), PRAUC(5, 60)
    rest = [0, 2, 4]
    area = wanted(ROCAUC, targets[:, rest], scores[:, rest])
    assert measure(roc, [(targets, scores)]) == pytest.approx(area, abs=1e-6)
    each = keras.ops.convert_to_numpy(roc.per_class())
    assert np.isnan(each).tolist() == [False, True, False, True, False]
    assert each[2] == pytest.approx(
        sklearn.metrics.roc_auc_score(targets[:, 2], scores[:, 2]), abs=1e-6
    )
    with_positives = [0, 2, 3, 4]
    area = wanted(PRAUC, targets[:, with_positives], scores[:, with_positives])
    assert measure(pr, [(targets, scores)]) == pytest.approx(area, abs=1e-6)
    each = keras.ops.convert_to_numpy(pr.per_class())
    assert np.isnan(each).tolist() == [False, True, False, False, False]
    assert np.isnan(measure(ROCAUC(2, 9), [(np.zeros((4, 2)), scores[:4, :2])]))


def test_d_prime_of_known_areas():
    perfect = (np.array([[0], [1]]), np.array([[0.1], [0.9]], "f"))
    assert measure(DPrime(1, 2), [perfect]) == np.inf
    chance = (np.array([[0], [1]]), np.array([[0.5], [0.5]], "f"))
    metric = DPrime(1, 2)
    assert measure(metric, [chance]) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(metric.per_class()), [0], atol=1e-6
    )


def test_f1_of_empty_clips_is_what_was_asked_for():
    empty = (np.zeros((1, 3)), np.zeros((1, 3), "f"))
    right = (np.array([[1, 0, 0]]), np.array([[0.9, 0.1, 0.4]], "f"))
    assert measure(InstanceF1(3, 5), [empty, right]) == pytest.approx(0.5)
    assert measure(InstanceF1(3, 5, zero_division=1), [empty, right]) == 1
    assert measure(InstanceF1(3, 5, threshold=0.4), [right]) == pytest.approx(2 / 3)


def test_class_numbers_are_targets_too():
    numbers = np.arange(12) % 3
    scores = np.random.default_rng(0).random((12, 3)).astype("f")
    correct = wanted(ROCAUC, np.eye(3)[numbers], scores)
    for targets in (numbers, numbers[:, None]):
        got = measure(ROCAUC(3, 12), [(targets, scores)])
        assert got == pytest.approx(correct, abs=1e-6)


@pytest.mark.parametrize("metric", [ROCAUC, InstanceF1])
def test_what_cannot_be_counted_makes_the_result_nan(metric):
    targets, scores = clips(6, 2)
    assert np.isfinite(measure(metric(2, 6), [(targets, scores)]))
    assert np.isnan(measure(metric(2, 5), [(targets, scores)]))
    for ids in ([0, 1, 2, 3, 4, 6], [-1, 0, 1, 2, 3, 4]):
        bad = metric(2, 6)
        bad.update_state(targets, scores, clip_ids=np.array(ids))
        assert np.isnan(float(bad.result()))
    scores[3, 0] = np.nan
    assert np.isnan(measure(metric(2, 6), [(targets, scores)]))


def test_compiled_in_evaluate_saved_and_loaded(tmp_path):
    targets, scores = clips(9, 3)
    logits = np.log(scores / (1 - scores))
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Activation("sigmoid")(inputs))
    made = [
        ROCAUC(3, 9),
        PRAUC(3, 9),
        DPrime(3, 9),
        InstanceF1(3, 9, threshold=0.25),
        MeanAveragePrecision(3, 3, windows_per_clip=3, name="by_clip"),
        ROCAUC(3, 9, when_full=True, name="at_the_end"),
    ]
    model.compile("sgd", "binary_crossentropy", metrics=made)
    got = model.evaluate(logits, targets, batch_size=4, return_dict=True, verbose=0)
    with_rounding = keras.ops.convert_to_numpy(keras.ops.sigmoid(logits))
    for metric in METRICS[:2]:
        correct = wanted(metric, targets, with_rounding)
        assert got[metric(3, 9).name] == pytest.approx(correct, abs=1e-6)
    assert got["at_the_end"] == got["roc_auc"]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    again = loaded.evaluate(logits, targets, batch_size=4, return_dict=True, verbose=0)
    for name, value in got.items():
        assert again[name] == pytest.approx(value, abs=1e-6)
    for metric in made:
        copy = type(metric).from_config(metric.get_config())
        assert copy.get_config() == metric.get_config()


def test_when_full_there_is_no_result_before_the_last_clip(monkeypatch):
    targets, scores = clips(6, 3)
    metric = PRAUC(3, 3, windows_per_clip=2, when_full=True)
    sorts = []
    rank = metric.score
    monkeypatch.setattr(metric, "score", lambda *a: sorts.append(1) or rank(*a))
    for begin in (0, 2):
        metric.update_state(targets[begin : begin + 2], scores[begin : begin + 2])
        assert np.isnan(float(metric.result()))
    metric.update_state(targets[4:], scores[4:])
    plain = PRAUC(3, 3, windows_per_clip=2)
    assert float(metric.result()) == measure(plain, [(targets, scores)])
    if keras.backend.backend() != "jax":  # which compiles both branches
        assert len(sorts) == 1
    metric.update_state(targets[:2], scores[:2])  # more than there is room for
    assert np.isnan(float(metric.result()))


def test_half_precision_scores_count_in_float32():
    targets, scores = clips(40, 3, levels=64)
    half = measure(ROCAUC(3, 40), [(targets, scores.astype("float16"))])
    assert half == pytest.approx(wanted(ROCAUC, targets, scores), abs=1e-6)
