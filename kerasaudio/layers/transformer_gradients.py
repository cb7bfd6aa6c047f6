"""Layers of transformers with gradients that XLA computes fast on CPUs; for jax only.

What jax derives adds up scores of attention while XLA multiplies, which takes many
times as long as the product alone, copies inputs to other layouts, and keeps so much
that the system spends a fifth of a training step on new pages. Here products are plain
ones of matrices, each of few heads, whose scores stay in the cache; scores, GELU and
normalized tokens are computed again for the gradient. Values differ by rounding only.

None of these functions has a derivative in forward mode (`jax.jvp`).
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

from kerasaudio.cores import usable_cores

_ROOT = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)  # of the normal distribution at 0


@jax.custom_vjp
def _again(x: Any) -> Any:
    """Return arrays of which XLA does not know that it has computed with them."""
    return lax.optimization_barrier(x)


# jax 0.4.35 cannot derive it.
_again.defvjp(lambda x: (_again(x), None), lambda _, slopes: (slopes,))


@jax.custom_vjp
def dense(x: Any, kernel: Any, bias: Any) -> Any:
    """Return `x @ kernel + bias`.

    Args:
        x: Input (..., features).
        kernel: Weights (features, units).
        bias: Added to each row, (units,).
    """
    return (_rows(x) @ kernel + bias).reshape(*x.shape[:-1], -1)


def _of_dense(kept: Any, slopes: Any) -> tuple[Any, Any, Any]:
    x, kernel = kept
    slopes = _rows(slopes)
    of_x = (slopes @ kernel.T).reshape(x.shape)
    return of_x, _rows(x).T @ slopes, slopes.sum(axis=0)


def _rows(x: Any) -> Any:
    return x.reshape(-1, x.shape[-1])


dense.defvjp(lambda x, *others: (dense(x, *others), (x, others[0])), _of_dense)


@jax.custom_vjp
def gelu(x: Any) -> Any:
    """Return GELU: x times the share of a normal distribution that is below x."""
    return x * _below(x)


def _below(x: Any) -> Any:
    return 0.5 + 0.5 * lax.erf(x * _ROOT)


def _of_gelu(x: Any, slopes: Any) -> tuple[Any]:
    x, slopes = _again((x, slopes))
    return (slopes * (_below(x) + x * jnp.exp(-0.5 * x * x) * _DENSITY),)


gelu.defvjp(lambda x: (gelu(x), x), _of_gelu)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def normalize(x: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """Return the last axis with mean `beta` and standard deviation `gamma`.

    Args:
        x: Input (..., features).
        gamma: Factor of each feature, (features,).
        beta: Added to each feature, (features,).
        epsilon: Added to variances.
    """
    return _normalized(x, gamma, beta, epsilon)[0]


def _normalized(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any]:
    mean = x.mean(axis=-1, keepdims=True)
    apart = x - mean
    variance = (apart * apart).mean(axis=-1, keepdims=True)
    scale = lax.rsqrt(variance + epsilon)
    return apart * scale * gamma + beta, (x, gamma, mean, scale)


def _of_normalized(epsilon: float, kept: Any, slopes: Any) -> tuple[Any, Any, Any]:
    x, gamma, mean, scale = kept
    x, slopes = _again((x, slopes))
    x = (x - mean) * scale
    inner = slopes * gamma
    along = (inner * x).mean(axis=-1, keepdims=True)
    of_x = scale * (inner - inner.mean(axis=-1, keepdims=True) - x * along)
    return of_x, _rows(slopes * x).sum(axis=0), _rows(slopes).sum(axis=0)


normalize.defvjp(_normalized, _of_normalized)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def attend(query: Any, key: Any, value: Any, scale: float) -> Any:
    """Return means of values, weighted by softmax of scaled products.

    Args:
        query: (batch, tokens, heads, size).
        key: (batch, others, heads, size).
        value: (batch, others, heads, width).
        scale: Factor of the products of query and key.

    Returns:
        (batch, tokens, heads, width).
    """
    return _attended(query, key, value, scale)[0]


def _attended(query: Any, key: Any, value: Any, scale: float) -> tuple[Any, Any]:
    def means(query: Any, key: Any, value: Any) -> tuple[Any, Any]:
        scores = (query * scale) @ key.mT
        most = scores.max(axis=-1, keepdims=True)
        weights = jnp.exp(scores - most)
        total = weights.sum(axis=-1, keepdims=True)
        return weights @ value / total, most + jnp.log(total)

    kinds = (*query.shape[:3], value.shape[3]), (*query.shape[:3], 1)
    found, logs = _by_heads(means, (query, key, value), kinds)
    return found, (query, key, value, found, logs)


def _of_attended(scale: float, kept: Any, slopes: Any) -> tuple[Any, Any, Any]:
    query, key, value, found, logs = kept
    inner = (slopes * found).sum(axis=-1, keepdims=True)

    def of_heads(
        query: Any, key: Any, value: Any, slopes: Any, logs: Any, inner: Any
    ) -> tuple[Any, Any, Any]:
        query = query * scale
        weights = jnp.exp(query @ key.mT - logs)
        of_scores = weights * (slopes @ value.mT - inner)
        # XLA would multiply transposed scores, which is slower.
        of_key = _again(query.mT @ of_scores).mT
        of_value = _again(slopes.mT @ weights).mT
        return of_scores @ key * scale, of_key, of_value

    inputs = (query, key, value, slopes, logs, inner)
    return _by_heads(of_heads, inputs, (query.shape, key.shape, value.shape))


attend.defvjp(_attended, _of_attended)


def _by_heads(
    function: Callable[..., Sequence[Any]],
    inputs: Sequence[Any],
    kinds: Sequence[Sequence[int]],
) -> tuple[Any, ...]:
    """Compute a few heads at a time, one for each core.

    Args:
        function: From matrices of heads, ([heads,] tokens, size), to such matrices.
        inputs: Arrays (batch, tokens, heads, size).
        kinds: Shapes of the outputs, of the same form.
    """
    batch, _, heads, _ = inputs[0].shape
    together = max(n for n in range(1, usable_cores() + 1) if heads % n == 0)
    groups = heads // together

    def add(number: Any, whole: tuple[Any, ...]) -> tuple[Any, ...]:
        at = (number // groups, 0, number % groups * together, 0)

        def part(x: Any) -> Any:
            sizes = (1, x.shape[1], together, x.shape[3])
            x = lax.dynamic_slice(x, at, sizes)[0]
            return x[:, 0] if together == 1 else x.transpose(1, 0, 2)

        def put(whole: Any, x: Any) -> Any:
            x = x[:, None] if together == 1 else x.transpose(1, 0, 2)
            return lax.dynamic_update_slice(whole, x[None], at)

        found = function(*map(part, inputs))
        return tuple(map(put, whole, found))

    empty = tuple(jnp.zeros(kind, inputs[0].dtype) for kind in kinds)
    return lax.fori_loop(0, batch * groups, add, empty)
