"""Waveforms on disk: adding those of this process, and finding those of all processes.

A folder holds one log per process: NAME.pcm with parts of waveforms end to end, and
NAME.index with a record (see `files.records`) for each: path, size and modified_ns of
the file, offset and number of samples, CRC-32 of their bytes, the sample of the file at
which the part starts, and the number of samples of the whole file. The record is
written after the waveform, so the log of a killed process is complete up to its last
record.
"""

import contextlib
import os
import threading
import uuid
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import numpy as np

from kerasaudio.datasets.batching.parts import Part
from kerasaudio.files.cache import CACHE_VARIABLE
from kerasaudio.files.file_state import FileState
from kerasaudio.files.records import read_record, record, write_all


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a file is, in samples, and the CRC-32 of its bytes.

    Attributes:
        log: Path of the log.
        offset: Start of the part in the log.
        samples: Number of samples of the part.
        crc: CRC-32 of its bytes.
        start: Start of the part in its file.
        total: Number of samples of the whole file.
    """

    log: Path
    offset: int
    samples: int
    crc: int
    start: int
    total: int

    def has(self, part: Part) -> bool:
        """Return whether a part of the file is inside this one."""
        return self.start <= part[0] and part[1] <= self.start + self.samples


class DecodedLog:
    """The log that this process adds to; several threads may add at the same time."""

    def __init__(self, folder: Path) -> None:
        """Set the folder, which is created when the first waveform is added."""
        self._folder = folder
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._path = self._folder / f"{uuid.uuid4().hex}.pcm"
        self._files: tuple[IO[bytes], IO[bytes]] | None = None
        self._lock = threading.Lock()
        self._has_failed = False

    def __reduce__(self) -> tuple[type["DecodedLog"], tuple[Path]]:
        """Make another process start a log of its own."""
        return DecodedLog, (self._folder,)

    def add(
        self, file: FileState, samples: np.ndarray, start: int, total: int
    ) -> Place | None:
        """Write a part of a file and return its place; return None if writing fails.

        Args:
            file: The file.
            samples: The part, as it is stored.
            start: Start of the part in the file, in samples.
            total: Number of samples of the whole file.

        Warns:
            UserWarning: It cannot be written, for example because the disk is full. The
                warning comes only once.
        """
        if self._process != os.getpid():  # forked
            self._begin()
        crc = zlib.crc32(samples.data)
        with self._lock:
            if self._has_failed:
                return None
            try:
                return self._add(file, samples, (crc, start, total))
            except OSError as error:
                self._has_failed = True
                failure = error
        warnings.warn(
            f"Decoded audio cannot be kept in {self._folder}: "
            f"{failure.strerror or failure}. Files that are not kept there are decoded "
            f"in each epoch, which is slower. Free some space, set {CACHE_VARIABLE} to "
            'another folder, pass dtype="int16", or cache=False.',
            stacklevel=2,
        )
        return None

    def close(self) -> None:
        """Close the files; adding a waveform later opens them again."""
        with self._lock:
            for file in self._files or ():
                file.close()
            self._files = None

    def _add(
        self, file: FileState, samples: np.ndarray, known: tuple[int, int, int]
    ) -> Place:
        if self._files is None:
            self._files = self._opened()
        waveforms, index = self._files
        begin = waveforms.tell()
        place = (begin // samples.itemsize, len(samples), *known)
        facts = {**asdict(file), **dict(zip(_PLACE, place, strict=True))}
        try:
            write_all(waveforms, samples.data.cast("B"))
            write_all(index, record(facts))
        except OSError:
            with contextlib.suppress(OSError):
                waveforms.truncate(begin)
            raise
        return Place(self._path, *place)

    def _opened(self) -> tuple[IO[bytes], IO[bytes]]:
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():  # cleared; old places must not point to a new log
            self._path = self._folder / f"{uuid.uuid4().hex}.pcm"
        # Unbuffered, so that written bytes are kept when the process is killed.
        waveforms = self._path.open("ab", buffering=0)
        try:
            return waveforms, self._path.with_suffix(".index").open("ab", buffering=0)
        except OSError:
            waveforms.close()
            raise


def places_in(folder: Path, itemsize: int) -> dict[FileState, list[Place]]:
    """Return the places of the parts of each file in all logs; of one part several,
    if one was damaged.
    """
    found: dict[FileState, list[Place]] = {}
    for index in sorted(folder.glob("*.index")):
        with contextlib.suppress(OSError):  # another process clears the cache
            for file, place in _places(index, itemsize):
                found.setdefault(file, []).append(place)
    return found


def _places(index: Path, itemsize: int) -> Iterator[tuple[FileState, Place]]:
    log = index.with_suffix(".pcm")
    there = log.stat().st_size // itemsize
    with index.open("rb") as file:
        while facts := read_record(file):
            try:
                place = Place(log, *(facts.pop(key) for key in _PLACE))
                state = FileState(**facts)
                is_there = 0 <= place.offset <= there - place.samples
                is_there &= 0 <= place.start <= place.total - place.samples
            except (TypeError, KeyError):
                return  # complete, but not written by kerasaudio
            if is_there:
                yield state, place


_PLACE = ("offset", "samples", "crc", "start", "total")
