"""Run files through a network: threads decode, windows of many files share batches."""

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kerasaudio.audio.window import Window
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.windowed import Hearing, Predict, waveform_windows
from kerasaudio.cores import usable_cores
from kerasaudio.features.pool import Pool, Pooled
from kerasaudio.features.rows import Failed, Rows

_CHUNK = 32  # windows that are passed on together
_MOST_PENDING = 8  # most batches of windows that wait for others of their length
_PATIENCE = 0.1  # seconds between checks whether the work was given up
_MOST_READERS = 4


class Collector(Protocol):
    """Gathers the outputs of a clip's windows; `Pooled` is one."""

    def add(self, vector: np.ndarray, window: Window) -> None:
        """Add the output of a window. A clip's windows may come in any order."""


@dataclass
class _Chunk:
    """Some windows of a clip, in order."""

    clip: Hashable
    windows: list[Window]
    is_last: bool = False
    error: Exception | None = None


@dataclass
class _Clip:
    """A clip in progress."""

    clip: Hashable
    found: Any
    waiting: int = 0  # windows that have not been run yet
    is_read: bool = False


_Buckets = dict[tuple[Hashable, int], list[tuple[_Clip, Window]]]
Windows = Callable[[Any], Iterator[Window]]


def usual_readers() -> int:
    """Return the number of threads that decode: one per core, at most four."""
    return min(_MOST_READERS, usable_cores())


def embed_files(
    network: InferenceModel | Predict,
    spec: AudioSpec,
    paths: Iterable[Path],
    *,
    pool: Pool,
    batch_size: int,
    readers: int,
    errors: str = "raise",
) -> Iterator[tuple[Path, Rows | Failed]]:
    """Yield the rows of each file as soon as it is done, in no fixed order.

    Memory depends neither on the number of files nor on their lengths (except with
    pool=None, when a file's vectors are held until its end).

    Args:
        network: Network, or function, that returns (batch, features) for (batch,
            samples).
        spec: Spec with sample rate and windows.
        paths: Audio files.
        pool: "mean" or "max" over a file's windows, or None for one row per window.
        batch_size: Number of windows in a batch.
        readers: Number of threads that decode.
        errors: As for `load_audio`.
    """
    for path, found in run_clips(
        network,
        spec,
        paths,
        lambda path: waveform_windows(spec, path, None, errors),
        lambda path: Pooled(pool, spec.sample_rate),
        batch_size=batch_size,
        readers=readers,
    ):
        is_bad = isinstance(found, Exception)
        yield path, Failed(path, str(found)) if is_bad else found.rows()


def run_clips(
    network: InferenceModel | Predict,
    spec: AudioSpec,
    clips: Iterable[Any],
    windows: Windows,
    collector: Callable[[Any], Collector],
    *,
    batch_size: int,
    readers: int,
) -> Iterator[tuple[Any, Any]]:
    """Yield what was collected of each clip as soon as it is done, in no fixed order.

    Args:
        network: Network, or function, of a batch of windows (batch, samples).
        spec: Spec with the windows.
        clips: Whatever `windows` reads; hashable, and each only once.
        windows: Function that reads the windows of a clip; threads call it.
        collector: Function that returns what gathers the outputs of a clip.
        batch_size: Number of windows in a batch.
        readers: Number of threads that decode.

    Yields:
        The clip, and its collector, or the ValueError or OSError that reading it
        raised. Any other error ends the run.
    """
    work = _Reading(windows, clips, readers)
    hear = Hearing(network, spec)
    buckets: _Buckets = defaultdict(list)
    begun: dict[Hashable, _Clip] = {}
    try:
        for chunk in work:
            clip = chunk.clip
            if chunk.error is not None:
                _forget(buckets, begun.pop(clip, None))
                hear.forget(clip)
                yield clip, chunk.error
                continue
            if clip not in begun:
                begun[clip] = _Clip(clip, collector(clip))
            one = begun[clip]
            one.waiting += len(chunk.windows)
            one.is_read = chunk.is_last
            for window in chunk.windows:
                # Windows that share a state stay in their order.
                own = None if hear.is_alone(window) else clip
                buckets[own, len(window.samples)].append((one, window))
            _run_full(hear, buckets, batch_size)
            yield from _finished(begun, hear)
            for key in [key for key, bucket in buckets.items() if not bucket]:
                del buckets[key]
        for bucket in buckets.values():
            while bucket:
                _run(hear, bucket, batch_size)
                yield from _finished(begun, hear)
    finally:
        work.give_up()


def _forget(buckets: _Buckets, clip: _Clip | None) -> None:
    for bucket in buckets.values():
        bucket[:] = [item for item in bucket if item[0] is not clip]


def _run_full(hear: Hearing, buckets: _Buckets, batch_size: int) -> None:
    for bucket in buckets.values():
        while len(bucket) >= batch_size:
            _run(hear, bucket, batch_size)
    while sum(map(len, buckets.values())) > _MOST_PENDING * batch_size:
        _run(hear, max(buckets.values(), key=len), batch_size)


def _run(hear: Hearing, bucket: list[tuple[_Clip, Window]], count: int) -> None:
    batch, bucket[:] = bucket[:count], bucket[count:]
    waveforms = np.stack([window.samples for _, window in batch])
    clips = [one.clip for one, _ in batch]
    vectors = hear(waveforms, clips, alone=hear.is_alone(batch[0][1]))
    for (one, window), vector in zip(batch, vectors, strict=True):
        one.found.add(vector, window)
        one.waiting -= 1


def _finished(
    begun: dict[Hashable, _Clip], hear: Hearing
) -> Iterator[tuple[Hashable, Any]]:
    done = [one for one in begun.values() if one.is_read and not one.waiting]
    for one in done:
        del begun[one.clip]
        hear.forget(one.clip)
        yield one.clip, one.found


@dataclass
class _Reading:
    """Threads that decode clips into chunks; iterating yields the chunks."""

    windows: Windows
    clips: Iterable[Any]
    readers: int
    _given_up: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> Iterator[_Chunk]:
        self._chunks: queue.Queue[_Chunk | None] = queue.Queue(2 * self.readers)
        self._left = iter(self.clips)
        self._lock = threading.Lock()
        threads = [
            threading.Thread(target=self._read_all, daemon=True)
            for _ in range(self.readers)
        ]
        for thread in threads:
            thread.start()
        ended = 0
        while ended < len(threads):
            chunk = self._chunks.get()
            if chunk is None:
                ended += 1
            elif chunk.error is None or (
                chunk.clip is not None and isinstance(chunk.error, ValueError | OSError)
            ):
                yield chunk
            else:  # not caused by a bad file, but by a bug or lack of memory
                raise chunk.error

    def give_up(self) -> None:
        """Make the threads end."""
        self._given_up.set()

    def _read_all(self) -> None:
        while not self._given_up.is_set():
            clip = None
            try:
                with self._lock:
                    clip = next(self._left, None)
                if clip is None:
                    break
                self._read(clip)
            except Exception as error:  # raised in the thread that iterates
                self._put(_Chunk(clip, [], error=error))
        self._put(None)

    def _read(self, clip: Any) -> None:
        windows = self.windows(clip)
        chunk = list(islice(windows, _CHUNK))
        while chunk:
            following = list(islice(windows, _CHUNK))
            self._put(_Chunk(clip, chunk, is_last=not following))
            chunk = following

    def _put(self, chunk: Any) -> None:
        while not self._given_up.is_set():
            try:
                self._chunks.put(chunk, timeout=_PATIENCE)
                return
            except queue.Full:
                continue
