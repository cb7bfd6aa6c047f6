"""Dense layers, GELU and attention with gradients of their own, for XLA on CPUs.

The gradients that jax derives sum over all scores of an attention while XLA multiplies,
which takes many times as long as the product alone, and copy inputs of dense layers to
other layouts. These multiply plain matrices, one head after the other, so that scores
stay in the cache: they are computed once more for the gradient and never kept.

None of these has a derivative in forward mode (`jax.jvp`).
"""

import math
from functools import cache
from typing import Any

from kerasaudio.cores import usable_cores

_ROOT = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)  # of the normal distribution at 0


def dense(x: Any, kernel: Any, bias: Any) -> Any:
    """Return `x @ kernel + bias`.

    Args:
        x: Input (..., features).
        kernel: Weights (features, units).
        bias: Added to each row, (units,).
    """
    return _own_gradients()["dense"](x, kernel, bias)


def gelu(x: Any) -> Any:
    """Return GELU, x times the share of a normal distribution that is below x.

    Only the input is kept for the gradient.
    """
    return _own_gradients()["gelu"](x)


def attend(query: Any, key: Any, value: Any, scale: float) -> Any:
    """Return the means of values, weighted by softmax of scaled products.

    Args:
        query: (batch, tokens, heads, size).
        key: (batch, others, heads, size).
        value: (batch, others, heads, width).
        scale: Factor of the products.

    Returns:
        (batch, tokens, heads, width).
    """
    batch, _, heads, _ = query.shape
    found = _own_gradients()["attend"](
        *(_by_head(x) for x in (query * scale, key, value))
    )
    return _of_heads(found, batch, heads)


def _by_head(x: Any) -> Any:
    """Return (batch, tokens, heads, size) as (groups, batch * heads / groups, ...)."""
    batch, tokens, heads, size = x.shape
    together = _together(batch * heads)
    return x.transpose(0, 2, 1, 3).reshape(-1, together, tokens, size)


def _of_heads(x: Any, batch: int, heads: int) -> Any:
    """Undo `_by_head`."""
    return x.reshape(batch, heads, *x.shape[2:]).transpose(0, 2, 1, 3)


def _together(heads: int) -> int:
    """Return how many heads are computed at a time: up to one for each core."""
    return max(n for n in range(1, usable_cores() + 1) if heads % n == 0)


@cache
def _own_gradients() -> dict[str, Any]:
    """Make the functions, on jax."""
    import jax
    from jax import lax
    from jax import numpy as jnp

    @jax.custom_vjp
    def multiplied(x: Any, kernel: Any, bias: Any) -> Any:
        rows = x.reshape(-1, x.shape[-1])
        return (rows @ kernel + bias).reshape(*x.shape[:-1], -1)

    def of_dense(kept: Any, slopes: Any) -> tuple[Any, Any, Any]:
        x, kernel = kept
        rows = x.reshape(-1, x.shape[-1])
        slopes = slopes.reshape(-1, slopes.shape[-1])
        return (
            (slopes @ kernel.T).reshape(x.shape),
            rows.T @ slopes,
            slopes.sum(axis=0),
        )

    multiplied.defvjp(lambda x, w, b: (multiplied(x, w, b), (x, w)), of_dense)

    def below(x: Any) -> Any:
        return 0.5 + 0.5 * lax.erf(x * _ROOT)

    @jax.custom_vjp
    def activated(x: Any) -> Any:
        return x * below(x)

    def of_gelu(x: Any, slopes: Any) -> tuple[Any]:
        return (slopes * (below(x) + x * jnp.exp(-0.5 * x * x) * _DENSITY),)

    activated.defvjp(lambda x: (activated(x), x), of_gelu)

    def weigh(inputs: Any) -> tuple[Any, Any]:
        """Return the means of some heads, and the logarithms of sums of weights."""
        query, key, value = inputs
        scores = jnp.einsum("hqd,hkd->hqk", query, key)
        most = scores.max(axis=-1, keepdims=True)
        weights = jnp.exp(scores - most)
        total = weights.sum(axis=-1, keepdims=True)
        return jnp.einsum("hqk,hkd->hqd", weights, value) / total, most + jnp.log(total)

    @jax.custom_vjp
    def attended(query: Any, key: Any, value: Any) -> Any:
        return lax.map(weigh, (query, key, value))[0]

    def forward(query: Any, key: Any, value: Any) -> tuple[Any, Any]:
        means, logs = lax.map(weigh, (query, key, value))
        return means, (query, key, value, means, logs)

    def of_heads(inputs: Any) -> tuple[Any, Any, Any]:
        query, key, value, means, logs, slopes = inputs
        weights = jnp.exp(jnp.einsum("hqd,hkd->hqk", query, key) - logs)
        inner = (slopes * means).sum(axis=-1, keepdims=True)
        products = jnp.einsum("hqd,hkd->hqk", slopes, value)
        of_scores = weights * (products - inner)
        return (
            jnp.einsum("hqk,hkd->hqd", of_scores, key),
            jnp.einsum("hqk,hqd->hkd", of_scores, query),
            jnp.einsum("hqk,hqd->hkd", weights, slopes),
        )

    def backward(kept: Any, slopes: Any) -> tuple[Any, Any, Any]:
        return lax.map(of_heads, (*kept, slopes))

    attended.defvjp(forward, backward)
    return {"dense": multiplied, "gelu": activated, "attend": attended}
