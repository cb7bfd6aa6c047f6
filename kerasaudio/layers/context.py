"""Silence in front of a clip, or the samples that were there."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Shape, WaveformLayer, require
from kerasaudio.layers.framing import pad_ends


@keras.saving.register_keras_serializable("kerasaudio")
class Context(WaveformLayer):
    """Take a window with or without the samples before it.

    Input: waveform, floating point, (batch, window_samples), the beginning of a clip;
    or (batch, context_samples + window_samples), where the first are those before.
    Output: float32 (batch, context_samples + window_samples); in front of the beginning
    of a clip there is silence.

    Args:
        window_samples: Length of a window, in samples.
        context_samples: How many samples before it are heard.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: Not positive; when called, an input of another length.
    """

    arguments = ("window_samples", "context_samples")

    def __init__(
        self, window_samples: int, context_samples: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.window_samples = whole_number(window_samples, "window_samples")
        self.context_samples = whole_number(context_samples, "context_samples")

    def call(self, inputs: Any) -> Any:
        """Give (batch, context_samples + window_samples)."""
        self.check_input(inputs)
        length = self._length(inputs.shape[1])
        # What comes with its context loses just the silence again.
        return ops.reshape(
            pad_ends(inputs, self.context_samples, 0)[:, -length:], (-1, length)
        )

    def _length(self, samples: int | None) -> int:
        length = self.context_samples + self.window_samples
        require(
            samples in (None, self.window_samples, length),
            f"The network takes {self.window_samples} samples, or {length} with the "
            f"{self.context_samples} before.",
            samples=samples,
        )
        return length

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Give (batch, samples)."""
        batch, samples = input_shape
        return (batch, self._length(samples))
