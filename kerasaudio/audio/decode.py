"""Encoded audio to blocks of float32 samples, by libsndfile or what stands in for it.

A decoder has a `name`, a `sample_rate` and `channels`, and gives `blocks` of shape
(frames, channels). Whoever reads all blocks has seen every sample that the file
promised, or an AudioDecodeError.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import numpy as np

from kerasaudio.audio.check import RATE_LIMITS
from kerasaudio.audio.containers import missing_bytes
from kerasaudio.audio.errors import AudioDecodeError
from kerasaudio.audio.mp3 import SAMPLES_PER_FRAME, with_true_length
from kerasaudio.audio.source import AudioFile, Source, looks_like, open_source

READERS = ("soundfile", "tensorflow-io")
_UNKNOWN_FRAMES = 2**62  # libsndfile gives 2**63 - 1 where a stream has no length
_SEEK_FAILED = 39  # libsndfile's SFE_BAD_SEEK


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

    is_mp3 = source.head[:3] == b"ID3" or source.head[:1] == b"\xff"
    relengthened = with_true_length(source.file) if is_mp3 else None
    source.file.seek(0)
    try:
        opened = soundfile.SoundFile(relengthened or source.path or source.file)
    except (soundfile.LibsndfileError, TypeError) as error:
        # TypeError: by the name's suffix, soundfile takes the file for header-less.
        from kerasaudio.audio.ffmpeg import demuxer, open_ffmpeg

        if demuxer(source.head) is None:
            raise AudioDecodeError(_cannot_decode(source, error)) from error
        with open_ffmpeg(source) as decoder:
            yield decoder
        return
    with opened as file:
        yield SoundFileDecoder(source, file, promises=relengthened is None)


def _cannot_decode(source: Source, error: Exception) -> str:
    reason = getattr(error, "error_string", "") or "a header-less file"
    return (
        f"Cannot decode {source.name}: it is {looks_like(source)} "
        f"(libsndfile: {str(reason).rstrip('.')}). Wav, flac, ogg, opus, mp3, aiff, "
        f"au and caf are read; convert other formats, for example with: "
        f"ffmpeg -i INPUT OUTPUT.flac"
    )


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
        # An MP3 may lack part of its last frame: many are cut by bytes.
        self._slack = SAMPLES_PER_FRAME if file.format == "MP3" else 0

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Seek to `start` and read on, to the end or for so many frames."""
        import soundfile

        if self._frames is not None and start >= self._frames:
            return
        file = self._file
        position = start
        stop = None if frames is None else start + frames
        try:
            if file.tell() != start:
                file.seek(start)
        except soundfile.LibsndfileError as error:
            if self._frames is None:
                return  # past the end of a stream that does not state its length
            raise AudioDecodeError(self._stopped(0, error)) from error
        while stop is None or position < stop:
            size = block_frames if stop is None else min(block_frames, stop - position)
            block = np.full((size, self.channels), np.nan, np.float32)
            failure = None
            try:
                count = len(file.read(out=block))
            except soundfile.LibsndfileError as error:
                failure = error
                unread = np.isnan(block[:, 0])
                count = int(unread.argmax()) if unread.any() else size
            position += count
            if count:
                yield block[:count]
            # soundfile seeks after it reads; behind the last frame of a FLAC stream
            # of unstated length that fails, and is no fault.
            if failure is not None and (
                self._frames is not None or failure.code != _SEEK_FAILED
            ):
                raise AudioDecodeError(self._stopped(position, failure)) from failure
            if failure is not None or not count:
                break
        if stop is None or position < stop:
            self._check_end(position)

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
        reason = getattr(failure, "error_string", "") or "no reason given"
        of = f" of {self._seconds(self._frames)}" if self._frames else ""
        return (
            f"{self.name} is truncated or damaged: decoding stopped after "
            f"{self._seconds(position)}{of} "
            f"(libsndfile: {str(reason).rstrip('.')}). Fetch or convert it again; to "
            f"use what is there, pass duration=."
        )

    def _seconds(self, frames: int) -> str:
        return f"{frames / self.sample_rate:.3f} s"
