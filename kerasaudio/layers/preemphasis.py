"""Pre-emphasis: a first-order high-pass filter on the waveform."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import number
from kerasaudio.layers.base import Shape, WaveformLayer, check_choice
from kerasaudio.layers.framing import check_samples

MODES = ("extrapolate", "replicate", "zeros", "valid")


@keras.saving.register_keras_serializable("kerasaudio")
class Preemphasis(WaveformLayer):
    """Pre-emphasis y[t] = x[t] - coefficient * x[t - 1].

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, samples), or (batch, samples - 1) with ``mode="valid"``.

    Args:
        coefficient: Weight of the previous sample; default: 0.97.
        mode: Treatment of the first sample, which has no previous one.
            ``"extrapolate"`` (default): y[0] = 3 x[0] - x[1], as in
            `librosa.effects.preemphasis`; ``"replicate"``: x[-1] is x[0] (Kaldi);
            ``"zeros"``: x[-1] is 0; ``"valid"``: y[0] is left out (EfficientAT).
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: `mode` is unknown, or there are fewer than two samples where `mode`
            requires two.

    Examples:
        >>> waveform = np.array([[0.0, 0.5, 0.5, 0.5]], "float32")
        >>> emphasized = kerasaudio.layers.Preemphasis(0.97, mode="zeros")(waveform)
        >>> [round(float(sample), 3) for sample in emphasized[0]]
        [0.0, 0.5, 0.015, 0.015]
    """

    arguments = ("coefficient", "mode")

    def __init__(
        self, coefficient: float = 0.97, *, mode: str = "extrapolate", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_choice(mode=(mode, MODES))
        self.coefficient, self.mode = number(coefficient, "coefficient"), mode

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` have enough samples."""
        super().check_input(inputs)
        samples = inputs.shape[1]
        if isinstance(samples, int):
            shortest = 2 if self.mode in ("extrapolate", "valid") else 1
            why = f"mode={self.mode!r}"
            check_samples("Preemphasis", samples, shortest=shortest, why=why)

    def call(self, inputs: Any) -> Any:
        """Filter (batch, samples)."""
        self.check_input(inputs)
        later = inputs[:, 1:] - self.coefficient * inputs[:, :-1]
        if self.mode == "valid":
            return later
        first = inputs[:, :1]
        if self.mode == "extrapolate":
            first = 3.0 * first - inputs[:, 1:2]
        elif self.mode == "replicate":
            first = (1.0 - self.coefficient) * first
        return ops.concatenate([first, later], axis=1)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, samples), one sample less with ``mode="valid"``."""
        batch, samples = input_shape
        if self.mode == "valid" and samples is not None:
            samples -= 1
        return (batch, samples)
