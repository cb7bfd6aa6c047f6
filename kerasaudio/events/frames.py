"""The scores of frames, which some networks pool into those of a clip.

clip model (b, samples) -> (b, classes), without its pooling:
framewise model (b, samples) -> (b, frames, classes)
"""

from collections.abc import Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.audio_model import Audio, check_model
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
    """Yield the frames of one window after another.

    Where two windows overlap, the first half of the frames is that of the earlier
    window, the second that of the later one: there each hears most around its frames.
    """
    network, spec = framewise(model), _spec(model)
    step = spec.frontend["frame_samples"]
    held, start, end = None, 0, 0
    for batch, outputs in scored(network, spec, audio, sample_rate, errors):
        for window, scores in zip(batch, outputs, strict=True):
            scores = scores[: -(-window.length // step)]
            first = 0
            if held is not None:
                until = start + step * len(held)
                shared = min(max(0, (until - window.start) // step), len(scores))
                first = shared // 2
                own = held[: len(held) - (shared - first)]
                yield _piece(own, start, min(until, window.start + step * first), spec)
            held, start = scores[first:], window.start + step * first
            end = window.start + window.length
    if held is not None:
        yield _piece(held, start, end, spec)


def _spec(model: AudioModel) -> AudioSpec:
    """Return the spec whose windows score every frame of a sound."""
    spec = model.spec.over_time()
    # A network that takes whole clips also takes the end of one at its own length. For
    # others the last window is padded, so that the last frame of the sound is scored.
    rest = "count" if model.spec.whole_samples else "full"
    hop = spec.hop_samples or spec.window_samples
    aligned = hop <= spec.window_samples and hop % spec.frontend["frame_samples"] == 0
    return spec.replace(rest=rest, hop_samples=spec.hop_samples if aligned else None)


def _piece(scores: np.ndarray, start: int, end: int, spec: AudioSpec) -> Piece:
    edges = start + spec.frontend["frame_samples"] * np.arange(len(scores) + 1)
    edges[-1] = end
    times = edges / spec.sample_rate
    return Piece(scores, times[:-1], times[1:])
