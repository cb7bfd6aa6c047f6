"""Encoded audio to blocks of float32 samples, by libsndfile or what stands in for it.

A decoder has a `name`, a `sample_rate` and `channels`, and gives `blocks` of shape
(frames, channels). Whoever reads all blocks has seen every sample that the file
promised, or an IncompleteAudioError.
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
    """What every reader gives; `frames` are those promised, None if nobody knows."""

    name: str
    sample_rate: int
    channels: int
    frames: int | None

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Give float32 (n, channels) from frame `start` on, `frames` at most."""
        ...


@contextmanager
def open_audio(
    path_or_file: AudioFile, reader: str = "soundfile", errors: str = "raise"
) -> Iterator[Decoder]:
    """Open audio with the named reader.

    Args:
        path_or_file: A path or an open binary file.
        reader: One of READERS.
        errors: With "salvage", a decoder goes on behind damage as far as it can.

    Raises:
        ValueError: An unknown reader, or neither a path nor a binary file.
        ImportError: The reader is not installed, or does not work here.
        AudioDecodeError: Not audio, damaged, or in need of ffmpeg.
        OSError: The file is missing or cannot be read.
    """
    if reader not in READERS:
        raise ValueError(f"reader must be one of {READERS}. Received: {reader!r}.")
    with open_source(path_or_file) as source, _open(source, reader, errors) as decoder:
        low, high = RATE_LIMITS
        if not low <= decoder.sample_rate <= high:
            raise AudioDecodeError(
                f"{source.name} is damaged, or is not sound: its header states a "
                f"sample rate of {decoder.sample_rate:,} Hz; {low:,} to {high:,} are "
                f"read."
            )
        if decoder.channels > MOST_CHANNELS:
            raise AudioDecodeError(
                f"{source.name} is damaged, or is not sound: its header states "
                f"{decoder.channels:,} channels; up to {MOST_CHANNELS:,} are read."
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
    """Give the first bytes of the sound: what Apple writes as aac has an ID3 tag."""
    source.file.seek(behind_id3(source.file))
    return source.file.read(HEAD_BYTES)


def _cannot_decode(source: Source, reason: str) -> str:
    if not source.size:
        return f"Cannot decode {source.name}: it is an empty file. Fetch it again."
    return (
        f"Cannot decode {source.name}: it is {looks_like(source)} (libsndfile: "
        f"{reason}). Wav, flac, ogg, opus, mp3, aiff, au and caf are read, and what "
        f"ffmpeg reads of mp4, mkv and others; convert other formats, for example "
        f"with: ffmpeg -i INPUT OUTPUT.flac"
    )
