"""Decoded audio, kept on disk and memory-mapped, so that files are decoded only once.

The cache has one folder per sample rate and number format (see `decoded_log`). Several
processes may add to it at the same time.
"""

import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.audio.load import Hold, load_within
from kerasaudio.datasets.batching.decoded_log import DecodedLog, Place, places_in
from kerasaudio.datasets.batching.decoding import Room, cores, for_each_file
from kerasaudio.files.cache import folder_if_any
from kerasaudio.files.file_state import FileState

DTYPES = ("float32", "float16", "int16")
FULL_SCALE = 32767  # of int16
_VERSION = 1  # of decoder and resampler; another version gives other samples


class DecodedAudio:
    """The waveforms of some files at one rate, decoded on creation, read in parts.

    However many files are decoded in parallel, their waveforms take at most 128 MiB
    plus the longest one, and decoding takes up to three times as much.

    Args:
        files: Audio files. Files that are not in the cache are decoded now, by several
            threads.
        sample_rate: Sample rate in Hz.
        cache: True for the folder of KERASAUDIO_CACHE or the platform's cache; a
            folder; or False to decode files now, to check them, and again whenever they
            are read.
        dtype: Number format of the cache: "float32" (exact), "float16", or "int16"
            (values outside [-1, 1] are clipped); the last two take half the space.
        readers: Number of threads; None for one per core.

    Attributes:
        lengths: Number of samples of each file.
        errors: Reason why a file cannot be used, by file.
        made: Number of files that were decoded now.

    Raises:
        ValueError: `dtype` is unknown.

    Warns:
        UserWarning: The cache cannot be written, for example because the disk is full.
            Files that are not in it are decoded whenever they are read.
    """

    doing = "decoding"  # on the progress bar

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
        self.readers = whole_number(readers or cores(), "readers")
        self.lengths: dict[Path, int] = {}
        self.errors: dict[Path, str] = {}
        self.made = 0
        self._maps: dict[Path, np.ndarray] = {}
        self._checked: set[Place] = set()
        self._places: dict[Path, list[Place]] = {}
        self._room = Room()
        self._mending, self._process = threading.Lock(), os.getpid()
        self._log: DecodedLog | None = None
        folder = None
        if cache is not False:
            base = folder_if_any("decoded") if cache is True else Path(cache)
            name = f"{sample_rate}-{dtype}-v{_VERSION}"
            folder = None if base is None else base / name
        self._prepare(list(dict.fromkeys(files)), folder)

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
        return len(self._places) == len(self.lengths)

    def read(self, file: Path, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return samples `start` to `stop` of a file, float32; fewer at its end.

        They may be a view of the cache: do not write to them.

        Raises:
            OSError: A file that is not in the cache has been deleted or damaged.
        """
        whole = self._kept(file)
        if whole is None and file in self._places:
            whole = self._mended(file)
        if whole is None:
            # A copy of the piece, so that the rest need not stay in memory.
            return self._loaded(file)[start:stop].copy()
        piece = whole[start:stop].astype(np.float32, copy=False)
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

    def _prepare(self, files: list[Path], folder: Path | None) -> None:
        known = {} if folder is None else places_in(folder, self._dtype.itemsize)
        self._log = None if folder is None else DecodedLog(folder)
        states: dict[Path, FileState] = {}
        for file in files:
            try:
                states[file] = state = self._state(file)
            except OSError as error:
                self.errors[file] = f"it cannot be read ({error.strerror or error})"
                continue
            if places := known.get(state):
                self._places[file], self.lengths[file] = places, places[-1].samples
        missing = [file for file in states if file not in self._places]
        self.made = len(missing)
        if not missing:
            return

        def decode(file: Path) -> None:
            try:
                self.lengths[file] = self._keep(file, states[file])
            except (OSError, ValueError) as error:
                self.errors[file] = str(error)

        try:
            with self._at_work(len(missing)):
                for_each_file(missing, self.readers, decode, self.doing)
        finally:
            if self._log is not None:
                self._log.close()

    def _keep(self, file: Path, state: FileState) -> int:
        """Decode a file, add it to the cache if possible, and return its length."""
        with self._room.entered() as hold:
            waveform = self._waveform(file, hold)
            place = None
            if self._log is not None:
                place = self._log.add(state, self._packed(waveform))
            if place is not None:
                self._places[file] = [place]
                self._checked.add(place)
            return len(waveform)

    def _loaded(self, file: Path) -> np.ndarray:
        with self._room.entered() as hold:
            return self._waveform(file, hold)

    def _packed(self, waveform: np.ndarray) -> np.ndarray:
        if self._dtype == np.int16:
            return np.rint(np.clip(waveform, -1, 1) * FULL_SCALE).astype("<i2")
        return waveform.astype(self._dtype.newbyteorder("<"), copy=False)

    def _kept(self, file: Path) -> np.ndarray | None:
        """Return a whole waveform; None if the cache has none or a damaged one."""
        for place in reversed(self._places.get(file, [])):
            whole = self._mapped(place)
            if whole is not None and place in self._checked:
                return whole
            if whole is not None and zlib.crc32(whole.data) == place.crc:
                self._places[file] = [place]
                self._checked.add(place)
                return whole
        return None

    def _mended(self, file: Path) -> np.ndarray | None:
        """Decode a damaged or cleared waveform again, and keep it in its place."""
        if self._process != os.getpid():  # forked, perhaps while a thread mended
            self._mending, self._process = threading.Lock(), os.getpid()
        with self._mending:
            whole = self._kept(file)  # another thread was quicker
            if whole is not None or self._log is None:
                return whole
            # Until it is replaced, the damaged entry tells other threads to wait.
            damaged = self._places[file]
            self._checked.difference_update(damaged)
            self._keep(file, self._state(file))
            self._log.close()
            if self._places[file] is damaged:  # the new one could not be kept
                del self._places[file]
            return self._kept(file)

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
