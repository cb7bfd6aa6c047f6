"""Decoded audio, kept on disk and memory-mapped: a file is decoded once, not an epoch.

The cache is a folder for a sample rate and number format (see `decoded_log`). Processes
may add to it at once.
"""

import os
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.audio.load import load_within
from kerasaudio.datasets.batching.decoded_log import DecodedLog, Place, places_in
from kerasaudio.datasets.batching.decoding import Room, cores, for_each_file
from kerasaudio.files.cache import folder_if_any
from kerasaudio.files.file_state import FileState

DTYPES = ("float32", "float16", "int16")
FULL_SCALE = 32767  # of int16
_VERSION = 1  # of decoder and resampler: another one has other numbers


class DecodedAudio:
    """The waveforms of some files at one rate, decoded at once, read in parts.

    However many files are decoded at once, their waveforms take 128 MiB at most beside
    the longest one, and decoding up to three times as much.

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
        self.readers = whole_number(readers or cores(), "readers")
        self.lengths: dict[Path, int] = {}
        self.errors: dict[Path, str] = {}
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
        """Leave out the maps, which another process makes anew."""
        return self.__dict__ | {"_maps": {}, "_mending": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what another process had."""
        self.__dict__.update(state)
        self._mending, self._process = threading.Lock(), os.getpid()

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
        whole = self._kept(file)
        if whole is None and file in self._places:
            whole = self._mended(file)
        if whole is None:
            # A copy of the piece: the rest need not stay in memory.
            return self._loaded(file)[start:stop].copy()
        piece = whole[start:stop].astype(np.float32, copy=False)
        return piece / FULL_SCALE if self._dtype == np.int16 else piece

    def _prepare(self, files: list[Path], folder: Path | None) -> None:
        known = {} if folder is None else places_in(folder, self._dtype.itemsize)
        self._log = None if folder is None else DecodedLog(folder)
        states: dict[Path, FileState] = {}
        for file in files:
            try:
                states[file] = state = FileState.of(file)
            except OSError as error:
                self.errors[file] = f"it cannot be read ({error.strerror or error})"
                continue
            if places := known.get(state):
                self._places[file], self.lengths[file] = places, places[-1].samples
        missing = [file for file in states if file not in self._places]
        if not missing:
            return

        def decode(file: Path) -> None:
            try:
                self.lengths[file] = self._keep(file, states[file])
            except (OSError, ValueError) as error:
                self.errors[file] = str(error)

        try:
            for_each_file(missing, self.readers, decode)
        finally:
            if self._log is not None:
                self._log.close()

    def _keep(self, file: Path, state: FileState) -> int:
        """Decode a file, add it to the cache if that can be, and give its length."""
        with self._room.entered() as hold:
            waveform = load_within(file, self.sample_rate, hold)
            place = None
            if self._log is not None:
                place = self._log.add(state, self._packed(waveform))
            if place is not None:
                self._places[file] = [place]
                self._checked.add(place)
            return len(waveform)

    def _loaded(self, file: Path) -> np.ndarray:
        with self._room.entered() as hold:
            return load_within(file, self.sample_rate, hold)

    def _packed(self, waveform: np.ndarray) -> np.ndarray:
        if self._dtype == np.int16:
            return np.rint(np.clip(waveform, -1, 1) * FULL_SCALE).astype("<i2")
        return waveform.astype(self._dtype.newbyteorder("<"), copy=False)

    def _kept(self, file: Path) -> np.ndarray | None:
        """Give a whole waveform; None where the cache has none, or a damaged one."""
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
        """Decode what was damaged or cleared once more, and keep it in its place."""
        if self._process != os.getpid():  # forked, perhaps while a thread mended
            self._mending, self._process = threading.Lock(), os.getpid()
        with self._mending:
            whole = self._kept(file)  # another thread was quicker
            if whole is not None or self._log is None:
                return whole
            # Until it is replaced, the damaged one says to others that they must wait.
            damaged = self._places[file]
            self._checked.difference_update(damaged)
            self._keep(file, FileState.of(file))
            self._log.close()
            if self._places[file] is damaged:  # it could not be kept
                del self._places[file]
            return self._kept(file)

    def _mapped(self, place: Place) -> np.ndarray | None:
        log = self._maps.get(place.log)
        try:
            if log is None or len(log) < place.offset + place.samples:
                little = self._dtype.newbyteorder("<")
                # As a plain array: slices of a memmap object cost far more.
                size = place.log.stat().st_size // little.itemsize
                log = np.asarray(np.memmap(place.log, little, "r", shape=(size,)))
                self._maps[place.log] = log
        except (OSError, ValueError):
            return None
        whole = log[place.offset : place.offset + place.samples]
        return whole if len(whole) == place.samples else None
