"""Running front-end layers and librosa the same way in every test."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops


def examples(count: int) -> int:
    """Give how many examples a property is tried on: jax compiles each of them."""
    return max(count // 3, 5) if keras.backend.backend() == "jax" else count


def run(layer: Callable[[Any], Any], inputs: np.ndarray) -> np.ndarray:
    """Call a layer on an array and give an array."""
    if keras.backend.backend() == "jax":  # compiling op by op takes seconds
        import jax

        layer = jax.jit(layer)
    return ops.convert_to_numpy(layer(inputs))


def relative_error(actual: np.ndarray, wanted: np.ndarray) -> float:
    """Give max abs difference / max abs reference; both must have the same shape."""
    assert actual.shape == wanted.shape
    assert np.isfinite(actual).all()
    scale = np.abs(wanted).max()
    assert scale > 0
    return float(np.abs(actual - wanted).max() / scale)


def clip_by_clip(function: Callable[..., np.ndarray], batch: np.ndarray) -> np.ndarray:
    """Loop librosa, which wants (..., time), over clips; give (batch, time, ...)."""
    with warnings.catch_warnings():
        # Small n_fft, many bands: some stay empty in both libraries.
        warnings.filterwarnings("ignore", "Empty filters")
        warnings.filterwarnings("ignore", "n_fft=.* is too large")
        return np.stack([np.moveaxis(function(clip), -1, 0) for clip in batch])


@cache
def gradient_of(layer: Callable[[Any], Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Give x -> d sum(w * layer(x)) / dx for fixed random w, on the active backend."""

    def loss(x: Any) -> Any:
        y = layer(x)
        weight = np.random.default_rng(7).normal(size=y.shape).astype("float32")
        return ops.sum(y * ops.convert_to_tensor(weight))

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.jit(jax.grad(loss))

    def by_tape(inputs: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        x = tf.constant(inputs)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x)
        return tape.gradient(value, x).numpy()

    def by_graph(inputs: np.ndarray) -> np.ndarray:
        x = ops.convert_to_tensor(inputs).requires_grad_(True)
        loss(x).backward()
        return x.grad.cpu().numpy()

    return by_tape if backend == "tensorflow" else by_graph


def gradient(layer: Callable[[Any], Any], inputs: np.ndarray) -> np.ndarray:
    """Give the gradient of a weighted sum of the outputs."""
    return np.asarray(gradient_of(layer)(inputs))
