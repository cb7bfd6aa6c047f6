"""Encoded audio to blocks of float32 samples, by libsndfile or what stands in for it.

A decoder has a `name`, a `sample_rate` and `channels`, and gives `blocks` of shape
(frames, channels). Whoever reads all blocks has seen every sample that the file
promised, or an AudioDecodeError.
"""

import functools
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import numpy as np

from kerasaudio.audio.check import RATE_LIMITS
from kerasaudio.audio.containers import missing_bytes
from kerasaudio.audio.errors import AudioDecodeError
from kerasaudio.audio.mp3 import SAMPLES_PER_FRAME, with_true_length
from kerasaudio.audio.source import (
    AudioFile,
    CallbackFile,
    Source,
    is_utf16_text,
    looks_like,
    open_source,
)

READERS = ("soundfile", "tensorflow-io")
_UNKNOWN_FRAMES = 2**62  # libsndfile gives 2**63 - 1 where a stream has no length
_BAD_FILE = 7  # libsndfile's SFE_BAD_FILE


class Decoder(Protocol):
    """What every reader gives."""

    name: str
    sample_rate: int
    channels: int

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Give float32 (n, channels) from frame `start` on, `frames` at most."""
        ...


@contextmanager
def open_audio(path_or_file: AudioFile, reader: str = "soundfile") -> Iterator[Decoder]:
    """Open audio with the named reader.

    Raises:
        ValueError: An unknown reader, or neither a path nor a binary file.
        ImportError: The reader is not installed, or does not work here.
        AudioDecodeError: Not audio, damaged, or in need of ffmpeg.
        OSError: The file is missing or cannot be read.
    """
    if reader not in READERS:
        raise ValueError(f"reader must be one of {READERS}. Received: {reader!r}.")
    with open_source(path_or_file) as source, _decoder(source, reader) as decoder:
        low, high = RATE_LIMITS
        if not low <= decoder.sample_rate <= high:
            raise AudioDecodeError(
                f"{source.name} is damaged, or is not sound: its header states a "
                f"sample rate of {decoder.sample_rate:,} Hz; {low:,} to {high:,} are "
                f"read."
            )
        yield decoder


def _decoder(source: Source, reader: str) -> AbstractContextManager[Decoder]:
    if reader == "tensorflow-io":
        from kerasaudio.audio.tensorflow_io import open_tensorflow_io

        return open_tensorflow_io(source)
    return _open_soundfile(source)


@contextmanager
def _open_soundfile(source: Source) -> Iterator[Decoder]:
    import soundfile

    if is_utf16_text(source.head):
        raise AudioDecodeError(_cannot_decode(source, "not tried"))
    is_mp3 = source.head[:3] == b"ID3" or source.head[:1] == b"\xff"
    relengthened = with_true_length(source.file) if is_mp3 else None
    # Without a name, soundfile does not judge by it: .raw means header-less to it.
    path = source.path
    named = path is not None and not path.lower().endswith(".raw")
    plain = _native(path) if path and named else CallbackFile(source.file)
    try:
        opened = _sequential(soundfile.SoundFile)(relengthened or plain)
    except soundfile.LibsndfileError as error:
        from kerasaudio.audio.ffmpeg import demuxer, open_ffmpeg

        if demuxer(source.head) is None:
            raise AudioDecodeError(_cannot_decode(source, _said(error))) from error
        with open_ffmpeg(source) as decoder:
            yield decoder
        return
    with opened as file:
        yield SoundFileDecoder(source, file, promises=relengthened is None)


def _native(path: str) -> str | bytes:
    """Give a path as libsndfile takes it: outside Windows a name is any bytes."""
    return path if os.name == "nt" else os.fsencode(path)


@functools.cache
def _sequential(sound_file: Any) -> Any:
    """Make a SoundFile that does not seek after each read.

    soundfile does so where it already is. It costs time, and an MP3 decoder loses the
    bits that the next frame needs from those before.
    """

    class Sequential(sound_file):
        def seekable(self) -> bool:
            return False

    return Sequential


def _cannot_decode(source: Source, reason: str) -> str:
    return (
        f"Cannot decode {source.name}: it is {looks_like(source)} (libsndfile: "
        f"{reason}). Wav, flac, ogg, opus, mp3, aiff, au and caf are read; convert "
        f"other formats, for example with: ffmpeg -i INPUT OUTPUT.flac"
    )


def _said(error: Exception) -> str:
    code, text = getattr(error, "code", 0), getattr(error, "error_string", "")
    # Of an MP3 in which it finds no frame libsndfile says that there is no file.
    return "no sound found" if code == _BAD_FILE else str(text).strip().rstrip(".")


class SoundFileDecoder:
    """Reads through libsndfile, and does not take its silence for the end."""

    def __init__(self, source: Source, file: Any, promises: bool) -> None:
        """Wrap an open SoundFile; `promises` says whether its length is true."""
        self.name = source.name
        self._source = source
        self._file = file  # soundfile.SoundFile
        self.sample_rate = int(file.samplerate)
        self.channels = int(file.channels)
        frames = int(file.frames)
        self._frames = frames if promises and frames < _UNKNOWN_FRAMES else None
        self._position = 0
        mp3_frame = SAMPLES_PER_FRAME if file.format == "MP3" else 0
        # An MP3 may lack part of its last frame: many are cut by bytes.
        self._slack = mp3_frame
        # Frames may use bits kept back in the frames before, up to 20 of them.
        self._warm_up = 32 * mp3_frame
        if frames >= _UNKNOWN_FRAMES:  # libsndfile cannot seek safely: read all before
            self._warm_up = _UNKNOWN_FRAMES

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Seek to `start` and read on, to the end or for so many frames."""
        wanted = _UNKNOWN_FRAMES if frames is None else start + frames
        stop = wanted if self._frames is None else min(wanted, self._frames)
        if start >= stop:
            return
        position = max(0, start - self._warm_up)
        self._seek(position)
        while position < stop:
            block, failure = self._read(min(block_frames, stop - position))
            fresh = block[max(0, start - position) :]
            position += len(block)
            if len(fresh):
                yield fresh
            if failure is not None:
                raise AudioDecodeError(self._stopped(position, failure)) from failure
            if not len(block):
                break
        if position < wanted:
            self._check_end(position)

    def _seek(self, position: int) -> None:
        import soundfile

        if self._position == position:
            return
        try:
            self._file.seek(position)
        except soundfile.LibsndfileError as error:
            raise AudioDecodeError(self._stopped(0, error)) from error
        self._position = position

    def _read(self, size: int) -> tuple[np.ndarray, Exception | None]:
        import soundfile

        block = np.full((size, self.channels), np.nan, np.float32)
        failure = None
        try:
            count = len(self._file.read(out=block))
        except soundfile.LibsndfileError as error:
            failure = error
            unread = np.isnan(block[:, 0])
            count = int(unread.argmax()) if unread.any() else size
        self._position += count
        return block[:count], failure

    def _check_end(self, position: int) -> None:
        promised = self._frames or 0
        missing = missing_bytes(self._source.file)
        if position + self._slack < promised or missing:
            lost = f"{missing:,} bytes are" if missing else "the rest is"
            of = f" of {self._seconds(promised)}" if position < promised else ""
            raise AudioDecodeError(
                f"{self.name} is truncated: {self._seconds(position)}{of} can be read, "
                f"{lost} missing. Fetch or convert it again; to use what is there, "
                f"pass duration=."
            )

    def _stopped(self, position: int, failure: Exception) -> str:
        of = f" of {self._seconds(self._frames)}" if self._frames else ""
        return (
            f"{self.name} is truncated or damaged: decoding stopped after "
            f"{self._seconds(position)}{of} "
            f"(libsndfile: {_said(failure)}). Fetch or convert it again; to "
            f"use what is there, pass duration=."
        )

    def _seconds(self, frames: int) -> str:
        return f"{frames / self.sample_rate:.3f} s"
