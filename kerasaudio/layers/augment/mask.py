"""SpecAugment: masks over random ranges of frames or bins."""

from typing import Any

import keras
from keras import ops

from kerasaudio.arguments import number, whole_number
from kerasaudio.layers.augment.base import Augmentation
from kerasaudio.layers.base import FeatureLayer, require


class _Mask(Augmentation, FeatureLayer):
    """Masks over random ranges of one axis of (batch, frames, bins)."""

    axis: int

    def __init__(
        self, widest: int, *, count: int, fill: float | str, share: float, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.count, self.fill = whole_number(count, "count"), _filling(fill)
        self._widest, self._share = widest, share

    def augment(self, inputs: Any) -> Any:
        """Mask (batch, frames, bins)."""
        masked = _draw(self, inputs, self.axis, self._widest, self.count, self._share)
        return _blot(inputs, masked, self.fill)


def _filling(fill: Any) -> Any:
    named = isinstance(fill, str)
    require(not named or fill == "mean", 'fill must be a number or "mean".', fill=fill)
    return fill if named else number(fill, "fill")


def _draw(
    layer: Augmentation,
    inputs: Any,
    axis: int,
    widest: int,
    count: int,
    share: float = 1.0,
) -> Any:
    """Choose the frames (axis 1) or bins (axis 2) of each clip that are masked."""
    length = ops.shape(inputs)[axis]
    bound = ops.cast(ops.floor(share * ops.cast(length, "float32")), "int32")
    width = layer.draw_whole(inputs, 0, ops.minimum(bound, widest), columns=count)
    start = layer.draw_whole(inputs, 0, length - width, columns=count)
    place = ops.arange(length, dtype="int32")
    start, width = ops.expand_dims(start, -1), ops.expand_dims(width, -1)
    masked = ops.logical_and(place >= start, place < start + width)
    return ops.expand_dims(ops.any(masked, axis=1), 3 - axis)


def _blot(inputs: Any, masked: Any, fill: float | str) -> Any:
    if fill == "mean":
        return ops.where(masked, ops.mean(inputs, axis=(1, 2), keepdims=True), inputs)
    return ops.where(masked, fill, inputs)


@keras.saving.register_keras_serializable("kerasaudio")
class TimeMask(_Mask):
    """Mask random ranges of frames of each clip.

    The width of a mask is uniform over 0 ... `max_frames`, its position uniform over
    the clip; masks may overlap.

    Input: features (batch, frames, bins), floating point; SpecAugment uses log-mel.
    Output: float32, the same shape.

    Args:
        max_frames: Width of the widest mask in frames ("T" in the paper).
        count: Number of masks per clip ("m_T"); default: 1.
        max_share: Width of the widest mask as a fraction of the clip, above 0 up to 1
            ("p"); default: 1.
        fill: Value of masked frames: a number, or ``"mean"`` (default) for the mean of
            the clip. The paper's 0 is the mean, as its features are standardized.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or the input is not floating-point
            (batch, frames, bins).

    Source: Park et al. 2019, "SpecAugment", arXiv:1904.08779.

    Examples:
        >>> features = np.ones((1, 100, 64), "float32")
        >>> mask = kerasaudio.layers.TimeMask(20, fill=0.0)
        >>> masked = mask(features, training=True)
        >>> blotted = int(keras.ops.sum(masked[0, :, 0] == 0))
        >>> 0 <= blotted <= 20
        True
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
        max_frames = whole_number(max_frames, "max_frames")
        max_share = number(max_share, "max_share", above=0, most=1)
        super().__init__(max_frames, count=count, fill=fill, share=max_share, **kwargs)
        self.max_frames, self.max_share = max_frames, max_share


@keras.saving.register_keras_serializable("kerasaudio")
class FrequencyMask(_Mask):
    """Mask random ranges of neighboring bins of each clip.

    The width of a mask is uniform over 0 ... `max_bins`, its position uniform over the
    bins; masks may overlap.

    Input: features (batch, frames, bins), floating point; SpecAugment uses log-mel.
    Output: float32, the same shape.

    Args:
        max_bins: Width of the widest mask in bins ("F" in the paper).
        count: Number of masks per clip ("m_F"); default: 1.
        fill: See `TimeMask`.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    Raises:
        ValueError: An argument is out of range, or the input is not floating-point
            (batch, frames, bins).

    Source: Park et al. 2019, "SpecAugment", arXiv:1904.08779.

    Examples:
        >>> features = np.ones((1, 100, 64), "float32")
        >>> mask = kerasaudio.layers.FrequencyMask(8, fill=0.0)
        >>> masked = mask(features, training=True)
        >>> blotted = int(keras.ops.sum(masked[0, 0] == 0))
        >>> 0 <= blotted <= 8
        True
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
        max_bins = whole_number(max_bins, "max_bins")
        super().__init__(max_bins, count=count, fill=fill, share=1.0, **kwargs)
        self.max_bins = max_bins


@keras.saving.register_keras_serializable("kerasaudio")
class SpecAugment(Augmentation, FeatureLayer):
    """Mask random ranges of frames and of bins: `TimeMask` and `FrequencyMask`.

    All masks are drawn first and filled at once, so a mean is that of the whole clip.
    The paper's time warp, which the paper finds of little use, is left out.

    Input: log-mel features (batch, frames, bins), floating point. Output: float32, the
    same shape.

    Args:
        time_masks: Number of masks over frames; 0 for none. Default: 2.
        time_width: Width of the widest time mask in frames; default: 70.
        frequency_masks: Number of masks over bins; 0 for none. Default: 2.
        frequency_width: Width of the widest frequency mask in bins; default: 15.
        time_share: Width of the widest time mask as a fraction of the clip, above 0 up
            to 1; default: 0.2.
        fill: See `TimeMask`.
        **kwargs: `probability` and `seed`, see `Augmentation`; others are passed to
            `keras.layers.Layer`.

    The defaults are the paper's policy SM, which is meant for hundreds of frames.

    Raises:
        ValueError: An argument is out of range, there are no masks, or the input is not
            floating-point (batch, frames, bins).

    Source: Park et al. 2019, "SpecAugment", arXiv:1904.08779.

    Examples:
        >>> features = np.ones((4, 300, 64), "float32")
        >>> augment = kerasaudio.layers.SpecAugment(time_width=30, frequency_width=8)
        >>> tuple(augment(features, training=True).shape)
        (4, 300, 64)
    """

    arguments = (
        *Augmentation.arguments,
        "time_masks",
        "time_width",
        "frequency_masks",
        "frequency_width",
        "time_share",
        "fill",
    )

    def __init__(
        self,
        *,
        time_masks: int = 2,
        time_width: int = 70,
        frequency_masks: int = 2,
        frequency_width: int = 15,
        time_share: float = 0.2,
        fill: float | str = "mean",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        time_masks = whole_number(time_masks, "time_masks", 0)
        frequency_masks = whole_number(frequency_masks, "frequency_masks", 0)
        require(
            time_masks + frequency_masks > 0,
            "SpecAugment needs at least one mask.",
            time_masks=time_masks,
            frequency_masks=frequency_masks,
        )
        self.time_masks, self.frequency_masks = time_masks, frequency_masks
        self.time_width = whole_number(time_width, "time_width")
        self.frequency_width = whole_number(frequency_width, "frequency_width")
        self.time_share = number(time_share, "time_share", above=0, most=1)
        self.fill = _filling(fill)

    def augment(self, inputs: Any) -> Any:
        """Mask (batch, frames, bins)."""
        masks = []
        if self.time_masks:
            frames, share = self.time_width, self.time_share
            masks.append(_draw(self, inputs, 1, frames, self.time_masks, share))
        if self.frequency_masks:
            bins = self.frequency_width
            masks.append(_draw(self, inputs, 2, bins, self.frequency_masks))
        masked = masks[0] if len(masks) == 1 else ops.logical_or(*masks)
        return _blot(inputs, masked, self.fill)
