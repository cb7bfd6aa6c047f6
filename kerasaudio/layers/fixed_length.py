"""Layers of transformers that always hear the same length, however long the clip is."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Shape, require
from kerasaudio.layers.time_axis import Timed, demand, rule

LONGEST_WAVE = 10_000  # of the positions, in steps, divided by 2 pi


def sinusoids(steps: int, features: int) -> np.ndarray:
    """Return positions in time as sines and cosines, float32 (steps, features).

    The first half of the features are sines of rising wavelength, the second half the
    cosines of the same.

    Args:
        steps: Number of positions.
        features: Number of features, even and at least 4.
    """
    half = features // 2
    rates = LONGEST_WAVE ** (-np.arange(half) / (half - 1))
    angles = np.arange(steps)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype("float32")


@keras.saving.register_keras_serializable("kerasaudio")
class FixedPositions(keras.layers.Layer):
    """Add a vector for each place in time, which training does not change.

    The vectors are `sinusoids` until weights are loaded.

    Input: (batch, steps, features), of known size. Output: the same shape.

    Raises:
        ValueError: When built, the number of features is odd or less than 4, or the
            number of steps is not known.
    """

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create the vectors, (steps, features)."""
        _, steps, features = input_shape
        if steps is None or features is None:
            raise ValueError(
                "FixedPositions takes a known number of steps and features. "
                f"Received: an input of shape {tuple(input_shape)}."
            )
        require(
            features >= 4 and features % 2 == 0,
            "Sines and cosines need an even number of features, at least 4.",
            features=features,
        )
        table = sinusoids(steps, features)
        self.embeddings = self.add_weight(
            (steps, features),
            lambda shape, dtype=None: ops.convert_to_tensor(table, dtype),
            trainable=False,
            name="embeddings",
        )

    def call(self, inputs: Any) -> Any:
        """Return the steps with their places added."""
        return inputs + self.embeddings

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return the shape of the input."""
        return tuple(input_shape)


@keras.saving.register_keras_serializable("kerasaudio")
class StepsOfClip(keras.layers.Layer):
    """Leave out the steps behind the end of a clip, which a network has filled up.

    Input: features (batch, steps, features), and the waveform (batch, samples) whose
    first sample is that of the first step.
    Output: (batch, n, features), where n is the number of steps that begin inside the
    clip, or `steps` if there are less.

    Args:
        step_samples: Distance from one step to the next in samples.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `step_samples` is not a positive integer.
    """

    def __init__(self, step_samples: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step_samples = whole_number(step_samples, "step_samples")

    def call(self, inputs: Sequence[Any]) -> Any:
        """Return the first steps."""
        features, waveform = inputs
        return features[:, : self.count(ops.shape(waveform)[1], features.shape[1])]

    def count(self, samples: Any, steps: int) -> Any:
        """Return the number of steps; `samples` is a number or a scalar tensor."""
        begun = (samples + self.step_samples - 1) // self.step_samples
        if isinstance(samples, int):
            return min(begun, steps)
        return ops.minimum(begun, steps)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Shape:
        """Return (batch, n, features)."""
        (batch, steps, features), (_, samples) = input_shape
        count = None if samples is None else self.count(samples, steps)
        return (batch, count, features)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        return super().get_config() | {"step_samples": self.step_samples}


@rule(StepsOfClip)
def _steps_of_clip(layer: Any, inputs: Sequence[Timed]) -> Timed:
    features, waveform = inputs
    demand(features.count is None and waveform.count is not None, layer)
    count = layer.count(waveform.count, features.value.shape[1])
    return Timed(features.value, count)
