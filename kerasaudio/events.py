"""Find sound events with their times, with a network trained on labels of clips.

clip model (b, samples) -> (b, classes), without its pooling:
framewise model (b, samples) -> (b, frames, classes) -> events with start and end
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.arguments import number
from kerasaudio.audio.window_rule import Window
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import Audio
from kerasaudio.core.frames import join_frames, over_frames
from kerasaudio.core.windowed import batched, run, waveform_windows

__all__ = ["SoundEvent", "events_of", "find_events", "frame_scores", "framewise"]

LAYER = "frame_scores"


class SoundEvent(NamedTuple):
    """A sound in a clip.

    Attributes:
        label: Class of the sound.
        start: Start in seconds.
        end: End in seconds.
        score: Highest probability of its frames.
    """

    label: str
    start: float
    end: float
    score: float


def framewise(model: AudioModel) -> AudioModel:
    """Remove the pooling of a model, so that it scores every frame.

    Args:
        model: A `SoundEventCRNN` with a top; its layers are shared, not copied. A model
            that is already framewise is returned unchanged.

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
    if len(model.output_shape) == 3:
        return model
    if not any(layer.name == LAYER for layer in model.layers):
        raise ValueError(
            f"{model.name} has no layer {LAYER!r}, so it does not score frames. Use a "
            "FireRedAED or SoundEventCRNN with include_top=True."
        )
    scores = model.get_layer(LAYER).output
    return AudioModel(model.input, scores, name=f"{model.name}_frames", spec=model.spec)


def frame_scores(
    model: AudioModel, audio: Audio, sample_rate: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Score every frame of a sound of any length.

    Args:
        model: A `SoundEventCRNN`, or `framewise(model)`, which is not rebuilt for each
            of many sounds.
        audio: Path, or mono waveform (samples,) of floats in [-1, 1].
        sample_rate: Sample rate of the waveform in Hz; not needed for files.

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
    network = framewise(model)
    spec = over_frames(model.spec)
    step = spec.frontend["frame_samples"]
    windows = (
        pair
        for batch in batched(waveform_windows(spec, audio, sample_rate))
        for pair in zip(batch, _outputs(network, batch), strict=True)
    )
    pieces = list(join_frames(windows, step))
    starts = [piece.start + step * np.arange(len(piece.scores)) for piece in pieces]
    times = np.append(np.concatenate(starts), pieces[-1].end) / spec.sample_rate
    return np.concatenate([piece.scores for piece in pieces]), times


def _outputs(network: AudioModel, batch: Sequence[Window]) -> np.ndarray:
    waveforms = np.stack([window.samples for window in batch])
    return run(network.predict_on_batch, waveforms)


def find_events(
    model: AudioModel,
    audio: Audio,
    sample_rate: int | None = None,
    *,
    threshold: ArrayLike = 0.5,
    min_seconds: float = 0.0,
    gap_seconds: float = 0.0,
) -> list[SoundEvent]:
    """Find the sounds in a clip with their start and end.

    Args:
        model: A `SoundEventCRNN`, or `framewise(model)`; see `frame_scores`.
        audio: Path, or mono waveform (samples,) of floats in [-1, 1].
        sample_rate: Sample rate of the waveform in Hz; not needed for files.
        threshold: Lowest probability of a frame that belongs to an event, above 0 and
            below 1; one number, or one for each class.
        min_seconds: Shortest event in seconds; shorter ones are dropped.
        gap_seconds: Longest pause in seconds that does not end an event.

    Returns:
        Events, sorted by start.

    Raises:
        ValueError: An argument is out of range, the model does not score frames, or the
            audio is unusable.
        OSError: The file is missing or cannot be decoded.

    Examples:
        >>> model = kerasaudio.SoundEventCRNN(labels=["dog", "rain"])
        >>> found = kerasaudio.events.find_events(model, "song.wav", threshold=0.01)
        >>> [(event.label, event.start, event.end) for event in found]
        [('dog', 0.0, 3.0), ('rain', 0.0, 3.0)]
    """
    labels = model.spec.labels
    if labels is None:
        raise ValueError(f"{model.name} has no labels. Build it with labels=[...].")
    levels = np.asarray(threshold, "float64")
    fits = levels.shape in ((), (len(labels),))
    if not fits or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(
            "threshold must be a number between 0 and 1, or one for each of the "
            f"{len(labels)} classes. Received: {threshold!r}."
        )
    for name, seconds in {
        "min_seconds": min_seconds,
        "gap_seconds": gap_seconds,
    }.items():
        number(seconds, name, least=0)
    scores, times = frame_scores(model, audio, sample_rate)
    return events_of(
        scores,
        times,
        labels,
        threshold=levels,
        min_seconds=min_seconds,
        gap_seconds=gap_seconds,
    )


def events_of(
    scores: np.ndarray,
    times: np.ndarray,
    labels: Any,
    *,
    threshold: ArrayLike,
    min_seconds: float = 0.0,
    gap_seconds: float = 0.0,
) -> list[SoundEvent]:
    """Turn the scores of frames into events.

    Args:
        scores: Probabilities (frames, classes), from `frame_scores`.
        times: Times (frames + 1,), from `frame_scores`.
        labels: Names of the classes.
        threshold: See `find_events`.
        min_seconds: See `find_events`.
        gap_seconds: See `find_events`.

    Returns:
        Events, sorted by start.

    Examples:
        >>> scores = np.array([[0.1], [0.9], [0.7], [0.2]])
        >>> times = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
        >>> kerasaudio.events.events_of(scores, times, ["dog"], threshold=0.5)
        [SoundEvent(label='dog', start=0.5, end=1.5, score=0.9)]
    """
    active = scores >= np.asarray(threshold)
    found = []
    for column, label in enumerate(labels):
        for first, last in _runs(active[:, column], times, gap_seconds):
            start, end = float(times[first]), float(times[last])
            if end - start >= min_seconds:
                score = float(scores[first:last, column].max())
                found.append(SoundEvent(label, start, end, score))
    return sorted(found, key=lambda event: (event.start, event.end, event.label))


def _runs(
    active: np.ndarray, times: np.ndarray, gap_seconds: float
) -> list[tuple[int, int]]:
    """Return runs of active frames as [first, last), with short gaps closed."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(int), [0]))))
    runs: list[tuple[int, int]] = []
    for first, last in edges.reshape(-1, 2).tolist():
        if runs and times[first] - times[runs[-1][1]] <= gap_seconds:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs
