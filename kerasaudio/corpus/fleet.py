"""The workers of a run on Ray, and what each of them has to do.

    clips -> chunk -> (decoder: waveforms ->) worker: results -> this process

A chunk whose worker died is given to another worker, which does nothing beside it. One
that killed several is halved until the clip that does it is alone, which then is an
error like any other. A worker that runs out of memory and lives is the same.
"""

import json
import math
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np

from kerasaudio.corpus.clips import Clip
from kerasaudio.corpus.remote import Warned, decoder, worker_class
from kerasaudio.corpus.tasks import Job, Result
from kerasaudio.files.workplace import temporary_folder
from kerasaudio.text import Told, warn

_CHUNK_CLIPS, _CHUNK_BYTES = 64, 16 * 2**20
_IN_FLIGHT = 2  # chunks of a worker: while the network runs on one, another is decoded
_DEATHS = 3  # of workers, after which their chunk is halved
_MOST_STARTS = 16  # of each worker without any result in between
_SHARE = 0.5  # of a CPU, for each worker and decoder: Ray's own work needs some, too
# Settings of this process that workers have, too.
_PASSED = ("KERASAUDIO_", "TF_CPP_", "XLA_", "TF_FORCE_", "JAX_")


@dataclass
class _Chunk:
    """Clips that are computed together.

    Attributes:
        clips: The clips.
        deaths: Number of workers that died while they had it. With one or more, it is
            computed alone, so that nothing else is blamed for the next.
    """

    clips: list[Clip]
    deaths: int = 0


class Fleet:
    """The workers and decoders of a run."""

    def __init__(self, ray: Any, job: Job, workers: int | None) -> None:
        self._ray = ray
        there = ray.cluster_resources()
        cpus, gpus = float(there.get("CPU", 1)), float(there.get("GPU", 0))
        self._count = workers or max(1, int(gpus or cpus))
        share = min(_SHARE, cpus / 2 / self._count)
        self._decoders = decoders(self._count, cpus, gpus)
        self._class = ray.remote(
            num_cpus=share,
            num_gpus=1 / math.ceil(self._count / gpus) if gpus >= 1 else 0,
            max_concurrency=_IN_FLIGHT,
            scheduling_strategy="SPREAD",
        )(worker_class())
        self._decode = ray.remote(num_cpus=_SHARE, max_retries=_DEATHS)(decoder())
        self._environment = {
            "KERAS_BACKEND": keras.backend.backend(),
            **{k: v for k, v in os.environ.items() if k.startswith(_PASSED)},
        }
        self._model = ray.put(_saved(job))
        self._settings = json.dumps(asdict(job.settings), default=np.ndarray.tolist)
        self._reading = job.spec.sample_rate, job.settings.errors
        self._fingerprint = job.origin["fingerprint"]
        self._workers: list[Any] = []
        self._again: deque[_Chunk] = deque()
        self._running: dict[Any, tuple[Any, _Chunk]] = {}  # result -> worker, chunk
        self._decoding: dict[Any, _Chunk] = {}
        self._decoded: deque[tuple[_Chunk, Any]] = deque()
        self._starts = 0
        self._told: set[Told] = set()

    def start(self) -> None:
        """Start the workers, and wait for them."""
        for _ in range(self._count):
            self._add()
        self._check(self._workers)

    def results(self, clips: Iterator[Clip]) -> Iterator[Result]:
        """Hand out the clips, and yield their results."""
        left = _chunks(clips)
        while True:
            self._hand_out(left)
            waiting = [*self._running, *self._decoding]
            if not waiting:
                return
            (ready, *_), _ = self._ray.wait(waiting, num_returns=1)
            if ready in self._decoding:
                self._decoded.append((self._decoding.pop(ready), ready))
            else:
                yield from self._finished(ready)

    def stop(self) -> None:
        """Stop the workers."""
        for worker in self._workers:
            self._ray.kill(worker)

    def _count_failure(self) -> None:
        """Raise an OSError if workers fail whatever they compute."""
        self._starts += 1
        if self._starts > _MOST_STARTS * self._count:
            raise OSError(
                "The workers on Ray die again and again. Do they have enough memory? "
                "Fewer of them need less (workers=); Ray's logs say what happened."
            )

    def _add(self) -> None:
        self._count_failure()
        worker = self._class.remote(self._environment, self._settings, self._model)
        self._workers.append(worker)

    def _check(self, workers: list[Any]) -> None:
        """Wait until workers are ready, and compare what they will compute."""
        errors = self._ray.exceptions
        try:
            told = self._ray.get([w.fingerprint.remote() for w in workers])
        except (errors.RayActorError, errors.RayTaskError) as error:
            raise OSError(f"A worker on Ray cannot be started: {error}") from error
        if set(told) != {self._fingerprint}:
            raise ValueError(
                "A machine of the cluster has another version of kerasaudio, or builds "
                "another network. Install the same versions on all machines."
            )

    def _hand_out(self, left: Iterator[_Chunk]) -> None:
        """Give work to decoders and workers that have too little."""
        most = self._decoders + _IN_FLIGHT
        while self._decoders and len(self._decoding) + len(self._decoded) < most:
            chunk = next(left, None)
            if chunk is None:
                break
            ref = self._decode.remote(self._environment, *self._reading, chunk.clips)
            self._decoding[ref] = chunk
        for worker in self._workers:
            while self._has_room(worker):
                chunk, decoded = self._next(left)
                if chunk is None:
                    return
                clips = chunk.clips
                if decoded is not None:  # with all that is needed of them
                    clips = [clip.without_content() for clip in clips]
                ref = worker.run.remote(clips, decoded)
                self._running[ref] = worker, chunk

    def _has_room(self, worker: Any) -> bool:
        own = [chunk for other, chunk in self._running.values() if other is worker]
        if self._again or any(chunk.deaths for chunk in own):
            return not own
        return len(own) < _IN_FLIGHT

    def _next(self, left: Iterator[_Chunk]) -> tuple[_Chunk | None, Any]:
        if self._again:
            return self._again.popleft(), None
        if self._decoded:
            return self._decoded.popleft()
        return (None if self._decoders else next(left, None)), None

    def _finished(self, ref: Any) -> Iterator[Result]:
        worker, chunk = self._running.pop(ref)
        errors = self._ray.exceptions
        try:
            found, warned = self._ray.get(ref)
        except errors.RayTaskError as error:
            if isinstance(error.cause, MemoryError):
                self._count_failure()
            elif not isinstance(error.cause, errors.RayError):
                raise (error.cause or error) from error  # not a bad file, but a bug
            yield from self._retry(chunk)  # what had been decoded is gone
            return
        except errors.RayError:
            yield from self._died(worker, chunk)
            return
        self._starts = 0
        self._warn(warned)
        yield from found

    def _warn(self, warned: Warned) -> None:
        """Warn here of what workers warned of; each says the same of their memory."""
        for text, category in dict.fromkeys(warned):
            if (text, category) not in self._told:
                self._told.add((text, category))
                warn(text, category, stacklevel=2)

    def _died(self, worker: Any, chunk: _Chunk) -> Iterator[Result]:
        """Replace a worker, and give what it had to others."""
        lost = [chunk]
        for ref in [r for r, (own, _) in self._running.items() if own is worker]:
            lost.append(self._running.pop(ref)[1])
        if worker in self._workers:
            self._workers.remove(worker)
            self._ray.kill(worker)  # it may only be out of reach
            self._add()
        for one in lost:
            yield from self._retry(one)

    def _retry(self, chunk: _Chunk) -> Iterator[Result]:
        chunk.deaths += 1
        half = len(chunk.clips) // 2
        if chunk.deaths < _DEATHS:
            self._again.append(chunk)
        elif half:
            for clips in (chunk.clips[:half], chunk.clips[half:]):
                deaths = _DEATHS - 1 if len(clips) > 1 else 1  # blame none too soon
                self._again.append(_Chunk(clips, max(1, deaths)))
        else:
            told = "Every worker that had it crashed, or ran out of memory."
            clip = chunk.clips[0].without_content()
            yield Result(clip, error=told, kind="crash")


def decoders(workers: int, cpus: float, gpus: float) -> int:
    """Return the number of processes that decode for the workers.

    Without GPUs, workers decode for themselves, and no sound need be sent to them.
    """
    return max(1, int(cpus) - workers) if gpus else 0


def _chunks(clips: Iterator[Clip]) -> Iterator[_Chunk]:
    chunk: list[Clip] = []
    size = 0
    for clip in clips:
        chunk.append(clip)
        size += clip.size
        if len(chunk) >= _CHUNK_CLIPS or size >= _CHUNK_BYTES:
            yield _Chunk(chunk)
            chunk, size = [], 0
    if chunk:
        yield _Chunk(chunk)


def _saved(job: Job) -> bytes:
    with temporary_folder() as folder:
        path = folder / "model.keras"
        job.model.save(path)
        return path.read_bytes()
