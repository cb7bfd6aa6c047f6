"""Find sound events with their times, with any network that has labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.arguments import number
from kerasaudio.core import AudioModel
from kerasaudio.core.audio_model import Audio, check_model
from kerasaudio.core.random_weights import warn_if_random
from kerasaudio.core.score_timeline import SoundEvent, time_cells
from kerasaudio.events.classes import chosen_columns, labels_of
from kerasaudio.events.runs import ROUNDING, Runs
from kerasaudio.events.timeline import score_pieces


def find_events(
    model: AudioModel,
    audio: Audio,
    sample_rate: int | None = None,
    *,
    labels: Sequence[str] | None = None,
    threshold: ArrayLike = 0.5,
    min_seconds: float = 0.0,
    gap_seconds: float = 0.0,
    window_seconds: float | None = None,
    hop_seconds: float | None = None,
    errors: str = "raise",
) -> list[SoundEvent]:
    """Find the sounds in a clip with their start and end.

    A network with a layer `frame_scores` gives the times of its frames. Any other
    scores windows. Where two windows overlap, each stands for its half of the overlap:
    so a window inside the clip stands for one hop in its middle, the first also for the
    beginning of the clip, and the last for its end. Windows side by side stand for all
    of their time. Sound between windows that do not touch (a hop longer than the
    window) belongs to no event. As a part of a window can suffice, times are up to half
    of (window + hop) off: 0.7 s for YAMNet.

    Memory does not grow with the length of a file, apart from the events and a few
    bytes per frame or window.

    Args:
        model: A model with labels, or `framewise(model)`.
        audio: Path, or mono waveform (samples,) of floats in [-1, 1].
        sample_rate: Sample rate of the waveform in Hz; not needed for files.
        labels: Classes to look for; None for all.
        threshold: Lowest probability of a frame (or window) that belongs to an event,
            above 0 and below 1; one number, or one for each class, in the order of
            `labels`.
        min_seconds: Shortest event in seconds; shorter ones are dropped.
        gap_seconds: Longest pause in seconds that does not end an event.
        window_seconds: Length of the windows in seconds, for networks that accept any
            length and have no frames; None for the network's own.
        hop_seconds: Time from the start of one window to the start of the next, in
            seconds, for networks that have no frames; None for the network's own.
        errors: As for `load_audio`; with "salvage" the events of the part of a damaged
            file that can be read.

    Returns:
        Events, sorted by start.

    Raises:
        ValueError: An argument is out of range, a label is unknown or repeated, the
            model has no labels, its scores are not probabilities, or the audio is
            unusable.
        OSError: The file is missing or cannot be decoded.

    Examples:
        >>> model = kerasaudio.SoundEventCRNN(labels=["dog", "rain"])
        >>> found = kerasaudio.events.find_events(model, "song.wav", threshold=0.01)
        >>> [(event.label, event.start, event.end) for event in found]
        [('dog', 0.0, 3.0), ('rain', 0.0, 3.0)]
    """
    check_model(model, "find_events")
    warn_if_random(model)
    known = labels_of(model)
    columns = chosen_columns(labels, known, model.name)
    levels = levels_of(threshold, len(columns))
    for name, seconds in {
        "min_seconds": min_seconds,
        "gap_seconds": gap_seconds,
    }.items():
        number(seconds, name, least=0)
    runs, spans = Runs(len(columns)), []
    for piece in score_pieces(
        model, audio, sample_rate, window_seconds, hop_seconds, errors
    ):
        scores = piece.scores[:, columns]
        check_scores(scores, model.name)
        runs.add(scores, levels, piece.starts, piece.ends)
        spans.append(np.stack([piece.starts, piece.ends]))
    cells = time_cells(*np.concatenate(spans, axis=1))
    return runs.events(cells, [known[i] for i in columns], min_seconds, gap_seconds)


def check_scores(scores: np.ndarray, owner: str) -> None:
    """Raise a ValueError unless scores are probabilities; `owner` is the model."""
    if not ((scores >= 0) & (scores <= 1 + ROUNDING)).all():
        raise ValueError(
            f"The scores of {owner} are not probabilities, from 0 to 1. Build it with "
            "classifier_activation='sigmoid' or 'softmax'."
        )


def levels_of(threshold: ArrayLike, classes: int) -> np.ndarray:
    """Return the threshold, or one for each class, or raise a ValueError."""
    try:
        levels = np.asarray(threshold, "float64")
    except (TypeError, ValueError):
        levels = np.zeros(1)
    if levels.shape in ((), (classes,)) and ((levels > 0) & (levels < 1)).all():
        return levels
    raise ValueError(
        "threshold must be a number between 0 and 1, or one for each of the "
        f"{classes} classes. Received: {threshold!r}."
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
    """Turn scores over time into events.

    Args:
        scores: Probabilities (frames, classes), from `frame_scores`, or the `scores` of
            a `ScoreTimeline`.
        times: Times (frames + 1,), from `frame_scores`: the starts of the frames and
            the end of the last one. Or start and end of each frame, (frames, 2), such
            as the `cells` of a `ScoreTimeline`.
        labels: Names of the classes.
        threshold: See `find_events`.
        min_seconds: See `find_events`.
        gap_seconds: See `find_events`.

    Returns:
        Events, sorted by start.

    Raises:
        ValueError: The shapes do not fit together.

    Examples:
        >>> scores = np.array([[0.1], [0.9], [0.7], [0.2]])
        >>> times = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
        >>> kerasaudio.events.events_of(scores, times, ["dog"], threshold=0.5)
        [SoundEvent(label='dog', start=0.5, end=1.5, score=0.9)]
    """
    scores, times = np.asarray(scores), np.asarray(times)
    frames = len(scores) if scores.ndim else 0
    if times.shape == (frames + 1,):
        times = np.stack([times[:-1], times[1:]], axis=1)
    if scores.shape != (frames, len(labels)) or times.shape != (frames, 2):
        raise ValueError(
            "events_of needs scores (frames, classes), times (frames + 1,) or (frames, "
            f"2), and a label for each class. Received: scores {scores.shape}, times "
            f"{times.shape} and {len(labels)} labels."
        )
    runs = Runs(len(labels))
    runs.add(scores, np.asarray(threshold), *times.T)
    return runs.events(times, labels, min_seconds, gap_seconds)
