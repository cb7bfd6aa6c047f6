"""The scores of frames, which some networks pool into those of a clip.

clip model (b, samples) -> (b, classes), without its pooling:
framewise model (b, samples) -> (b, frames, classes)
"""

from collections.abc import Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import Audio, check_model
from kerasaudio.core.frames import join_frames, over_frames
from kerasaudio.core.windowed import scored

LAYER = "frame_scores"
# Built once for each model, as compilers (XLA) are slow.
_FRAMEWISE: "WeakKeyDictionary[AudioModel, AudioModel]" = WeakKeyDictionary()


class Piece(NamedTuple):
    """Some of the scores of a sound.

    Attributes:
        scores: Scores of the classes, float32 (times, classes).
        starts: Starts of the frames or windows in seconds, float64 (times,).
        ends: Their ends, at most the end of the clip.
    """

    scores: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def has_frames(model: AudioModel) -> bool:
    """Return whether a model scores frames."""
    is_framewise = len(model.output_shape) == 3
    return is_framewise or any(layer.name == LAYER for layer in model.layers)


def framewise(model: AudioModel) -> AudioModel:
    """Remove the pooling of a model, so that it scores every frame.

    Args:
        model: A model with a layer `frame_scores`, such as a `SoundEventCRNN` with a
            top; its layers are shared, not copied. A model that is already framewise is
            returned unchanged.

    Returns:
        Model from waveforms (batch, samples) to probabilities (batch, frames, classes),
        one frame every `spec.frontend["frame_samples"]` samples.

    Raises:
        ValueError: The model does not score frames.

    Examples:
        >>> model = kerasaudio.SoundEventCRNN(labels=["dog", "rain"])
        >>> frames = kerasaudio.events.framewise(model)
        >>> frames.output_shape
        (None, None, 2)
        >>> frames.predict_on_batch(np.zeros((1, 16_000), "float32")).shape
        (1, 25, 2)
    """
    check_model(model, "framewise")
    if len(model.output_shape) == 3:
        return model
    if not has_frames(model):
        raise ValueError(
            f"{model.name} has no layer {LAYER!r}, so it does not score frames. Use "
            "find_events or model.timeline, which also take networks that score "
            "windows, or a FireRedAED or SoundEventCRNN with include_top=True."
        )
    if model not in _FRAMEWISE:
        scores = model.get_layer(LAYER).output
        name = f"{model.name}_frames"
        _FRAMEWISE[model] = AudioModel(model.input, scores, name=name, spec=model.spec)
    return _FRAMEWISE[model]


def frame_scores(
    model: AudioModel,
    audio: Audio,
    sample_rate: int | None = None,
    *,
    errors: str = "raise",
) -> tuple[np.ndarray, np.ndarray]:
    """Score every frame of a sound of any length.

    Args:
        model: A model with a layer `frame_scores`, or `framewise(model)`.
        audio: Path, or mono waveform (samples,) of floats in [-1, 1].
        sample_rate: Sample rate of the waveform in Hz; not needed for files.
        errors: As for `load_audio`.

    Returns:
        Probabilities, float32 (frames, classes), and the starts of the frames followed
        by the end of the last one, in seconds, float64 (frames + 1,).

    Raises:
        ValueError: The model does not score frames, or the audio is unusable.
        OSError: The file is missing or cannot be decoded.

    Examples:
        >>> model = kerasaudio.SoundEventCRNN(labels=["dog", "rain"])
        >>> scores, times = kerasaudio.events.frame_scores(model, "song.wav")
        >>> scores.shape, times.shape, float(times[-1])
        ((75, 2), (76,), 3.0)
    """
    pieces = list(frame_pieces(model, audio, sample_rate, errors))
    scores, starts, ends = map(np.concatenate, zip(*pieces, strict=True))
    return scores, np.append(starts, ends[-1])


def frame_pieces(
    model: AudioModel, audio: Audio, sample_rate: int | None, errors: str
) -> Iterator[Piece]:
    """Yield the frames of one window after another."""
    network, spec = framewise(model), over_frames(model.spec)
    step = spec.frontend["frame_samples"]
    windows = (
        pair
        for batch, outputs in scored(network, spec, audio, sample_rate, errors)
        for pair in zip(batch, outputs, strict=True)
    )
    for scores, start, end in join_frames(windows, step):
        edges = start + step * np.arange(len(scores) + 1)
        edges[-1] = end
        times = edges / spec.sample_rate
        yield Piece(scores, times[:-1], times[1:])
