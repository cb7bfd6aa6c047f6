"""Cut long clips into patches that a network processes one by one.

waveform (batch, samples) -> whole windows (batch, samples + silence) -> features
(batch, frames, bins) -> patches (batch, patches, frames, bins)
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import whole_number
from kerasaudio.layers.base import (
    FeatureLayer,
    Shape,
    WaveformLayer,
    require,
)
from kerasaudio.layers.framing import count_frames, frame, pad_ends


@keras.saving.register_keras_serializable("kerasaudio")
class WholeWindows(WaveformLayer):
    """Append silence until whole windows cover the waveform.

    Input: waveform (batch, samples), floating point.
    Output: float32 (batch, window_samples + n * hop_samples), the shortest such length
    that contains every sample.

    Args:
        window_samples: Length of a window in samples.
        hop_samples: Distance from one window's start to the next in samples, at most
            `window_samples`.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is not positive, or the hop is longer than the window.

    Examples:
        >>> whole = kerasaudio.layers.WholeWindows(16_000, 8_000)
        >>> tuple(whole(np.ones((1, 20_000), "float32")).shape)
        (1, 24000)
    """

    arguments = ("window_samples", "hop_samples")

    def __init__(self, window_samples: int, hop_samples: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        window_samples = whole_number(window_samples, "window_samples")
        hop_samples = whole_number(hop_samples, "hop_samples")
        require(
            hop_samples <= window_samples,
            "`hop_samples` must be at most `window_samples`.",
            hop_samples=hop_samples,
            window_samples=window_samples,
        )
        self.window_samples, self.hop_samples = window_samples, hop_samples

    def call(self, inputs: Any) -> Any:
        """Pad (batch, samples)."""
        self.check_input(inputs)
        samples = ops.shape(inputs)[1]
        if isinstance(samples, int):
            return pad_ends(inputs, 0, self._lengthened(samples) - samples)
        beyond = samples - self.window_samples
        hops = ops.maximum(-(-beyond // self.hop_samples), 0)
        longest = pad_ends(inputs, 0, self.window_samples - 1)
        return longest[:, : self.window_samples + hops * self.hop_samples]

    def _lengthened(self, samples: int) -> int:
        hops = max(-(-(samples - self.window_samples) // self.hop_samples), 0)
        return self.window_samples + hops * self.hop_samples

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, samples)."""
        batch, samples = input_shape
        return (batch, None if samples is None else self._lengthened(samples))


@keras.saving.register_keras_serializable("kerasaudio")
class Patches(FeatureLayer):
    """Cut features into patches of equal length; remaining frames are dropped.

    Input: (batch, frames, bins), at least `patch_frames` frames.
    Output: float32 (batch, patches, patch_frames, bins).

    Args:
        patch_frames: Length of a patch in frames.
        hop_frames: Distance from one patch's start to the next in frames; default:
            `patch_frames`, so that patches do not overlap.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ValueError: An argument is not positive, or the input is shorter than a patch.

    Examples:
        >>> features = np.ones((1, 188, 96), "float32")
        >>> tuple(kerasaudio.layers.Patches(64)(features).shape)
        (1, 2, 64, 96)
        >>> tuple(kerasaudio.layers.Patches(64, hop_frames=32)(features).shape)
        (1, 4, 64, 96)
    """

    arguments = ("patch_frames", "hop_frames")

    def __init__(
        self, patch_frames: int, hop_frames: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        hop_frames = patch_frames if hop_frames is None else hop_frames
        self.patch_frames = whole_number(patch_frames, "patch_frames")
        self.hop_frames = whole_number(hop_frames, "hop_frames")

    def check_input(self, inputs: Any) -> None:
        """Raise ValueError unless `inputs` have the frames of a patch."""
        super().check_input(inputs)
        frames = inputs.shape[1]
        require(
            not isinstance(frames, int) or frames >= self.patch_frames,
            f"A patch needs {self.patch_frames} frames; pad the waveform.",
            frames=frames,
        )

    def call(self, inputs: Any) -> Any:
        """Cut (batch, frames, bins)."""
        self.check_input(inputs)
        bins = inputs.shape[2]
        patches = count_frames(ops.shape(inputs)[1], self.patch_frames, self.hop_frames)
        cut = frame(
            ops.reshape(inputs, (-1, ops.shape(inputs)[1] * bins)),
            frame_length=self.patch_frames * bins,
            hop_length=self.hop_frames * bins,
            frames=patches,
        )
        return ops.reshape(cut, (-1, patches, self.patch_frames, bins))

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Shape:
        """Return (batch, patches, patch_frames, bins)."""
        batch, frames, bins = input_shape
        patches = None
        if frames is not None:
            patches = count_frames(frames, self.patch_frames, self.hop_frames)
        return (batch, patches, self.patch_frames, bins)
