"""Embed, tag or search a whole corpus, on this machine or on many."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from kerasaudio import version
from kerasaudio.arguments import whole_number
from kerasaudio.audio.errors import check_errors
from kerasaudio.core import AudioModel
from kerasaudio.corpus import addresses, local, on_ray
from kerasaudio.corpus.blocks import schema_text
from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.hidden import shown
from kerasaudio.corpus.output import Output, opened_output
from kerasaudio.corpus.report import Report
from kerasaudio.corpus.settings import Settings
from kerasaudio.corpus.sources import Sources, clips_of, number_of_rows
from kerasaudio.corpus.tasks import Job, Result
from kerasaudio.features.extractor import as_model
from kerasaudio.features.parquet import check_installed
from kerasaudio.features.pool import Pool
from kerasaudio.files.progress import hidden

ENGINES = ("local", "ray")
Engine = Callable[[Job], contextlib.AbstractContextManager[local.Compute]]
# So many clips are listed before the work begins: faults in what is passed are told at
# once, and most runs know their number of clips. Some hold their sound.
_AHEAD, _AHEAD_BYTES = 100_000, 16 * 2**20


def run(
    sources: Sources,
    model: AudioModel | Callable[..., AudioModel] | str | PathLike[str],
    task: Literal["embed", "tag", "detect"] = "embed",
    out: str | PathLike[str] = "",
    *,
    engine: Literal["local", "ray"] = "local",
    layer: str | Sequence[str] = "embedding",
    pool: Pool = "mean",
    window_seconds: float | None = None,
    hop_seconds: float | None = None,
    labels: Sequence[str] | None = None,
    top: int | None = None,
    threshold: float | Sequence[float] | None = None,
    min_seconds: float = 0.0,
    gap_seconds: float = 0.0,
    batch_size: int | None = None,
    errors: str = "raise",
    dtype: str | None = None,
    retry_failed: bool = False,
    workers: int | None = None,
    progress: bool | None = None,
) -> Report:
    """Embed, tag or search a whole corpus; the results are a Parquet data set.

    The same call resumes a run that was stopped or killed, and adds clips that are new
    in the sources. No row is lost, and none is written twice. A clip is known by its
    path (or tar, and place in it), start and end: one whose file changed is not
    computed again. A row of a data set is known by its name and its content. Clips that
    cannot be used are rows in the table of errors, and do not stop the others. Memory
    does not depend on the number of clips, but for 16 bytes each (32 for rows).

    Args:
        sources: One or several of these. A folder, whose audio files and tars are
            found; an audio file; a `.tar`, such as a WebDataset shard; a table (`.csv`,
            `.tsv`, `.parquet`) with a column "path" and, for parts of files, "start"
            and "end" in seconds, whose paths are relative to its folder; an address
            that fsspec reads, such as "s3://bucket/shards/*.tar"; a `datasets.Dataset`
            or `datasets.IterableDataset` with a column of audio, or the folder of one
            that was saved.
        model: As for `FeatureExtractor`.
        task: "embed": vectors, as of `FeatureExtractor`; "tag": the best labels of each
            clip, as of `AudioModel.tag`; "detect": events, as of `events.find_events`.
        out: Folder for the results; it is created. It is itself a Parquet data set:
            `pandas.read_parquet(out)`. Its columns are path, member and offset (in a
            tar), start and end in seconds; embedding, tags (a list of label and score),
            or label and score; model, weights_hash, kerasaudio_version. Another one,
            in its folder `_errors`, has the clips without results: kind and error.
        engine: "local", in this process; or "ray", on the machines of a Ray cluster.
        layer: For "embed", as for `FeatureExtractor`.
        pool: For "embed", as for `FeatureExtractor`; None for a row per window.
        window_seconds: Length of a window in seconds; None for the model's own.
        hop_seconds: Time from one window to the next; None for the model's own.
        labels: For "tag" and "detect": classes to choose from; None for all.
        top: For "tag": number of labels; default: 5, or all of `labels`.
        threshold: For "tag": lowest score, default: none. For "detect": as for
            `events.find_events`, default: 0.5.
        min_seconds: For "detect": shortest event.
        gap_seconds: For "detect": longest pause that does not end an event.
        batch_size: Number of windows in a batch; None for about 40 s of sound.
        errors: As for `load_audio`; "salvage" uses the readable part of damaged files.
        dtype: For "embed" and "tag": as for `FeatureExtractor`.
        retry_failed: Whether to compute clips again that failed in earlier runs.
        workers: For "ray": number of copies of the model; None for one per GPU of the
            cluster, or one per CPU if it has no GPU.
        progress: Whether to show a progress bar; None for only on terminals and in
            notebooks.

    Returns:
        The numbers of the run: clips, hours, hours a second, bytes, failures by kind.

    Raises:
        ValueError: An argument is unknown or does not fit the task or the model; a
            folder has no audio; a table has no column "path".
        FileExistsError: `out` holds something else, or results of other settings.
        OSError: A source is missing; another run writes to `out`; `out` is full.
        ImportError: pyarrow is missing, or ray for that engine.

    Examples:
        >>> report = kerasaudio.corpus.run("sounds", "BarkNet/esc10", out="vectors")
        >>> report.clips, report.rows, dict(report.failed)
        (3, 3, {})
        >>> import pandas
        >>> table = pandas.read_parquet("vectors")
        >>> sorted(table["path"]), len(table["embedding"][0])
        (['sounds/bark.wav', 'sounds/knock.wav', 'sounds/rain.wav'], 128)
        >>> kerasaudio.corpus.run("sounds", "BarkNet/esc10", out="vectors").computed
        0
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}. Received: {engine!r}.")
    if not str(out):
        raise ValueError("out must be a folder for the results. Received: none.")
    if addresses.is_address(str(out)):
        raise ValueError(
            "out must be a folder on a disk, as blocks are added to it one by one. "
            f"Received: {shown(str(out))!r}. Copy the folder to there afterwards."
        )
    if Path(out).suffix in (".parquet", ".npz", ".csv") or Path(out).is_file():
        raise ValueError(f"out must be a folder, not a file. Received: {str(out)!r}.")
    if batch_size is not None:
        batch_size = whole_number(batch_size, "batch_size")
    if workers is not None:
        workers = whole_number(workers, "workers")
    settings = Settings(
        task,
        layer,
        pool,
        window_seconds,
        hop_seconds,
        labels,
        top,
        threshold,
        min_seconds,
        gap_seconds,
        batch_size,
        check_errors(errors),
        dtype,
    )
    settings.check()
    engine_of = _engine(engine, workers)
    check_installed(advice="")
    listed = clips_of(sources)
    ahead, is_all = _listed_ahead(listed)
    job = Job(as_model(model), settings)
    constants = {
        "model": str(job.origin["model"]),
        "weights_hash": str(job.origin["weights_hash"]),
        "kerasaudio_version": version.__version__,
    }
    columns = schema_text(task, job.width, list(constants))
    facts = {**job.origin, "columns": columns}
    with opened_output(Path(out), facts, constants) as output:
        if retry_failed:
            output.forget_errors()
        new = filter(output.is_new, chain(ahead, listed))
        total = len(ahead) if is_all else number_of_rows(sources)
        with engine_of(job) as compute:
            return _computed(output, compute(new), total, progress)


def _listed_ahead(clips: Iterator[Clip]) -> tuple[list[Clip], bool]:
    """Return the first clips, and whether they are all."""
    ahead: list[Clip] = []
    held = 0
    for clip in clips:
        ahead.append(clip)
        held += len(clip.content or b"")
        if len(ahead) >= _AHEAD or held >= _AHEAD_BYTES:
            return ahead, False
    return ahead, True


def _computed(
    output: Output, results: Iterator[Result], total: int | None, progress: bool | None
) -> Report:
    begun, computed, seconds = time.monotonic(), 0, 0.0
    with (
        contextlib.closing(results),  # type: ignore[type-var]
        tqdm(
            total=total,
            initial=min(output.known, total or output.known),
            unit="clip",
            desc="corpus",
            disable=hidden(progress),
        ) as bar,
    ):
        try:
            for result in results:
                output.add(result)
                computed += 1
                seconds += result.seconds
                bar.update()
        finally:  # also what was computed before Ctrl-C
            output.commit()
    totals = output.totals()
    return Report(
        output.path,
        totals["clips"],
        totals["rows"],
        totals["seconds"] / 3600,
        totals["bytes"],
        totals["failed"],
        computed,
        seconds / 3600,
        time.monotonic() - begun,
    )


def _engine(name: str, workers: int | None) -> Engine:
    if name == "local":
        if workers is not None:
            raise ValueError(f'workers={workers} belongs to engine="ray".')
        return local.started
    on_ray.check_installed()
    return functools.partial(on_ray.started, workers=workers)
