"""Normalization by the statistics of a data set, which come with the weights."""

from collections.abc import Sequence
from typing import Any

import keras

from kerasaudio.arguments import number
from kerasaudio.layers.base import FeatureLayer
from kerasaudio.layers.time_axis import Timed, rule


@keras.saving.register_keras_serializable("kerasaudio")
class KnownStatistics(FeatureLayer):
    """Normalize each bin: (x - mean) * inverse_deviation; Kaldi's global CMVN.

    Both are weights that training does not change. `Standardize` has numbers instead.

    Input: (batch, frames, bins). Output: float32, the same shape.

    Args:
        initial_mean: Mean of every bin until weights are loaded; default: 0.
        initial_inverse_deviation: The same for the inverse standard deviation, above 0;
            default: 1.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `initial_inverse_deviation` is not positive; the input is not
            (batch, frames, bins) of floats.
    """

    arguments = ("initial_mean", "initial_inverse_deviation")

    def __init__(
        self,
        initial_mean: float = 0.0,
        initial_inverse_deviation: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.initial_mean = number(initial_mean, "initial_mean")
        self.initial_inverse_deviation = number(
            initial_inverse_deviation, "initial_inverse_deviation", above=0
        )

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Create both weights, (bins,)."""
        for name in ("mean", "inverse_deviation"):
            value = getattr(self, f"initial_{name}")
            weight = self.add_weight(
                (input_shape[-1],),
                keras.initializers.Constant(value),
                trainable=False,
                name=name,
            )
            setattr(self, name, weight)

    def call(self, inputs: Any) -> Any:
        """Normalize (batch, frames, bins)."""
        self.check_input(inputs)
        return (inputs - self.mean) * self.inverse_deviation


@rule(KnownStatistics)
def _normalize(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), x.count)
