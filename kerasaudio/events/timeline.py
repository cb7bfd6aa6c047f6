"""Scores over time: those of frames if a network has them, otherwise of windows."""

from collections.abc import Iterator

import numpy as np

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.audio_model import WORKERS, Audio
from kerasaudio.core.score_timeline import ScoreTimeline
from kerasaudio.core.windowed import scored
from kerasaudio.events.classes import labels_of
from kerasaudio.events.frames import Piece, frame_pieces, has_frames


def timeline(
    model: AudioModel,
    audio: Audio,
    sample_rate: int | None = None,
    *,
    window_seconds: float | None = None,
    hop_seconds: float | None = None,
) -> ScoreTimeline:
    """Return the scores of a sound over time; see `AudioModel.timeline`."""
    labels = labels_of(model)
    pieces = score_pieces(model, audio, sample_rate, window_seconds, hop_seconds)
    # One buffer, as small arrays that each piece leaves would fragment the memory.
    found, spans = bytearray(), []
    for piece in pieces:
        found += piece.scores.tobytes()
        spans.append(np.stack([piece.starts, piece.ends]))
    scores = np.frombuffer(found, np.float32).reshape(-1, len(labels))
    starts, ends = np.concatenate(spans, axis=1)
    return ScoreTimeline(scores, starts, ends, labels)


def score_pieces(
    model: AudioModel,
    audio: Audio,
    sample_rate: int | None,
    window_seconds: float | None,
    hop_seconds: float | None,
    errors: str = "raise",
) -> Iterator[Piece]:
    """Yield the scores of a sound, a few windows at a time.

    Raises:
        ValueError: The network has frames and takes no windows, or does not accept the
            length, or the audio is unusable.
        OSError: The file is missing or cannot be decoded.
    """
    spec = spec_over_time(model, window_seconds, hop_seconds)
    if has_frames(model):
        yield from frame_pieces(model, audio, sample_rate, errors)
        return
    rate = spec.sample_rate
    for batch, scores in scored(model, spec, audio, sample_rate, errors):
        spans = [(window.start, window.start + window.length) for window in batch]
        starts, ends = np.array(spans).T / rate
        yield Piece(scores, starts, ends)


def spec_over_time(
    model: AudioModel, window_seconds: float | None, hop_seconds: float | None
) -> AudioSpec:
    """Return the spec with the windows of a timeline.

    Raises:
        ValueError: The network has frames and takes no windows, or does not accept the
            length.
    """
    given = {"window_seconds": window_seconds, "hop_seconds": hop_seconds}
    named = [f"{name}={value!r}" for name, value in given.items() if value is not None]
    if named and has_frames(model):
        step = model.spec.frontend["frame_samples"] / model.spec.sample_rate
        raise ValueError(
            f"{model.name} scores a frame every {step:g} s, so it takes neither "
            f"window_seconds nor hop_seconds: leave them out. Received: "
            f"{', '.join(named)}."
        )
    return model.spec.with_windows(**given).over_time()


WORKERS["timeline"] = timeline
