"""Running augmentation as training does."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

_compiled: dict[str, Callable[..., Any]] = {}


def train(layer: keras.layers.Layer, inputs: Any) -> Any:
    """Call a layer with ``training=True``, its random state going on; give arrays."""
    if keras.backend.backend() == "jax":  # compiling op by op takes seconds
        outputs = _train_on_jax(layer, inputs)
    else:
        outputs = layer(inputs, training=True)
    return keras.tree.map_structure(ops.convert_to_numpy, outputs)


def _train_on_jax(layer: keras.layers.Layer, inputs: Any) -> Any:
    """Compile once for all layers that differ in their seed only."""
    import jax

    def step(state: list[Any], inputs: Any) -> Any:
        pairs = zip(layer.non_trainable_variables, state, strict=True)
        with keras.StatelessScope(state_mapping=pairs) as scope:
            outputs = layer(inputs, training=True)
        after = map(scope.get_current_value, layer.non_trainable_variables)
        return outputs, list(after)

    config = {**layer.get_config(), "seed": None, "name": None}
    key = f"{type(layer).__name__} {config}"
    compiled = _compiled.setdefault(key, jax.jit(step))
    state = [variable.value for variable in layer.non_trainable_variables]
    outputs, state = compiled(state, inputs)
    for variable, value in zip(layer.non_trainable_variables, state, strict=True):
        variable.assign(value)
    return outputs


def sine(hertz: float, sample_rate: int, samples: int) -> np.ndarray:
    """Give a sine of amplitude 0.5, float32 (samples,)."""
    time = np.arange(samples) / sample_rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype("float32")


def peak_hertz(waveform: np.ndarray, sample_rate: int) -> float:
    """Give the frequency of the highest peak of a waveform's spectrum."""
    size = 8 * len(waveform)
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), size))
    return float(spectrum.argmax() * sample_rate / size)
