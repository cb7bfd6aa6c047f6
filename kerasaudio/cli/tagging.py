"""Tag many files; each gets its labels, over time if asked for, or an error."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from kerasaudio.cli.tagged import Moment, Tagged
from kerasaudio.cli.wording import Words, in_options
from kerasaudio.core import AudioModel
from kerasaudio.core.windowed import Timeline, timeline


def tag_files(
    model: AudioModel,
    paths: Iterable[Path],
    *,
    top: int | None = None,
    with_timeline: bool = False,
    errors: str = "raise",
    words: Words | None = None,
) -> Iterator[Tagged]:
    """Tag files one after another; an unusable file does not stop the others.

    Args:
        model: A model with a top.
        paths: Files.
        top: Number of labels per file (and per window); None for 5, or all if there are
            fewer.
        with_timeline: Also return the tags of windows one hop apart, even if the tags
            of the file come from other windows or from the whole file at once.
        errors: As for `load_audio`: "salvage" tags the readable part of a damaged file.
        words: Translates errors into options; see `wording.Words`.

    Yields:
        One `Tagged` per file, in order.
    """
    spec = model.spec
    for path in paths:
        try:
            whole = parts = timeline(model, spec, path, errors=errors)
            if with_timeline and spec.over_time() != spec:
                parts = timeline(model, spec.over_time(), path, errors=errors)
        except (ValueError, OSError) as error:
            yield Tagged(path, [], error=in_options(str(error), words or {}))
            continue
        moments = _moments(model, parts, top) if with_timeline else ()
        yield Tagged(path, model.decode(whole.mean()[None], top)[0], moments)


def _moments(model: AudioModel, parts: Timeline, top: int | None) -> tuple[Moment, ...]:
    tags = model.decode(parts.outputs, top)
    return tuple(
        Moment(float(start), float(end), best)
        for start, end, best in zip(parts.starts, parts.ends, tags, strict=True)
    )
