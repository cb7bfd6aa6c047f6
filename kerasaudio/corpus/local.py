"""The local engine: threads decode while one network runs, all in this process."""

import contextlib
import functools
from collections.abc import Callable, Iterator

from kerasaudio.corpus.clips import Clip, clip_windows, kind_of
from kerasaudio.corpus.tasks import Heard, Job, Result
from kerasaudio.features.pipeline import Windows, run_clips, usual_readers

Compute = Callable[[Iterator[Clip]], Iterator[Result]]


@contextlib.contextmanager
def started(job: Job) -> Iterator[Compute]:
    """Yield the function that computes clips."""
    yield functools.partial(compute, job)


def compute(
    job: Job, clips: Iterator[Clip], windows: Windows | None = None
) -> Iterator[Result]:
    """Yield the result of each clip as soon as it is done, in no fixed order.

    Args:
        job: What to compute.
        clips: The clips; threads take them one by one.
        windows: Function that reads the windows of a clip; default: from its file.
    """
    errors = job.settings.errors
    found = run_clips(
        job.network,
        job.spec,
        clips,
        windows or (lambda clip: clip_windows(clip, job.spec, errors)),
        job.collector,
        batch_size=job.batch_size,
        readers=usual_readers(),
    )
    for clip, one in found:
        yield _result(job, clip, one)


def _result(job: Job, clip: Clip, found: Heard | Exception) -> Result:
    if isinstance(found, Exception):
        return failed(clip, found)
    seconds = found.samples / job.spec.sample_rate
    return Result(clip.without_content(), tuple(found.rows()), seconds)


def failed(clip: Clip, error: Exception) -> Result:
    """Return the result of a clip that cannot be used."""
    return Result(clip.without_content(), error=str(error), kind=kind_of(error))
