"""Run files through a network: threads decode, windows of many files share batches."""

import queue
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.audio.window import Window
from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.windowed import Hearing, Predict, waveform_windows
from kerasaudio.features.pool import Pool, Pooled
from kerasaudio.features.rows import Failed, Rows

_CHUNK = 32  # windows that are passed on together
_MOST_PENDING = 8  # most batches of windows that wait for others of their length
_PATIENCE = 0.1  # seconds between checks whether the work was given up


@dataclass
class _Chunk:
    """Some windows of a file, in order."""

    path: Path
    windows: list[Window]
    is_last: bool = False
    error: Exception | None = None


@dataclass
class _File:
    """A file in progress."""

    path: Path
    pooled: Pooled
    waiting: int = 0  # windows that have not been run yet
    is_read: bool = False


_Buckets = dict[tuple[Path | None, int], list[tuple[_File, Window]]]


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
    work = _Reading(spec, paths, readers, errors)
    hear = Hearing(network, spec)
    buckets: _Buckets = defaultdict(list)
    files: dict[Path, _File] = {}
    try:
        for chunk in work:
            path = chunk.path
            if chunk.error is not None:
                _forget(buckets, files.pop(path, None))
                hear.forget(path)
                yield path, Failed(path, str(chunk.error))
                continue
            file = files.setdefault(path, _File(path, Pooled(pool, spec.sample_rate)))
            file.waiting += len(chunk.windows)
            file.is_read = chunk.is_last
            for window in chunk.windows:
                # Windows that share a state stay in their order.
                own = None if hear.is_alone(window) else path
                buckets[own, len(window.samples)].append((file, window))
            _run_full(hear, buckets, batch_size)
            yield from _finished(files, hear)
            for key in [key for key, bucket in buckets.items() if not bucket]:
                del buckets[key]
        for bucket in buckets.values():
            while bucket:
                _run(hear, bucket, batch_size)
                yield from _finished(files, hear)
    finally:
        work.give_up()


def _forget(buckets: _Buckets, file: _File | None) -> None:
    for bucket in buckets.values():
        bucket[:] = [item for item in bucket if item[0] is not file]


def _run_full(hear: Hearing, buckets: _Buckets, batch_size: int) -> None:
    for bucket in buckets.values():
        while len(bucket) >= batch_size:
            _run(hear, bucket, batch_size)
    while sum(map(len, buckets.values())) > _MOST_PENDING * batch_size:
        _run(hear, max(buckets.values(), key=len), batch_size)


def _run(hear: Hearing, bucket: list[tuple[_File, Window]], count: int) -> None:
    batch, bucket[:] = bucket[:count], bucket[count:]
    waveforms = np.stack([window.samples for _, window in batch])
    paths = [file.path for file, _ in batch]
    vectors = hear(waveforms, paths, alone=hear.is_alone(batch[0][1]))
    for (file, window), vector in zip(batch, vectors, strict=True):
        file.pooled.add(vector, window)
        file.waiting -= 1


def _finished(
    files: dict[Path, _File], hear: Hearing
) -> Iterator[tuple[Path, Rows | Failed]]:
    done = [f for f in files.values() if f.is_read and not f.waiting]
    for file in done:
        del files[file.path]
        hear.forget(file.path)
        yield file.path, file.pooled.rows()


@dataclass
class _Reading:
    """Threads that decode files into chunks; iterating yields the chunks."""

    spec: AudioSpec
    paths: Iterable[Path]
    readers: int
    errors: str
    _given_up: threading.Event = field(default_factory=threading.Event)

    def __iter__(self) -> Iterator[_Chunk]:
        self._chunks: queue.Queue[_Chunk | None] = queue.Queue(2 * self.readers)
        self._left = iter(self.paths)
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
            elif isinstance(chunk.error, ValueError | OSError | None):
                yield chunk
            else:  # not caused by a bad file, but by a bug or lack of memory
                raise chunk.error

    def give_up(self) -> None:
        """Make the threads end."""
        self._given_up.set()

    def _read_all(self) -> None:
        while not self._given_up.is_set():
            with self._lock:
                path = next(self._left, None)
            if path is None:
                break
            try:
                self._read(path)
            except Exception as error:  # raised in the thread that iterates
                self._put(_Chunk(path, [], error=error))
        self._put(None)

    def _read(self, path: Path) -> None:
        windows = waveform_windows(self.spec, path, None, self.errors)
        chunk = list(islice(windows, _CHUNK))
        while chunk:
            following = list(islice(windows, _CHUNK))
            self._put(_Chunk(path, chunk, is_last=not following))
            chunk = following

    def _put(self, chunk: Any) -> None:
        while not self._given_up.is_set():
            try:
                self._chunks.put(chunk, timeout=_PATIENCE)
                return
            except queue.Full:
                continue
