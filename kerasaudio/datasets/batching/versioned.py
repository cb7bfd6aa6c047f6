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
from kerasaudio.audio.window_rule import Span, WindowRule
from kerasaudio.datasets.batching.decoded import DecodedAudio
from kerasaudio.files.file_state import FileState

_MANY = 16  # versions that are worth the start of other processes


class Source(NamedTuple):
    """What a version is made from: samples `start` to `end` of a decoded file."""

    path: Path
    start: int
    end: int
    version: Version

    @property
    def name(self) -> Path:
        """The version's name in the cache; no name of a file has a NUL."""
        change = f"{self.version.kind} {self.version.amount!r}"
        return Path(f"{self.path}\0{self.start}-{self.end}\0{change}")


class VersionedAudio(DecodedAudio):
    """Versions of parts of decoded files, made on creation by several processes.

    Args:
        sources: What they are made from.
        audio: The decoded files.
        cache: See `DecodedAudio`; versions are in the same folder.
        dtype: See `DecodedAudio`.
    """

    doing = "stretching"

    def __init__(
        self,
        sources: Sequence[Source],
        audio: DecodedAudio,
        cache: bool | str | PathLike[str],
        dtype: str,
    ) -> None:
        self._audio = audio
        self._sources = {source.name: source for source in sources}
        self._processes: Processes | None = None
        rate, readers = audio.sample_rate, audio.readers
        names = list(self._sources)
        super().__init__(names, rate, cache=cache, dtype=dtype, readers=readers)

    def _state(self, file: Path) -> FileState:
        source = self._sources[file]
        state = FileState.of(source.path)
        name = source._replace(path=Path(state.path)).name
        return replace(state, path=str(name))

    def _waveform(self, file: Path, hold: Hold) -> np.ndarray:
        path, start, end, version = self._sources[file]
        length, rate = version.length(end - start), self.sample_rate
        hold(4 * (end - start + length))
        samples, made = self._audio.read(path, start, end), None
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
        cache: See `DecodedAudio`.
        dtype: See `DecodedAudio`.

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
        self._sources = [
            Source(path, start, end, version)
            for version in versions
            for path, (start, end) in clips
        ]
        self._versions: VersionedAudio | None = None
        lengths = (spans[:, 1] - spans[:, 0]).tolist()
        self.made = 0
        if versions:
            made = VersionedAudio(self._sources, audio, cache, dtype)
            for source in self._sources:
                if reason := made.errors.get(source.name):
                    raise AudioDecodeError(
                        f"{source.path} cannot be changed ({source.version}): {reason}"
                    )
                lengths.append(made.lengths[source.name])
            self._versions, self.made = made, made.made
        self.lengths = np.array(lengths, np.int64)

    @property
    def is_cached(self) -> bool:
        """Whether all waveforms are in the cache."""
        made = self._versions
        return self._audio.is_cached and (made is None or made.is_cached)

    def window(self, number: int, span: Span, rule: WindowRule) -> np.ndarray:
        """Return a window, filled by the rule, with the samples before it.

        Raises:
            AudioDecodeError: The file has become shorter.
        """
        first = max(0, span.start - rule.context)
        last = span.start + span.length
        piece = head = self.read(number, first, last)
        if len(piece) < last - first:
            path = self._paths[number % len(self._paths)]
            raise AudioDecodeError(
                f"{path} is now shorter than when this training began."
            )
        if span.length < span.size and span.start:
            head = self.read(number, 0, min(int(self.lengths[number]), rule.window))
        return rule.filled(piece, head, span).samples

    def read(self, number: int, start: int, stop: int) -> np.ndarray:
        """Return samples `start` to `stop` of a waveform; see `DecodedAudio.read`."""
        if number < len(self._paths):
            begin = int(self._spans[number, 0])
            return self._audio.read(self._paths[number], begin + start, begin + stop)
        assert self._versions is not None
        name = self._sources[number - len(self._paths)].name
        return self._versions.read(name, start, stop)
