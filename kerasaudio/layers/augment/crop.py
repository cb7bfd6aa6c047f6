"""Random crops, and random shifts that keep the length of a clip."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.augment.base import Augmentation
from kerasaudio.layers.base import (
    Shape,
    WaveformLayer,
    check_choice,
    require,
)
from kerasaudio.layers.framing import check_samples

MODES = ("roll", "pad")


@keras.saving.register_keras_serializable("kerasaudio")
class TimeShift(Augmentation, WaveformLayer):
    """Move each clip earlier or later by a random number of samples.

    Input: waveform (batch, samples), floating point. Output: float32, the same shape.

    Args:
        max_samples: Largest shift in either direction in samples (0.1 s at 16 kHz:
            1600); all whole numbers up to it have the same probability.
        mode: ``"roll"`` (default): samples that leave at one end enter at the other.
            ``"pad"``: they are lost, and zeros enter.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or the input is not floating-point
            (batch, samples) or does not have more than `max_samples` samples.

    Examples:
        >>> waveform = np.arange(16_000, dtype="float32")[None] / 16_000
        >>> shift = kerasaudio.layers.TimeShift(1_600)
        >>> moved = shift(waveform, training=True)  # by 0.1 s at most
        >>> tuple(moved.shape)
        (1, 16000)
        >>> bool(keras.ops.all(shift(waveform) == waveform))
        True
    """

    arguments = (*Augmentation.arguments, "max_samples", "mode")

    def __init__(self, max_samples: int, *, mode: str = "roll", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_choice(mode=(mode, MODES))
        self.max_samples, self.mode = whole_number(max_samples, "max_samples"), mode

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` are longer than the largest shift."""
        super().check_input(inputs)
        samples = inputs.shape[1]
        require(
            samples is None or samples > self.max_samples,
            "TimeShift needs clips longer than `max_samples`. Use a smaller shift.",
            samples=samples,
            max_samples=self.max_samples,
        )

    def augment(self, inputs: Any) -> Any:
        """Shift (batch, samples)."""
        samples = ops.shape(inputs)[1]
        later = self.draw_whole(inputs, -self.max_samples, self.max_samples)
        source = ops.expand_dims(ops.arange(samples, dtype="int32"), 0) - later
        shifted = ops.take_along_axis(inputs, ops.mod(source, samples), axis=1)
        if self.mode == "roll":
            return shifted
        inside = ops.logical_and(source >= 0, source < samples)
        return ops.where(inside, shifted, 0.0)


@keras.saving.register_keras_serializable("kerasaudio")
class RandomCrop(Augmentation, WaveformLayer):
    """Cut a crop of fixed length from a random place of each clip.

    The length is the same in training and inference: in inference (and for clips that
    `probability` leaves out) the crop is the middle of the clip. Clips of
    `crop_samples` samples are returned as they are. To evaluate whole clips, cut them
    with `kerasaudio.windows` and average the scores.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, crop_samples).

    Args:
        crop_samples: Length of the crop in samples.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or the input is not floating-point
            (batch, samples) or is shorter than `crop_samples`.

    Examples:
        >>> waveform = kerasaudio.load_audio("song.wav", 16_000)[None]  # of 3 s
        >>> crop = kerasaudio.layers.RandomCrop(16_000)
        >>> tuple(crop(waveform, training=True).shape)  # from a random place
        (1, 16000)
        >>> bool(keras.ops.all(crop(waveform) == waveform[:, 16_000:32_000]))
        True
    """

    arguments = (*Augmentation.arguments, "crop_samples")

    def __init__(self, crop_samples: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.crop_samples = whole_number(crop_samples, "crop_samples")

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` are at least as long as the crop."""
        super().check_input(inputs)
        check_samples(
            "RandomCrop", inputs.shape[1], shortest=self.crop_samples, why="a crop"
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Crop (batch, samples)."""
        self.check_input(inputs)
        spare = ops.shape(inputs)[1] - self.crop_samples
        if not training:
            middle = spare // 2
            return inputs[:, middle : middle + self.crop_samples]
        start = self.draw_whole(inputs, 0, spare)
        if self.probability < 1:
            chosen = self.draw(inputs, 0.0, 1.0, trailing=1)
            start = ops.where(chosen < self.probability, start, spare // 2)
        index = start + ops.arange(self.crop_samples, dtype="int32")
        return ops.take_along_axis(inputs, index, axis=1)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, crop_samples)."""
        return (input_shape[0], self.crop_samples)
