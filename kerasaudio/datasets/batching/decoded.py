"""Decoded audio, kept on disk and memory-mapped, so that files are decoded only once.

Of each file the cache keeps the parts that clips need. It has one folder per sample
rate and number format (see `decoded_log`), and a limit (see `decoded_limit`). Several
processes may add to it at the same time.
"""

import os
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.audio.load import Hold, load_within
from kerasaudio.datasets.batching.decoded_limit import most_bytes, trim
from kerasaudio.datasets.batching.decoded_log import DecodedLog, Place, places_in
from kerasaudio.datasets.batching.decoding import Room, for_each_file, reading_threads
from kerasaudio.datasets.batching.parts import WHOLE, Part, merged, part_with, within
from kerasaudio.files.cache import folder_if_any
from kerasaudio.files.file_state import FileState

DTYPES = ("float32", "float16", "int16")
FULL_SCALE = 32767  # of int16
_VERSION = 2  # of records, decoder and resampler; other versions are not read


class DecodedAudio:
    """Parts of some files at one rate, decoded on creation.

    However many files are decoded in parallel, their waveforms take at most 128 MiB
    plus the longest one, and decoding takes up to three times as much.

    Args:
        files: Audio files; or audio files -> the parts of each that are needed, as
            pairs of samples (start, end), where the end may lie behind that of the
            file. Files with a part that is not in the cache are decoded now, by several
            threads.
        sample_rate: Sample rate in Hz.
        cache: True for the folder of KERASAUDIO_CACHE or the platform's cache, where
            what was not used for long is removed beyond a limit; a folder; or False to
            decode files now, to check them, and again whenever they are read.
        dtype: Number format of the cache: "float32" (exact), "float16", or "int16"
            (values outside [-1, 1] are clipped); the last two take half the space.
        readers: Number of threads; None for one per core.

    Attributes:
        lengths: Number of samples of each file.
        errors: Reason why a file cannot be used, by file.
        made: Number of files that were decoded now.

    Raises:
        ValueError: `dtype` is unknown; KERASAUDIO_DECODED_LIMIT is invalid.

    Warns:
        UserWarning: The cache cannot be written, for example because the disk is full.
            Files that are not in it are decoded whenever they are read.
    """

    doing = "decoding"  # on the progress bar

    def __init__(
        self,
        files: Iterable[Path] | Mapping[Path, Iterable[Part]],
        sample_rate: int,
        *,
        cache: bool | str | os.PathLike[str] = True,
        dtype: str = "float32",
        readers: int | None = None,
    ) -> None:
        if dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {DTYPES}. Received: {dtype!r}.")
        self.sample_rate, self._dtype = sample_rate, np.dtype(dtype)
        self.readers = reading_threads(readers)
        self.lengths: dict[Path, int] = {}
        self.errors: dict[Path, str] = {}
        self.made = 0
        self._maps: dict[Path, np.ndarray] = {}
        self._checked: set[Place] = set()
        self._parts: dict[Path, list[Part]] = {}
        self._places: dict[tuple[Path, Part], list[Place]] = {}
        self._uncached: set[Path] = set()
        self._room = Room()
        self._mending, self._process = threading.Lock(), os.getpid()
        self._log: DecodedLog | None = None
        folder = None
        if cache is not False:
            base = folder_if_any("decoded") if cache is True else Path(cache)
            name = f"{sample_rate}-{dtype}-v{_VERSION}"
            folder = None if base is None else base / name
        limit = most_bytes()  # before hours of decoding
        if not isinstance(files, Mapping):
            files = {file: (WHOLE,) for file in files}
        self._prepare({file: merged(files[file]) for file in files}, folder)
        if cache is True and folder is not None:
            logs = {place.log for found in self._places.values() for place in found}
            trim(folder.parent, limit, logs)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the maps, which another process makes itself."""
        return self.__dict__ | {"_maps": {}, "_mending": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state that another process pickled."""
        self.__dict__.update(state)
        self._mending, self._process = threading.Lock(), os.getpid()

    @property
    def is_cached(self) -> bool:
        """Whether every usable file is in the cache."""
        return not self._uncached

    def read(self, file: Path, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return samples `start` to `stop` of a file, float32; fewer at its end.

        They may be a view of the cache: do not write to them.

        Raises:
            OSError: A file that is not in the cache has been deleted or damaged.
        """
        length = self.lengths[file]
        end = length if stop is None else min(stop, length)
        part = part_with(self._parts[file], start, end)
        kept = None if part is None else self._kept(file, part)
        if part is not None and kept is None and (file, part) in self._places:
            kept = self._mended(file, part)
        if part is None or kept is None:
            # A copy of the piece, so that the rest need not stay in memory.
            return self._loaded(file)[start:stop].copy()
        first = part[0]
        piece = kept[start - first : end - first].astype(np.float32, copy=False)
        return piece / FULL_SCALE if self._dtype == np.int16 else piece

    def _state(self, file: Path) -> FileState:
        """Return the state of a file, or raise an OSError."""
        return FileState.of(file)

    def _waveform(self, file: Path, hold: Hold) -> np.ndarray:
        """Return the whole waveform of a file; `hold` waits for memory before."""
        return load_within(file, self.sample_rate, hold)

    @contextmanager
    def _at_work(self, count: int) -> Iterator[None]:
        """Make `count` waveforms within this context."""
        yield

    def _prepare(self, wanted: dict[Path, list[Part]], folder: Path | None) -> None:
        known = {} if folder is None else places_in(folder, self._dtype.itemsize)
        self._log = None if folder is None else DecodedLog(folder)
        states: dict[Path, FileState] = {}
        missing = []
        for file, parts in wanted.items():
            try:
                states[file] = state = self._state(file)
            except OSError as error:
                self.errors[file] = f"it cannot be read ({error.strerror or error})"
                continue
            if not self._find(file, parts, known.get(state, [])):
                missing.append(file)
        self.made = len(missing)
        if not missing:
            return

        def decode(file: Path) -> None:
            try:
                self._decode(file, states[file], wanted[file])
            except (OSError, ValueError) as error:
                self.errors[file] = str(error)

        try:
            with self._at_work(len(missing)):
                for_each_file(missing, self.readers, decode, self.doing)
        finally:
            if self._log is not None:
                self._log.close()

    def _find(self, file: Path, wanted: list[Part], places: list[Place]) -> bool:
        """Find the parts of a file in the cache; return whether all are there."""
        if not places:
            return False
        length = places[-1].total
        parts = within(wanted, length)
        found = [[place for place in places if place.has(part)] for part in parts]
        self._places |= {(file, p): f for p, f in zip(parts, found, strict=True) if f}
        if not all(found):
            return False
        self.lengths[file], self._parts[file] = length, parts
        return True

    def _decode(self, file: Path, state: FileState, wanted: list[Part]) -> None:
        """Decode a file, and add the parts to the cache that it lacks, if possible."""
        with self._room.entered() as hold:
            waveform = self._waveform(file, hold)
            self.lengths[file] = len(waveform)
            self._parts[file] = parts = within(wanted, len(waveform))
            lacking = [part for part in parts if (file, part) not in self._places]
            self._add(file, state, waveform, lacking)
            if any((file, part) not in self._places for part in parts):
                self._uncached.add(file)

    def _add(
        self, file: Path, state: FileState, waveform: np.ndarray, parts: list[Part]
    ) -> None:
        """Add parts of a file to the cache, as far as possible."""
        for start, stop in parts if self._log is not None else ():
            assert self._log is not None
            packed = self._packed(waveform[start:stop])
            place = self._log.add(state, packed, start, len(waveform))
            if place is not None:
                self._places[file, (start, stop)] = [place]
                self._checked.add(place)

    def _loaded(self, file: Path) -> np.ndarray:
        with self._room.entered() as hold:
            return self._waveform(file, hold)

    def _packed(self, waveform: np.ndarray) -> np.ndarray:
        if self._dtype == np.int16:
            return np.rint(np.clip(waveform, -1, 1) * FULL_SCALE).astype("<i2")
        return waveform.astype(self._dtype.newbyteorder("<"), copy=False)

    def _kept(self, file: Path, part: Part) -> np.ndarray | None:
        """Return a part; None if the cache does not have it, or a damaged one."""
        for place in reversed(self._places.get((file, part), [])):
            whole = self._mapped(place)
            if whole is None:
                continue
            if place not in self._checked:
                if zlib.crc32(whole.data) != place.crc:
                    continue
                self._places[file, part] = [place]
                self._checked.add(place)
            return whole[part[0] - place.start : part[1] - place.start]
        return None

    def _mended(self, file: Path, part: Part) -> np.ndarray | None:
        """Decode a file with damaged or cleared parts again, and keep these anew."""
        if self._process != os.getpid():  # forked, perhaps while a thread mended
            self._mending, self._process = threading.Lock(), os.getpid()
        with self._mending:
            kept = self._kept(file, part)  # another thread was quicker
            if kept is not None or self._log is None:
                return kept
            parts = self._parts[file]
            lost = [other for other in parts if self._kept(file, other) is None]
            # Until it is replaced, a damaged entry tells other threads to wait.
            damaged = {other: self._places.get((file, other), []) for other in lost}
            self._checked.difference_update(*damaged.values())
            with self._room.entered() as hold:
                waveform = self._waveform(file, hold)
                self._add(file, self._state(file), waveform, lost)
            self._log.close()
            for other, places in damaged.items():
                if self._places.get((file, other)) is places:  # could not be kept
                    del self._places[file, other]
                    self._uncached.add(file)
            return self._kept(file, part)

    def _mapped(self, place: Place) -> np.ndarray | None:
        log = self._maps.get(place.log)
        try:
            if log is None or len(log) < place.offset + place.samples:
                little = self._dtype.newbyteorder("<")
                # A plain array, because slicing a memmap object is much slower.
                size = place.log.stat().st_size // little.itemsize
                log = np.asarray(np.memmap(place.log, little, "r", shape=(size,)))
                self._maps[place.log] = log
        except (OSError, ValueError):
            return None
        whole = log[place.offset : place.offset + place.samples]
        return whole if len(whole) == place.samples else None
