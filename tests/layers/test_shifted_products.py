"""Depthwise convolution in training steps on jax: its gradient is that of jax."""

import keras
import numpy as np
import pytest

from kerasaudio.layers import depthwise
from kerasaudio.layers.shifted_products import shifted_products, trainable_products

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="a form of layers for jax"
)


@pytest.mark.parametrize(
    ("kernel", "strides", "dtype", "tolerance"),
    [
        ((3, 3), (1, 1), "float32", 1e-6),
        ((5, 3), (2, 1), "float32", 1e-6),
        ((3, 5), (2, 2), "float32", 1e-6),
        ((5, 5), (3, 2), "float32", 1e-6),
        ((1, 3), (2, 1), "float32", 1e-6),
        ((5, 5), (1, 1), "bfloat16", 2e-2),
    ],
)
def test_gradients_are_those_of_jax(kernel, strides, dtype, tolerance):
    import jax

    rng = np.random.default_rng(0)
    padded = rng.normal(size=(2, 12, 9, 4)).astype(dtype)
    filters = rng.normal(size=(*kernel, 4)).astype(dtype)
    outputs = shifted_products(padded, filters, strides)
    slopes = rng.normal(size=outputs.shape).astype(dtype)

    def pulled(convolve):
        value, back = jax.vjp(lambda x, k: convolve(x, k, strides), padded, filters)
        return (value, *back(slopes))

    got, want = (
        jax.jit(lambda of=of: pulled(of))()
        for of in (trainable_products, shifted_products)
    )
    for ours, theirs in zip(got, want, strict=True):
        assert ours.dtype == theirs.dtype == dtype
        ours, theirs = np.float32(ours), np.float32(theirs)
        limit = tolerance * abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit)


def test_products_of_half_precision_are_added_in_float32():
    padded = np.random.default_rng(0).normal(1, 0.3, (2, 12, 9, 4)).astype("bfloat16")
    filters = np.random.default_rng(1).normal(1, 0.3, (5, 5, 4)).astype("bfloat16")
    found = np.float32(shifted_products(padded, filters, (1, 1)))
    exact = shifted_products(np.float32(padded), np.float32(filters), (1, 1))
    np.testing.assert_allclose(found, exact, rtol=2**-8)  # it is rounded once


def test_only_training_steps_use_it(monkeypatch):
    layer, used = depthwise.DepthwiseConv2D(3), []
    monkeypatch.setattr(depthwise, "xla_on_cpu", lambda: True)

    def noted(*arguments):
        used.append(1)
        return trainable_products(*arguments)

    monkeypatch.setattr(depthwise, "trainable_products", noted)
    x = np.random.default_rng(0).normal(size=(1, 5, 5, 2)).astype("float32")
    heard, trained = layer(x), layer(x, training=True)
    assert used == [1]
    np.testing.assert_allclose(trained, heard, atol=1e-6)
