"""Decoded audio, kept on disk and memory-mapped: a file is decoded once, not an epoch.

A cache is a folder for a sample rate and number format, of logs, one a run: NAME.pcm
holds waveforms end to end, NAME.jsonl a line for each: path, size and time of change
of the file, offset in samples, number of samples, CRC-32. The line follows the
waveform, so what a killed process leaves is whole up to its last line. Processes may
add at once.
"""

import contextlib
import json
import os
import sys
import uuid
import warnings
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.audio import load_audio
from kerasaudio.features.store import FileState
from kerasaudio.weights.cache import CACHE_VARIABLE, folder_if_any

DTYPES = ("float32", "float16", "int16")
FULL_SCALE = 32767  # of int16
_VERSION = 1  # of decoder and resampler: another one has other numbers
_AHEAD = 4  # portions decoded for each reader before the first is taken
_PORTION_BYTES = 2**20  # of files that a reader is given at once, and their number:
_PORTION = 32  # handing over a file of a second takes as long as decoding it

_Decoded = tuple[np.ndarray, int]  # samples as they are kept, and their CRC-32


@dataclass(frozen=True)
class _Place:
    log: Path
    offset: int
    samples: int
    crc: int


class DecodedAudio:
    """The waveforms of some files at one rate, decoded at once, read in parts.

    Args:
        files: All are decoded now, by several threads, unless the cache has them.
        sample_rate: In Hz.
        cache: True for the folder of KERASAUDIO_CACHE or the platform's; a folder; or
            False: files are decoded now, to check them, and whenever they are read.
        dtype: How samples are kept: "float32" exactly, "float16", or "int16" (in half
            the space; what overshoots [-1, 1] is clipped).
        readers: Threads; None for one a core.

    Attributes:
        lengths: Samples of each file.
        errors: Why files cannot be used.

    Raises:
        ValueError: Another dtype.

    Warns:
        UserWarning: The cache cannot be written, as when the disk is full. What does
            not fit is decoded whenever it is read.
    """

    def __init__(
        self,
        files: Iterable[Path],
        sample_rate: int,
        *,
        cache: bool | str | os.PathLike[str] = True,
        dtype: str = "float32",
        readers: int | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {DTYPES}. Received: {dtype!r}.")
        self.sample_rate, self._dtype = sample_rate, np.dtype(dtype)
        self.readers = whole_number(readers or os.cpu_count() or 1, "readers")
        self.lengths: dict[Path, int] = {}
        self.errors: dict[Path, str] = {}
        self._maps: dict[Path, np.ndarray] = {}
        self._checked: set[Path] = set()
        self._places: dict[Path, _Place] = {}
        folder = None
        if cache is not False:
            base = folder_if_any("decoded") if cache is True else Path(cache)
            name = f"{sample_rate}-{dtype}-v{_VERSION}"
            folder = None if base is None else base / name
        self._prepare(list(dict.fromkeys(files)), folder)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the maps, which another process makes anew."""
        return self.__dict__ | {"_maps": {}}

    @property
    def is_cached(self) -> bool:
        """Whether every usable file is in the cache."""
        return len(self._places) == len(self.lengths)

    def read(self, file: Path, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Give samples `start` to `stop` of a file, float32; fewer where it ends.

        They may be the cache's own: not to be written to.

        Raises:
            OSError: A file that is not in the cache is gone or damaged by now.
        """
        place = self._places.get(file)
        whole = None if place is None else self._mapped(file, place)
        if whole is None:
            return load_audio(file, self.sample_rate)[start:stop]
        piece = whole[start:stop].astype(np.float32, copy=False)
        return piece / FULL_SCALE if self._dtype == np.int16 else piece

    def _prepare(self, files: list[Path], folder: Path | None) -> None:
        known = {} if folder is None else dict(_index(folder, self._dtype.itemsize))
        states: dict[Path, FileState] = {}
        for file in files:
            try:
                states[file] = state = FileState.of(file)
            except OSError as error:
                self.errors[file] = f"it cannot be read ({error.strerror or error})"
                continue
            if (place := known.get(state)) is not None:
                self._places[file], self.lengths[file] = place, place.samples
        missing = [file for file in states if file not in self._places]
        if not missing:
            return
        with contextlib.ExitStack() as stack:
            log = None if folder is None else stack.enter_context(_Log.open(folder))
            sizes = [states[file].size for file in missing]
            for file, result in self._decode(portions(missing, sizes)):
                if isinstance(result, Exception):
                    self.errors[file] = str(result)
                    continue
                samples, crc = result
                self.lengths[file] = len(samples)
                if log is not None:
                    place = log.add(states[file], samples, crc)
                    if place is None:
                        log = None
                    else:
                        self._places[file] = place
                        self._checked.add(file)

    def _decode(
        self, files: list[list[Path]]
    ) -> Iterator[tuple[Path, _Decoded | Exception]]:
        from tqdm import tqdm

        def decode(portion: list[Path]) -> list[_Decoded | Exception]:
            return [self._decoded(file) for file in portion]

        left = iter(files)
        with ThreadPoolExecutor(self.readers) as pool:
            pending: deque[tuple[list[Path], Future[Any]]] = deque()
            total = sum(map(len, files))
            with tqdm(None, "decoding", total, file=sys.stderr, disable=None) as bar:
                while True:
                    room = _AHEAD * self.readers - len(pending)
                    for portion in islice(left, room):
                        pending.append((portion, pool.submit(decode, portion)))
                    if not pending:
                        return
                    portion, future = pending.popleft()
                    bar.update(len(portion))
                    yield from zip(portion, future.result(), strict=True)

    def _decoded(self, file: Path) -> _Decoded | Exception:
        """Give what the cache keeps of a file; the reader's thread does it all."""
        try:
            samples = self._packed(load_audio(file, self.sample_rate))
        except (OSError, ValueError) as error:
            return error
        return samples, zlib.crc32(samples.data)

    def _packed(self, waveform: np.ndarray) -> np.ndarray:
        if self._dtype == np.int16:
            return np.rint(np.clip(waveform, -1, 1) * FULL_SCALE).astype("<i2")
        return waveform.astype(self._dtype.newbyteorder("<"), copy=False)

    def _mapped(self, file: Path, place: _Place) -> np.ndarray | None:
        """Give a whole waveform; None where the cache was damaged or cleared."""
        log = self._maps.get(place.log)
        try:
            if log is None or len(log) < place.offset + place.samples:
                little = self._dtype.newbyteorder("<")
                # As a plain array: slices of a memmap object cost far more.
                log = np.asarray(np.memmap(place.log, little, "r"))
                self._maps[place.log] = log
        except (OSError, ValueError):
            return None
        whole = log[place.offset : place.offset + place.samples]
        if file not in self._checked:
            if len(whole) != place.samples or zlib.crc32(whole.data) != place.crc:
                return None
            self._checked.add(file)
        return whole


def portions(files: list[Path], sizes: list[int]) -> list[list[Path]]:
    """Deal files out in their order, few large ones or many small ones at a time."""
    dealt: list[list[Path]] = []
    weight = 0
    for file, size in zip(files, sizes, strict=True):
        if not dealt or len(dealt[-1]) == _PORTION or weight + size > _PORTION_BYTES:
            dealt.append([])
            weight = 0
        dealt[-1].append(file)
        weight += size
    return dealt


class _Log:
    """What this run adds to the cache."""

    def __init__(self, path: Path, waveforms: IO[bytes], index: IO[bytes]) -> None:
        self._path, self._waveforms, self._index = path, waveforms, index

    @classmethod
    @contextlib.contextmanager
    def open(cls, folder: Path) -> Iterator["_Log | None"]:
        path = folder / f"{uuid.uuid4().hex}.pcm"
        with contextlib.ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # Unbuffered: what was written is there when the process is killed.
                waveforms = stack.enter_context(path.open("xb", buffering=0))
                index = stack.enter_context(
                    path.with_suffix(".jsonl").open("xb", buffering=0)
                )
            except OSError as error:
                _warn(folder, error)
                yield None
                return
            yield cls(path, waveforms, index)
            if not waveforms.tell():  # no file could be decoded, or kept
                with contextlib.suppress(OSError):
                    stack.close()
                    path.unlink()
                    path.with_suffix(".jsonl").unlink()

    def add(self, file: FileState, samples: np.ndarray, crc: int) -> _Place | None:
        """Keep a waveform; None, with a warning, where that fails."""
        begin = self._waveforms.tell()
        offset = begin // samples.itemsize
        place = _Place(self._path, offset, len(samples), crc)
        facts = {**vars(file), "offset": offset, "samples": len(samples), "crc": crc}
        try:
            _write(self._waveforms, samples.data.cast("B"))
            _write(self._index, f"{json.dumps(facts)}\n".encode())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._waveforms.truncate(begin)
            _warn(self._path.parent, error)
            return None
        return place


def _write(file: IO[bytes], content: Any) -> None:
    left = memoryview(content)
    while left:  # a raw file may take less than all of it
        left = left[file.write(left) :]


def _index(folder: Path, itemsize: int) -> Iterator[tuple[FileState, _Place]]:
    for path in sorted(folder.glob("*.jsonl")):
        log = path.with_suffix(".pcm")
        try:
            lines = path.read_bytes().split(b"\n")[:-1]  # a last one may be cut off
            there = log.stat().st_size // itemsize
        except OSError:  # another process clears the cache
            continue
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                facts = json.loads(line)
                place = _Place(log, *(int(facts[key]) for key in _SIZES))
                state = FileState(*(facts[key] for key in _STATE))
                if place.offset >= 0 and place.offset + place.samples <= there:
                    yield state, place


_SIZES = ("offset", "samples", "crc")
_STATE = ("path", "size", "modified_ns")


def _warn(folder: Path, error: OSError) -> None:
    warnings.warn(
        f"Decoded audio cannot be kept in {folder}: {error.strerror or error}. What is "
        "not in there is decoded in each epoch, which is slower. Free some space, set "
        f'{CACHE_VARIABLE} to another folder, pass dtype="int16", or cache=False.',
        stacklevel=2,
    )
