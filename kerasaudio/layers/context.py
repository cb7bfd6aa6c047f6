"""Add silence in front of a clip, or the samples that come before a window."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import Shape, WaveformLayer, require
from kerasaudio.layers.framing import pad_ends


@keras.saving.register_keras_serializable("kerasaudio")
class Context(WaveformLayer):
    """Accept a window with or without the samples before it.

    Input: waveform, floating point, (batch, window_samples), the beginning of a clip;
    or (batch, context_samples + window_samples), which begins with the samples before
    the window.
    Output: float32 (batch, context_samples + window_samples); at the beginning of a
    clip the context is silence.

    Args:
        window_samples: Length of a window in samples.
        context_samples: Number of samples before the window.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is not positive; when called, the input has another
            length.
    """

    arguments = ("window_samples", "context_samples")

    def __init__(
        self, window_samples: int, context_samples: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.window_samples = whole_number(window_samples, "window_samples")
        self.context_samples = whole_number(context_samples, "context_samples")

    def call(self, inputs: Any) -> Any:
        """Return (batch, context_samples + window_samples)."""
        self.check_input(inputs)
        length = self._length(inputs.shape[1])
        # If the input includes its context, the added silence is cut off again.
        return ops.reshape(
            pad_ends(inputs, self.context_samples, 0)[:, -length:], (-1, length)
        )

    def _length(self, samples: int | None) -> int:
        length = self.context_samples + self.window_samples
        require(
            samples in (None, self.window_samples, length),
            f"The network takes {self.window_samples} samples, or {length} including "
            f"the {self.context_samples} before them.",
            samples=samples,
        )
        return length

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, samples)."""
        batch, samples = input_shape
        return (batch, self._length(samples))


@keras.saving.register_keras_serializable("kerasaudio")
class LeadIn(WaveformLayer):
    """Put silence in front of a clip.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, context_samples + samples).

    A network with a state (`AudioSpec.step_samples`) hears the end of the window before
    instead; see `kerasaudio.core.carried`.

    Args:
        context_samples: Number of samples to put in front.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: The argument is not positive.
    """

    arguments = ("context_samples",)

    def __init__(self, context_samples: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.context_samples = whole_number(context_samples, "context_samples")

    def call(self, inputs: Any) -> Any:
        """Pad (batch, samples)."""
        self.check_input(inputs)
        return pad_ends(inputs, self.context_samples, 0)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, samples)."""
        batch, samples = input_shape
        return (batch, None if samples is None else self.context_samples + samples)
