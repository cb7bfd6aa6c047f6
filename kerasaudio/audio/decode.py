"""Decode audio to blocks of float32 samples, with libsndfile or an alternative.

A decoder has a `name`, a `format`, a `sample_rate` and `channels`, and yields `blocks`
of shape (frames, channels). Reading all blocks returns every sample that the file
states, or raises an IncompleteAudioError.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from kerasaudio.audio.check import MOST_CHANNELS, RATE_LIMITS
from kerasaudio.audio.errors import AudioDecodeError
from kerasaudio.audio.ffmpeg import demuxer, open_ffmpeg
from kerasaudio.audio.libsndfile import NotReadError, open_libsndfile
from kerasaudio.audio.mp3 import behind_id3
from kerasaudio.audio.ogg import read_links
from kerasaudio.audio.ogg_chain import ChainDecoder
from kerasaudio.audio.source import (
    HEAD_BYTES,
    AudioFile,
    Source,
    looks_like,
    open_source,
)

READERS = ("soundfile", "tensorflow-io")


class Decoder(Protocol):
    """Interface of decoders; `frames` is the stated number, None if unknown."""

    name: str
    format: str
    sample_rate: int
    channels: int
    frames: int | None

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Yield float32 (n, channels) from frame `start` on, at most `frames`."""
        ...


@contextmanager
def open_audio(
    path_or_file: AudioFile, reader: str = "soundfile", errors: str = "raise"
) -> Iterator[Decoder]:
    """Open audio with the named reader.

    Args:
        path_or_file: A path or an open binary file.
        reader: One of READERS.
        errors: With "salvage", a decoder continues after damage as far as it can.

    Raises:
        ValueError: The reader is unknown, or the argument is neither a path nor a
            binary file.
        ImportError: The reader is not installed, or does not work here.
        AudioDecodeError: The file is not audio, is damaged, or needs ffmpeg.
        OSError: The file is missing or cannot be read.
    """
    if reader not in READERS:
        raise ValueError(f"reader must be one of {READERS}. Received: {reader!r}.")
    with open_source(path_or_file) as source, _open(source, reader, errors) as decoder:
        low, high = RATE_LIMITS
        if not low <= decoder.sample_rate <= high:
            raise AudioDecodeError(
                f"{source.name} is damaged, or is not audio: its header states a "
                f"sample rate of {decoder.sample_rate:,} Hz; it must be from {low:,} "
                f"to {high:,}."
            )
        if decoder.channels > MOST_CHANNELS:
            raise AudioDecodeError(
                f"{source.name} is damaged, or is not audio: its header states "
                f"{decoder.channels:,} channels; the limit is {MOST_CHANNELS:,}."
            )
        yield decoder


@contextmanager
def _open(source: Source, reader: str, errors: str) -> Iterator[Decoder]:
    if reader == "tensorflow-io":
        from kerasaudio.audio.tensorflow_io import open_tensorflow_io

        with open_tensorflow_io(source) as decoder:
            yield decoder
        return
    links = read_links(source.file) if source.head[:4] == b"OggS" else []
    is_vorbis_or_opus = all(link.codec in ("Vorbis", "Opus") for link in links)
    try:
        if links and is_vorbis_or_opus:
            yield ChainDecoder(source, links)
            return
        if not links:
            with open_libsndfile(source) as decoder:
                yield decoder
            return
        reason = f"{links[0].codec} in Ogg is not decoded"
    except NotReadError as error:
        reason = str(error)
    form = None if links and is_vorbis_or_opus else demuxer(_head(source))
    if form is None or len(links) > 1:
        raise AudioDecodeError(_cannot_decode(source, reason))
    with open_ffmpeg(source, form, reason, errors) as decoder:
        yield decoder


def _head(source: Source) -> bytes:
    """Return the first bytes of the sound, after the ID3 tag of Apple's aac files."""
    source.file.seek(behind_id3(source.file))
    return source.file.read(HEAD_BYTES)


def _cannot_decode(source: Source, reason: str) -> str:
    if not source.size:
        return f"Cannot decode {source.name}: it is an empty file. Download it again."
    return (
        f"Cannot decode {source.name}: it is {looks_like(source)} (libsndfile: "
        f"{reason}). Supported formats are wav, flac, ogg, opus, mp3, aiff, au and "
        f"caf, and with ffmpeg mp4, mkv and others. Convert other formats, for example "
        f"with: ffmpeg -i INPUT OUTPUT.flac"
    )
