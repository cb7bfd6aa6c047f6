"""Tag many files; each gets its labels, over time if asked for, or an error."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from kerasaudio.cli.scores import Choice
from kerasaudio.cli.tagged import Moment, Tagged, Tags
from kerasaudio.cli.wording import Words, in_options
from kerasaudio.core import AudioModel, in_half
from kerasaudio.core.windowed import Timeline, timeline


def tag_files(
    model: AudioModel,
    paths: Iterable[Path],
    choice: Choice,
    *,
    with_timeline: bool = False,
    errors: str = "raise",
    words: Words | None = None,
    dtype: str | None = None,
) -> Iterator[Tagged]:
    """Tag files one after another; an unusable file does not stop the others.

    Args:
        model: A model with a top.
        paths: Files.
        choice: The tags to return of each file (and of each window).
        with_timeline: Also return the tags of windows one hop apart, even if the tags
            of the file come from other windows or from the whole file at once.
        errors: As for `load_audio`: "salvage" tags the readable part of a damaged file.
        words: Translates errors into options; see `wording.Words`.
        dtype: As for `AudioModel.tag`.

    Yields:
        One `Tagged` per file, in order.
    """
    spec, network = model.spec, in_half(model, dtype)
    for path in paths:
        try:
            whole = parts = timeline(network, spec, path, errors=errors)
            if with_timeline and spec.over_time() != spec:
                parts = timeline(network, spec.over_time(), path, errors=errors)
        except (ValueError, OSError) as error:
            yield Tagged(path, [], error=in_options(str(error), words or {}))
            continue
        moments = _moments(model, parts, choice) if with_timeline else ()
        (tags,) = all_tags(model, whole.mean()[None])
        yield Tagged(path, choice.of(tags), moments)


def _moments(model: AudioModel, parts: Timeline, choice: Choice) -> tuple[Moment, ...]:
    tags = all_tags(model, parts.outputs)
    return tuple(
        Moment(float(start), float(end), choice.of(every))
        for start, end, every in zip(parts.starts, parts.ends, tags, strict=True)
    )


def all_tags(model: AudioModel, scores: np.ndarray) -> list[Tags]:
    """Return the tags of all classes, best first, for each row of scores."""
    return model.decode(scores, len(model.spec.labels or ()))
