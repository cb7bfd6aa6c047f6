"""A clip of a corpus: a file, a part of one, a member of a tar, a row of a data set.

Reading one gives its windows: encoded bytes (a file, a range of a tar, what an address
or a row holds) -> decoded -> windows.
"""

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kerasaudio.audio import AudioDecodeError
from kerasaudio.audio.errors import IncompleteAudioError
from kerasaudio.audio.window import stream_audio
from kerasaudio.audio.window_rule import Window
from kerasaudio.core.spec import AudioSpec
from kerasaudio.core.windowed import Span, check_long_enough, waveform_windows
from kerasaudio.corpus import addresses
from kerasaudio.corpus.hidden import lasting, shown
from kerasaudio.files.workplace import temporary_folder

DIGEST = 16  # bytes that identify a clip
_IN_MEMORY = 16 * 2**20  # larger ones are copied to a temporary file first


@dataclass(frozen=True, slots=True)  # there may be millions
class Clip:
    """A clip of a corpus.

    Attributes:
        path: File, address or tar, without what gives access; or the name of a row.
        member: Name in the tar; None if `path` is the sound itself.
        offset: Where the member's header begins in the tar, which tells members of the
            same name apart; or the number of the row.
        begin: Where its content begins in the tar.
        size: Size in bytes of the file or member; 0 if it is not known.
        start: Start of the clip in its file in seconds; None for the beginning.
        end: Its end; None for that of the file.
        problem: What is wrong with the clip, if that is known before it is read.
        kind: Kind of the problem.
        content: The encoded sound, if it is held in memory until it is read.
        identity: What identifies it then.
        address: The whole address, if `path` is only what is shown of it.
    """

    path: str
    member: str | None = None
    offset: int | None = None
    begin: int = 0
    size: int = 0
    start: float | None = None
    end: float | None = None
    problem: str | None = None
    kind: str = "unusable"
    content: bytes | None = field(default=None, repr=False, compare=False)
    identity: bytes | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)

    @property
    def source(self) -> str:
        """What is read: the file, address or tar."""
        return self.address or self.path

    def without_content(self) -> "Clip":
        """Return the clip as it is kept after it was read."""
        return self if self.content is None else replace(self, content=None)

    @property
    def digest(self) -> bytes:
        """What identifies the clip in later runs, from any working directory."""
        if self.identity is not None:
            return self.identity
        path = lasting(self.source)
        if not addresses.is_address(path):
            path = os.path.abspath(path)
        what = repr((path, self.offset, self.start, self.end, self.problem))
        content = what.encode(errors="backslashreplace")
        return hashlib.blake2b(content, digest_size=DIGEST).digest()


def clip_in(source: str, **facts: Any) -> Clip:
    """Return a clip in a file or address, which may contain what gives access."""
    path = shown(source)
    return Clip(path, address=source if path != source else None, **facts)


def file_clip(path: str, size: int | None = None) -> Clip:
    """Return the clip that is a whole file, or what an address holds."""
    if size is None and not addresses.is_address(path):
        try:
            size = os.stat(path).st_size
        except (OSError, ValueError):  # not there; reading it says so
            size = 0
    return clip_in(path, size=size or 0)


class ProblemError(ValueError):
    """A clip that cannot be read, as was known before.

    Attributes:
        kind: Kind of the problem.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def clip_windows(
    clip: Clip, spec: AudioSpec, errors: str = "raise"
) -> Iterator[Window]:
    """Yield the windows of a clip; their starts count from the start of the clip.

    Raises:
        ValueError, OSError: It cannot be read or used.
    """
    with _opened(clip) as (source, span):
        yield from waveform_windows(spec, source, None, errors, span)


def clip_waveform(
    clip: Clip, sample_rate: int, errors: str, most_seconds: float
) -> np.ndarray | None:
    """Return the waveform of a clip, float32 (samples,); None if it is longer than so.

    Raises:
        ValueError, OSError: It cannot be read.
    """
    blocks: list[np.ndarray] = []
    with _opened(clip) as (source, (offset, duration)):
        for block in stream_audio(
            source, sample_rate, offset=offset, duration=duration, errors=errors
        ):
            blocks.append(block)
            if sum(map(len, blocks)) > most_seconds * sample_rate:
                return None
    waveform = np.concatenate(blocks)
    check_long_enough(waveform, sample_rate)
    return waveform


@contextlib.contextmanager
def _opened(clip: Clip) -> Iterator[tuple[Any, Span]]:
    """Yield a file, as a path or in memory, and the part of it that is the clip."""
    if clip.problem is not None:
        raise ProblemError(clip.problem, clip.kind)
    offset = clip.start or 0.0
    span = offset, None if clip.end is None else clip.end - offset
    name = clip.member or clip.path
    if clip.content is not None:
        yield _Named(clip.content, name), span
        return
    if clip.member is None and not addresses.is_address(clip.source):
        yield clip.path, span
        return
    size_is_known = clip.member is not None or clip.size
    if size_is_known and clip.size <= _IN_MEMORY:
        yield _Named(_content(clip), name), span
        return
    with temporary_folder() as folder:
        copy = str(folder / "audio")
        _copy(clip, copy)
        with _NamedFile(copy, name) as file:
            yield file, span


class _Named(io.BytesIO):
    """Bytes with a name, for messages."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


class _NamedFile(io.BufferedReader):
    """A file with another name, for messages."""

    name = ""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(io.FileIO(path))
        self.name = name


def _content(clip: Clip) -> bytes:
    if clip.member is None:
        return addresses.read(clip.source)
    content = addresses.read(clip.source, clip.begin, clip.size)
    if len(content) < clip.size:
        raise _cut(clip)
    return content


def _copy(clip: Clip, copy: str) -> None:
    with open(copy, "xb") as out:
        size = 0
        for part in addresses.parts(clip.source, clip.begin, clip.size or None):
            size += out.write(part)
    if clip.member is not None and size < clip.size:
        raise _cut(clip)


def _cut(clip: Clip) -> ProblemError:
    return ProblemError(
        f"The tar {clip.path!r} ends inside {clip.member!r}: it was cut. Copy it "
        "again.",
        "truncated",
    )


def kind_of(error: Exception) -> str:
    """Return the kind of an error, for the report and the table of errors."""
    if isinstance(error, ProblemError):
        return error.kind
    kinds = {
        FileNotFoundError: "missing",
        IncompleteAudioError: "truncated",
        AudioDecodeError: "not decodable",
        OSError: "unreadable",
    }
    found = (kind for cause, kind in kinds.items() if isinstance(error, cause))
    return next(found, "unusable")
