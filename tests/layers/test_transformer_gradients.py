"""Layers of transformers on jax: values and gradients are those that jax derives."""

from functools import partial

import keras
import numpy as np
import pytest

if keras.backend.backend() != "jax":
    pytest.skip("a form of layers for jax", allow_module_level=True)

import jax
from jax import numpy as jnp

from kerasaudio.layers import transformer_gradients as own

RNG = np.random.default_rng(0)


def plain_attention(query, key, value, scale):
    scores = jnp.einsum("bqhd,bkhd->bhqk", query, key) * scale
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), value)


def plain_normalization(x, gamma, beta, epsilon):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + epsilon) * gamma + beta


CASES = {
    "dense": (own.dense, lambda x, w, b: x @ w + b, [(2, 5, 3), (3, 4), (4,)]),
    "gelu": (own.gelu, lambda x: jax.nn.gelu(x, approximate=False), [(2, 40)]),
    "normalize": (
        lambda *x: own.normalize(*x, 1e-3),
        lambda *x: plain_normalization(*x, 1e-3),
        [(2, 5, 8), (8,), (8,)],
    ),
    "attend": (
        lambda *x: own.attend(*x, 0.3),
        lambda *x: plain_attention(*x, 0.3),
        [(2, 5, 6, 3), (2, 7, 6, 3), (2, 7, 6, 4)],
    ),
}


def compare(function, other, inputs):
    """Compare what two functions of the same inputs give."""
    got, want = (jax.tree.leaves(jax.jit(f)(*inputs)) for f in (function, other))
    for ours, theirs in zip(got, want, strict=True):
        limit = 2e-6 * max(1, abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=limit)


@pytest.mark.parametrize(
    ("case", "cores"), [*((case, 1) for case in CASES), ("attend", 4)]
)
def test_values_and_gradients_are_those_of_jax(case, cores, monkeypatch):
    monkeypatch.setattr(own, "usable_cores", lambda: cores)
    ours, theirs, shapes = CASES[case]
    inputs = [RNG.normal(size=shape).astype("float32") for shape in shapes]
    slopes = RNG.normal(size=np.shape(theirs(*inputs))).astype("float32")

    def pulled(function, *inputs):
        value, back = jax.vjp(function, *inputs)
        return value, back(slopes)

    compare(partial(pulled, ours), partial(pulled, theirs), inputs)


def test_second_derivatives_are_those_of_jax():
    shapes = [(1, 2, 2, 2), (1, 3, 2, 2), (1, 3, 2, 2), (4,), (4,), (4, 3), (3,)]
    inputs = [RNG.normal(size=shape).astype("float32") for shape in shapes]

    def bend(attend, normalize, dense, gelu, *inputs):
        def chain(query, key, value, gamma, beta, kernel, bias):
            x = attend(query, key, value, 0.3).reshape(1, 2, 4)
            return (gelu(dense(normalize(x, gamma, beta, 1e-3), kernel, bias))).sum()

        slopes = jax.grad(chain, tuple(range(len(inputs))))
        return jax.grad(lambda *x: sum((s**2).sum() for s in slopes(*x)))(*inputs)

    plain = (CASES["dense"][1], CASES["gelu"][1])
    compare(
        partial(bend, own.attend, own.normalize, own.dense, own.gelu),
        partial(bend, plain_attention, plain_normalization, *plain),
        inputs,
    )


def test_large_scores_do_not_overflow():
    query, key, value = (
        RNG.normal(0, 1e3, (1, 4, 1, 2)).astype("float32") for _ in range(3)
    )
    got = jax.vjp(lambda *x: own.attend(*x, 1.0), query, key, value)
    found, of_inputs = got[0], got[1](np.ones_like(value))
    want = plain_attention(query, key, value, 1.0)
    np.testing.assert_allclose(found, want, rtol=1e-5)
    assert all(np.isfinite(x).all() for x in of_inputs)
