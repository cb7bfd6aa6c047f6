"""Gradients of networks, against differences, on any backend."""

import keras
import numpy as np
import pytest
from keras import ops

import kerasaudio
from kerasaudio.interpret.gradient import Gradient, NoGradientError
from kerasaudio.interpret.target import find_target, logits


def quadratic():
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(2, use_bias=False)(inputs))


def test_it_is_the_slope(rng):
    network = quadratic()
    kernel = network.get_weights()[0]
    slope = Gradient(network, lambda out, x, by: ops.sum(by * out**2, -1))
    x, by = rng.normal(size=(4, 3)).astype("float32"), np.float32([[1, 2]])
    values, gradient = slope(x, by)
    np.testing.assert_allclose(values, (by * (x @ kernel) ** 2).sum(-1), rtol=1e-5)
    expected = 2 * (by * (x @ kernel)) @ kernel.T
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)


def test_new_weights_count(rng):
    network = quadratic()
    slope = Gradient(network, lambda out, x: out[:, 0])
    x = rng.normal(size=(1, 3)).astype("float32")
    before = slope(x)[1]
    network.set_weights([2 * network.get_weights()[0]])
    np.testing.assert_allclose(slope(x)[1], 2 * before, rtol=1e-6)


def test_statistics_stay(rng):
    inputs = keras.Input((3,))
    norm = keras.layers.BatchNormalization()
    network = keras.Model(inputs, norm(inputs))
    before = [weight.copy() for weight in network.get_weights()]
    Gradient(network, lambda out, x: out[:, 0])(rng.normal(size=(4, 3)))
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="jax gives zeros")
def test_no_path_is_an_error():
    network = quadratic()
    slope = Gradient(network, lambda out, x: ops.cast(ops.argmax(out, -1), "float32"))
    with pytest.raises(NoGradientError, match="no gradient with respect to its input"):
        slope(np.zeros((1, 3), "float32"))


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_logits_are_the_scores_before_their_activation(rng, activation):
    model = kerasaudio.LeNetMFCC(
        labels=["a", "b", "c"], classifier_activation=activation
    )
    x = rng.normal(0, 0.1, (2, 8_000)).astype("float32")
    expected = model.predict(x, verbose=0)
    raw = logits(model).predict(x, verbose=0)
    scores = ops.convert_to_numpy(getattr(ops, activation)(raw))
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    assert np.abs(raw - expected).max() > 1e-3


def test_targets(rng):
    model = kerasaudio.LeNetMFCC(weights="fsdd")
    assert find_target(model, "3").unit == 3
    inner = find_target(model, layer="embedding", unit=83)
    assert inner.name == "embedding, unit 83"
    assert inner.values(np.zeros((2, 84), "float32")).shape == (2,)
    spread = find_target(model, layer="frontend", unit=0)
    assert spread.values(np.zeros((2, 5, 6, 7), "float32")).shape == (2,)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "either a label, or layer="),
        ({"label": "3", "layer": "embedding"}, "either a label, or layer="),
        ({"label": "3", "unit": 1}, "unit= goes with layer="),
        ({"label": "Bark"}, "no label 'Bark'. Its labels are: '0'"),
        ({"layer": "dens", "unit": 0}, "no layer 'dens'. Its layers are: waveform"),
        ({"layer": "embedding"}, "unit of layer 'embedding' must be a whole number"),
        ({"layer": "embedding", "unit": 84}, "from 0 to 83. Received: 84"),
    ],
)
def test_wrong_targets(wrong, says):
    model = kerasaudio.LeNetMFCC(weights="fsdd")
    with pytest.raises(ValueError, match=says):
        find_target(model, **wrong)
