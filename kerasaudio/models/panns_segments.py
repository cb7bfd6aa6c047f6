"""Segments and frames of PANNs at the level of decisions: repeated, pooled for a clip.

segments (b, segments, features) -> of each frame (b, frames, features)
frame_scores (b, frames, classes) -> predictions (b, classes)
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from kerasaudio.core.patchwise import ClipScores, PatchMean
from kerasaudio.layers.time_axis import Timed, hide, rule, steps

SEGMENT = 32  # frames


@keras.saving.register_keras_serializable("kerasaudio")
class SegmentFrames(layers.Layer):
    """Repeat what is known of segments for their frames.

    Frames after the last whole segment get what that has.

    Input: segments (batch, segments, features), and what they were made of, (batch,
    frames, ...), 32 or more.
    Output: (batch, frames, features).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Repeat (batch, segments, features)."""
        segments, frames = inputs
        return _repeat(segments, ops.shape(frames)[1], ops.shape(segments)[1])

    def compute_output_shape(self, input_shape: Sequence[Any]) -> tuple[Any, ...]:
        """Return (batch, frames, features)."""
        segments, frames = input_shape
        return (*frames[:2], segments[-1])


@keras.saving.register_keras_serializable("kerasaudio")
class Segments(layers.Layer):
    """Undo `SegmentFrames`.

    Input: (batch, frames, features). Output: (batch, segments, features).
    """

    def call(self, inputs: Any) -> Any:
        """Take one frame of each segment."""
        return _one_each(inputs)


@keras.saving.register_keras_serializable("kerasaudio")
class HighestScores(ClipScores):
    """Take the highest score of a clip's frames.

    Input: scores (batch, frames, classes) and the clip's embedding, as for
    `ClipScores`.
    Output: (batch, classes).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Take the highest of (batch, frames, classes)."""
        scores, _ = inputs
        return ops.max(scores, axis=1)


@keras.saving.register_keras_serializable("kerasaudio")
class AttentionPooling(PatchMean):
    """Average the scores of segments with weights that sum to 1 for each class.

    Input: logarithms of the weights, (batch, segments, classes), which are limited to
    [-10, 10]; scores (batch, frames, classes); and the clip's embedding, as for
    `ClipScores`.
    Output: (batch, classes).
    """

    def call(self, inputs: Sequence[Any]) -> Any:
        """Pool (batch, frames, classes)."""
        attention, scores, _ = inputs
        return _weighted(_weights(attention), scores)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> tuple[Any, ...]:
        """Return (batch, classes)."""
        return super().compute_output_shape(input_shape[0])


def _repeat(segments: Any, frames: Any, count: Any) -> Any:
    places = ops.arange(frames, dtype="int32") // SEGMENT
    return ops.take(segments, ops.minimum(places, count - 1), axis=1)


def _one_each(frames: Any) -> Any:
    return frames[:, SEGMENT - 1 :: SEGMENT]  # the last: only whole segments have one


def _weights(attention: Any) -> Any:
    return ops.exp(ops.clip(attention, -10, 10))


def _weighted(weights: Any, scores: Any) -> Any:
    return ops.sum(weights * _one_each(scores), axis=1) / ops.sum(weights, axis=1)


@rule(SegmentFrames)
def _frames(layer: Any, inputs: Sequence[Timed]) -> Timed:
    segments, frames = inputs
    value = _repeat(segments.value, ops.shape(frames.value)[1], segments.count)
    return Timed(value, frames.count)


@rule(Segments)
def _segments(layer: Any, inputs: Sequence[Timed]) -> Timed:
    (x,) = inputs
    return Timed(layer(x.value), steps(x.count, SEGMENT, SEGMENT))


@rule(HighestScores)
def _highest(layer: Any, inputs: Sequence[Timed]) -> Timed:
    scores, embedding = inputs
    hidden = hide(scores.value, scores.count, float("-inf"))
    return Timed(layer([hidden, embedding.value]))


@rule(AttentionPooling)
def _attend(layer: Any, inputs: Sequence[Timed]) -> Timed:
    attention, scores, _ = inputs
    weights = hide(_weights(attention.value), attention.count)
    return Timed(_weighted(weights, hide(scores.value, scores.count)))
