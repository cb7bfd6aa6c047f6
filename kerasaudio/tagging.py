"""Tag many files: each gives its labels, over time if asked, or says why it cannot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerasaudio.models import AudioModel
from kerasaudio.models.windowed import timeline

Tags = list[tuple[str, float]]


@dataclass(frozen=True)
class Moment:
    """Tags of one window.

    Attributes:
        start: Of the window, in seconds.
        end: Of the window, in seconds, and not beyond the end of the file.
        tags: (label, score), best first.
    """

    start: float
    end: float
    tags: Tags


@dataclass(frozen=True)
class Tagged:
    """What was heard in a file.

    Attributes:
        path: The file.
        tags: (label, score), best first, averaged over the windows; empty on error.
        moments: The windows in order, if a timeline was asked for.
        error: Why the file cannot be tagged; None if it was.
    """

    path: Path
    tags: Tags
    moments: tuple[Moment, ...] = ()
    error: str | None = None


def tag_files(
    model: AudioModel,
    paths: Iterable[Path],
    *,
    top: int = 5,
    with_timeline: bool = False,
    errors: str = "raise",
) -> Iterator[Tagged]:
    """Tag files one after the other; an unusable one does not stop the rest.

    Args:
        model: A model with a top.
        paths: Files.
        top: Number of labels a file (and a window).
        with_timeline: Give the tags of each window too.
        errors: As for `load_audio`: "salvage" tags what a file has that was cut short.

    Yields:
        One `Tagged` a file, in order.
    """
    for path in paths:
        try:
            scores, starts, ends = timeline(
                model.predict_on_batch, model.spec, path, errors=errors
            )
        except (ValueError, OSError) as error:
            yield Tagged(path, [], error=str(error))
            continue
        mean = np.mean(scores, axis=0, dtype="float64")
        moments = _moments(model, scores, starts, ends, top) if with_timeline else ()
        yield Tagged(path, model.decode(mean[None], top)[0], moments)


def _moments(
    model: AudioModel,
    scores: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    top: int,
) -> tuple[Moment, ...]:
    return tuple(
        Moment(float(start), float(end), tags)
        for start, end, tags in zip(
            starts, ends, model.decode(scores, top), strict=True
        )
    )
