"""SpecAugment: stretches of frames or bins that are blotted out."""

from typing import Any

import keras
from keras import ops

from kerasaudio.layers.augment.base import Augmentation
from kerasaudio.layers.base import FeatureLayer, check_count, require


class _Mask(Augmentation, FeatureLayer):
    """Stretches along one axis of (batch, frames, bins) that are blotted out."""

    axis: int

    def __init__(
        self, widest: int, *, count: int, fill: float | str, share: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_count(count=count)
        number = isinstance(fill, int | float) and not isinstance(fill, bool)
        require(
            fill == "mean" or number, '`fill` must be a number or "mean".', fill=fill
        )
        self.count, self.fill = count, fill
        self._widest, self._share = widest, share

    def augment(self, inputs: Any) -> Any:
        """Mask (batch, frames, bins)."""
        length = ops.shape(inputs)[self.axis]
        bound = ops.cast(ops.floor(self._share * ops.cast(length, "float32")), "int32")
        widest = ops.minimum(bound, self._widest)
        width = self.draw_whole(inputs, 0, widest, columns=self.count)
        start = self.draw_whole(inputs, 0, length - width, columns=self.count)
        place = ops.arange(length, dtype="int32")
        start, width = ops.expand_dims(start, -1), ops.expand_dims(width, -1)
        masked = ops.logical_and(place >= start, place < start + width)
        masked = ops.expand_dims(ops.any(masked, axis=1), 3 - self.axis)
        fill: Any = self.fill
        if fill == "mean":
            fill = ops.mean(inputs, axis=(1, 2), keepdims=True)
        return ops.where(masked, fill, inputs)


@keras.saving.register_keras_serializable("kerasaudio")
class TimeMask(_Mask):
    """Blot out random stretches of frames of each clip.

    The width of a mask is uniform over 0 ... `max_frames`, its place uniform over the
    clip; masks may overlap.

    Input: features (batch, frames, bins), floating point; SpecAugment works on log-mel.
    Output: float32, the same shape.

    Args:
        max_frames: Widest mask, in frames ("T" of the paper).
        count: Masks a clip ("m_T").
        max_share: Widest mask as a share of the clip, above 0 up to 1 ("p").
        fill: What is put there: a number, or ``"mean"`` of the clip. The paper's 0 is
            the mean, as its features are standardised.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument out of range; an input that is not a floating-point
            (batch, frames, bins).

    Source: Park et al. 2019, "SpecAugment", arXiv:1904.08779.
    """

    arguments = (*Augmentation.arguments, "max_frames", "count", "max_share", "fill")
    axis = 1

    def __init__(
        self,
        max_frames: int,
        *,
        count: int = 1,
        max_share: float = 1.0,
        fill: float | str = "mean",
        **kwargs: Any,
    ) -> None:
        check_count(max_frames=max_frames)
        require(
            0 < max_share <= 1, "`max_share` must be in (0, 1].", max_share=max_share
        )
        super().__init__(max_frames, count=count, fill=fill, share=max_share, **kwargs)
        self.max_frames, self.max_share = max_frames, max_share


@keras.saving.register_keras_serializable("kerasaudio")
class FrequencyMask(_Mask):
    """Blot out random stretches of neighbouring bins of each clip.

    The width of a mask is uniform over 0 ... `max_bins`, its place uniform over the
    bins; masks may overlap.

    Input: features (batch, frames, bins), floating point; SpecAugment works on log-mel.
    Output: float32, the same shape.

    Args:
        max_bins: Widest mask, in bins ("F" of the paper).
        count: Masks a clip ("m_F").
        fill: See `TimeMask`.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument out of range; an input that is not a floating-point
            (batch, frames, bins).

    Source: Park et al. 2019, "SpecAugment", arXiv:1904.08779.
    """

    arguments = (*Augmentation.arguments, "max_bins", "count", "fill")
    axis = 2

    def __init__(
        self,
        max_bins: int,
        *,
        count: int = 1,
        fill: float | str = "mean",
        **kwargs: Any,
    ) -> None:
        check_count(max_bins=max_bins)
        super().__init__(max_bins, count=count, fill=fill, share=1.0, **kwargs)
        self.max_bins = max_bins
