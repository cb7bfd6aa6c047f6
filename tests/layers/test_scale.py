import math

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.layers import Decibel, LogCompression, Preemphasis, Standardize
from support.front_ends import clip_by_clip, examples, relative_error, run


@settings(deadline=None, max_examples=examples(20))
@given(
    ref=st.one_of(st.just("max"), st.floats(1e-12, 1e3)),
    amin=st.floats(1e-14, 1e-2),
    top_db=st.one_of(st.none(), st.floats(0, 120)),
    amplitude=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_decibels_equal_librosas_clip_by_clip(ref, amin, top_db, amplitude, seed):
    rng = np.random.default_rng(seed)
    batch = (10 ** rng.uniform(-12, 2, (3, 9, 7))).astype("float32")
    batch[1] *= 1e-4
    batch[2, :4] = 0
    convert = librosa.amplitude_to_db if amplitude else librosa.power_to_db
    reference = np.max if ref == "max" else ref
    wanted = np.stack(
        [convert(clip, ref=reference, amin=amin, top_db=top_db) for clip in batch]
    )
    got = run(Decibel(ref, amin, top_db, amplitude=amplitude), batch)
    np.testing.assert_allclose(got, wanted, atol=1e-5 * max(np.abs(wanted).max(), 1))


def test_decibel_defaults_are_librosas(rng):
    batch = (10 ** rng.uniform(-14, 2, (2, 9, 7))).astype("float32")
    for layer, convert in (
        (Decibel(), librosa.power_to_db),
        (Decibel(amplitude=True), librosa.amplitude_to_db),
    ):
        wanted = np.stack([convert(clip) for clip in batch])
        assert relative_error(run(layer, batch), wanted) <= 1e-6


@pytest.mark.parametrize(
    ("arguments", "formula"),
    [
        ({"gain": 10000, "base": 10}, lambda x: np.log10(10000 * x + 1)),
        ({"offset": 1e-5}, lambda x: np.log(x + 1e-5)),
        ({"offset": 1e-3}, lambda x: np.log(x + 0.001)),
        (
            {"offset": 0, "floor": 1.1920929e-07},
            lambda x: np.log(x.clip(1.1920929e-07)),
        ),
        (
            {"gain": 2, "offset": 0.5, "floor": 1, "base": 2},
            lambda x: np.log2((2 * x + 0.5).clip(1)),
        ),
    ],
    ids=["musicnn", "efficientat", "yamnet", "ast", "all"],
)
def test_log_compression(rng, arguments, formula):
    x = (10 ** rng.uniform(-9, 3, (2, 5, 6))).astype("float32")
    x[0, 0] = 0
    got = run(LogCompression(**arguments), x)
    assert relative_error(got, formula(x.astype("float64"))) <= 1e-6


def test_standardize_by_numbers_and_by_bin(rng):
    x = rng.normal(3, 2, (2, 50, 4)).astype("float32")
    np.testing.assert_allclose(run(Standardize(-4.5, 5), x), (x + 4.5) / 5, rtol=1e-6)
    mean, std = x.mean((0, 1)), x.std((0, 1))
    got = run(Standardize(mean, std), x)
    np.testing.assert_allclose(got, (x - mean) / std, atol=1e-6)


@pytest.mark.parametrize("axis", [1, -1, (1, 2), [1]])
def test_standardize_by_the_clips_own_moments(rng, axis):
    x = rng.normal(3, 2, (2, 50, 4)).astype("float32")
    x[1] = 0.25
    axes = tuple(axis) if isinstance(axis, list) else axis
    variance = x.var(axes, keepdims=True)
    wanted = (x - x.mean(axes, keepdims=True)) / np.sqrt(variance + 1e-7)
    np.testing.assert_allclose(run(Standardize(axis=axis), x), wanted, atol=1e-5)


@settings(deadline=None, max_examples=examples(10))
@given(st.floats(0, 1), st.integers(2, 300))
def test_preemphasis_equals_librosa(coefficient, samples):
    batch = np.random.default_rng(0).normal(size=(2, samples)).astype("float32")
    wanted = clip_by_clip(
        lambda y: librosa.effects.preemphasis(y, coef=coefficient), batch
    )
    assert relative_error(run(Preemphasis(coefficient), batch), wanted) <= 1e-6


@pytest.mark.parametrize("mode", ["replicate", "zeros", "valid"])
def test_other_beginnings_of_preemphasis(rng, mode):
    x = rng.normal(size=(2, 20)).astype("float32")
    before = {"replicate": x[:, :1], "zeros": 0 * x[:, :1], "valid": x[:, :0]}[mode]
    longer = np.concatenate([before, x], axis=1)
    got = run(Preemphasis(0.9, mode=mode), x)
    np.testing.assert_allclose(got, longer[:, 1:] - 0.9 * longer[:, :-1], atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Decibel(ref="mean"), "'mean'"),
        (lambda: Decibel(ref=0), "ref must be .*0"),
        (lambda: Decibel(amin=0), "amin must be .*0"),
        (lambda: Decibel(top_db=-1), "top_db must be .*-1"),
        (lambda: LogCompression(gain=0), "gain must be .*0"),
        (lambda: LogCompression(offset=-1), "offset must be .*-1"),
        (lambda: LogCompression(offset=0), "Silence.*offset=0, floor=None"),
        (lambda: LogCompression(base=1), "base must be .*1"),
        (lambda: LogCompression(floor=0), "floor must be .*0"),
        (lambda: Standardize(std=[1, 0]), "std.*0"),
        (lambda: Standardize(axis=(0, 1)), "batch.*axis=\\(0, 1\\)"),
        (lambda: Standardize(1, 2, axis=1), "either `axis`"),
        (lambda: Standardize(epsilon=0), "epsilon"),
        (lambda: Preemphasis(mode="same"), "valid.*'same'"),
        (lambda: Standardize(axis=-3)(np.ones((2, 3, 4), "float32")), "batch"),
        (lambda: Preemphasis()(np.ones((2, 1), "float32")), "at least 2 samples"),
        (lambda: Preemphasis()(np.ones((2, 9, 1), "float32")), "batch, samples"),
        (lambda: Preemphasis()(np.ones((2, 9), "int16")), "32768.*int16"),
        (lambda: Decibel()(np.ones((3,), "int32")), "int32"),
    ],
)
def test_bad_arguments_and_inputs_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_log_base_defaults_to_e():
    assert LogCompression().base == math.e
