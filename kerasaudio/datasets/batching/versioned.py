"""Clips and their versions: slower, faster, lower, higher; made once and kept on disk.

decoded audio -> its clips -> (stretched, shifted) -> waveforms by the number of a clip
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kerasaudio.audio import AudioDecodeError
from kerasaudio.audio.load import Hold
from kerasaudio.audio.signalsmith import Processes
from kerasaudio.audio.versions import Version
from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.datasets.batching.kept_audio import KeptAudio
from kerasaudio.files.file_state import FileState

_MANY = 16  # versions that are worth the start of other processes


class Part(NamedTuple):
    """A version of samples `start` to `end` of a file."""

    path: Path
    start: int
    end: int
    version: Version


class VersionedAudio(KeptAudio[Part]):
    """Versions of parts of decoded files, made on creation by several processes.

    Args:
        parts: The versions.
        audio: Their decoded files.
        cache: See `KeptAudio`; versions are in the same folder as decoded audio.
        dtype: See `KeptAudio`.
    """

    doing = "stretching"

    def __init__(
        self,
        parts: Sequence[Part],
        audio: DecodedAudio,
        cache: bool | str | PathLike[str],
        dtype: str,
    ) -> None:
        self._audio = audio
        self._processes: Processes | None = None
        rate, readers = audio.sample_rate, audio.readers
        super().__init__(parts, rate, cache=cache, dtype=dtype, readers=readers)

    def _state(self, key: Part) -> FileState:
        file, version = FileState.of(key.path), key.version
        change = f"{key.start}-{key.end}\0{version.kind} {version.amount!r}"
        return replace(file, path=f"{file.path}\0{change}")  # no path has a NUL

    def _made(self, key: Part, hold: Hold) -> np.ndarray:
        version, rate = key.version, self.sample_rate
        length = version.length(key.end - key.start)
        hold(4 * (key.end - key.start + length))
        samples = self._audio.read(key.path, key.start, key.end)
        made = None
        if self._processes is not None:
            settings = version.settings
            made = self._processes.stretched(samples, rate, length, **settings)
        return version.of(samples, rate) if made is None else made

    @contextmanager
    def _at_work(self, count: int) -> Iterator[None]:
        if count < _MANY or self.readers == 1:
            yield
            return
        self._processes = Processes()
        try:
            yield
        finally:
            self._processes.close()
            self._processes = None


class ClipAudio:
    """The waveforms of clips, followed by those of their versions, by number.

    With n clips, clip i has the number i, and its first version the number n + i.

    Args:
        audio: The decoded files.
        paths: File of each clip.
        spans: Start and end of each clip in its file, in samples, int64 (n, 2).
        versions: Versions of each clip.
        cache: See `KeptAudio`.
        dtype: See `KeptAudio`.

    Attributes:
        lengths: Length of each waveform in samples, int64 (n * (1 + versions),).
        made: Number of versions that were not in the cache.

    Raises:
        AudioDecodeError: A file has been changed or deleted since it was decoded.
    """

    def __init__(
        self,
        audio: DecodedAudio,
        paths: Sequence[Path],
        spans: np.ndarray,
        versions: Sequence[Version],
        cache: bool | str | PathLike[str],
        dtype: str,
    ) -> None:
        self._audio, self._paths, self._spans = audio, paths, spans
        self.readers = audio.readers
        clips = list(zip(paths, spans.tolist(), strict=True))
        self._parts = [
            Part(path, start, end, version)
            for version in versions
            for path, (start, end) in clips
        ]
        self._versions: VersionedAudio | None = None
        lengths = (spans[:, 1] - spans[:, 0]).tolist()
        self.made = 0
        if versions:
            self._versions = VersionedAudio(self._parts, audio, cache, dtype)
            for part, reason in self._versions.errors.items():
                raise AudioDecodeError(
                    f"{part.path} cannot be changed ({part.version}): {reason}"
                )
            lengths += [self._versions.lengths[part] for part in self._parts]
            self.made = self._versions.made
        self.lengths = np.array(lengths, np.int64)

    @property
    def is_cached(self) -> bool:
        """Whether all waveforms are in the cache."""
        made = self._versions
        return self._audio.is_cached and (made is None or made.is_cached)

    def read(self, number: int, start: int, stop: int) -> np.ndarray:
        """Return samples `start` to `stop` of a waveform; see `KeptAudio.read`."""
        if number < len(self._paths):
            begin = int(self._spans[number, 0])
            return self._audio.read(self._paths[number], begin + start, begin + stop)
        assert self._versions is not None
        part = self._parts[number - len(self._paths)]
        return self._versions.read(part, start, stop)
