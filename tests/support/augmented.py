"""Running augmentation as training does."""

from typing import Any

import keras
import numpy as np
from keras import ops


def train(layer: keras.layers.Layer, inputs: Any) -> Any:
    """Call a layer with ``training=True``, its random state going on; give arrays."""
    if keras.backend.backend() == "jax":  # compiling op by op takes seconds
        import jax

        stateless = jax.jit(lambda *args: layer.stateless_call(*args, training=True))
        frozen = [variable.value for variable in layer.non_trainable_variables]
        outputs, after = stateless([], frozen, inputs)
        for variable, value in zip(layer.non_trainable_variables, after, strict=True):
            variable.assign(value)
    else:
        outputs = layer(inputs, training=True)
    return keras.tree.map_structure(ops.convert_to_numpy, outputs)


def sine(hertz: float, sample_rate: int, samples: int) -> np.ndarray:
    """Give a sine of amplitude 0.5, float32 (samples,)."""
    time = np.arange(samples) / sample_rate
    return (0.5 * np.sin(2 * np.pi * hertz * time)).astype("float32")


def peak_hertz(waveform: np.ndarray, sample_rate: int) -> float:
    """Give the frequency of the highest peak of a waveform's spectrum."""
    size = 8 * len(waveform)
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)), size))
    return float(spectrum.argmax() * sample_rate / size)
