"""Decode with libsndfile, and check for losses that it does not report.

It reduces the length in a header to the bytes that exist, guesses the length of MPEG
audio, and reads only the first of several Ogg streams. Therefore each supported
container has its own check; a container whose length cannot be checked is rejected.
"""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kerasaudio.audio import mp3, riff
from kerasaudio.audio.containers import shortfall
from kerasaudio.audio.errors import AudioDecodeError
from kerasaudio.audio.ogg import Link
from kerasaudio.audio.shortfall import Shortfall
from kerasaudio.audio.sound_file import UNKNOWN_FRAMES, SoundFileDecoder, said
from kerasaudio.audio.source import CallbackFile, Source, is_utf16_text

# Checked by `shortfall`, by `mp3` and `ogg`, or (FLAC) by the decoder itself.
_CHECKED = (
    *("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "SVX", "NIST"),
    *("FLAC", "OGG", "MP3"),
)
_MPEG_IN_WAV = (0x50, 0x55)
_GSM_IN_WAV = 0x31


class NotReadError(Exception):
    """libsndfile does not decode a file; another decoder may. The message says why."""


@contextmanager
def open_libsndfile(source: Source) -> Iterator[SoundFileDecoder]:
    """Decode with libsndfile.

    Raises:
        NotReadError: libsndfile does not decode the file.
        AudioDecodeError: It decodes the file, but truncation cannot be detected.
    """
    if is_utf16_text(source.head):
        raise NotReadError("not tried")
    wav = riff.read_wav(source.file)
    stream = _mpeg(source, wav)
    opened = _open((stream and stream.file) or _plain(source, wav))
    if stream is None and opened.format == "MP3":  # MPEG frames after other bytes
        opened.close()
        stream = mp3.survey(source.file)
        opened = _open(stream.file or _plain(source))
    elif stream is not None and opened.format != "MP3":  # FLAC after an ID3 tag
        opened.close()
        stream = None
        opened = _open(_plain(source))
    with opened:
        _check_container(source, opened.format)
        yield _decoder(source, opened, wav, stream)


@contextmanager
def open_link(
    source: Source, link: Link, is_only: bool, before: int = 0
) -> Iterator[SoundFileDecoder]:
    """Decode one of the streams of an Ogg file.

    Args:
        source: The file.
        link: The stream to decode.
        is_only: Whether it is the only stream of the file.
        before: Number of frames of the streams before it.

    Raises:
        NotReadError: libsndfile does not decode the stream.
    """
    part = CallbackFile(source.file, link.start, link.end)
    with _open(_plain(source) if is_only else part) as opened:
        tail = link.tail if link.codec == "Vorbis" else None
        yield SoundFileDecoder(
            source, opened, _frames(opened), lambda: link.loss, tail=tail, before=before
        )


def _mpeg(source: Source, wav: riff.Wav | None) -> mp3.Stream | None:
    """Survey the file if it seems to be MPEG audio, by itself or inside a wav."""
    if wav is not None and wav.code in _MPEG_IN_WAV:
        start, length = wav.sound.start, wav.sound.length
        return mp3.survey(source.file, start, None if not length else start + length)
    if source.head[:3] == b"ID3" or source.head[:1] == b"\xff":
        return mp3.survey(source.file)
    return None


def _decoder(
    source: Source, opened: Any, wav: riff.Wav | None, stream: mp3.Stream | None
) -> SoundFileDecoder:
    def lost() -> Shortfall | None:
        return shortfall(source.file) or (stream.loss if stream else None)

    frames = _frames(opened)
    if stream is not None:
        if stream.is_guessed:
            frames = None
        slack = mp3.SAMPLES_PER_FRAME
        return SoundFileDecoder(source, opened, frames, lost, slack=slack)
    is_gsm = wav is not None and wav.code == _GSM_IN_WAV and wav.block_bytes > 0
    if wav is not None and is_gsm and wav.sound.length:
        # libsndfile counts the byte that pads an odd length as one more block.
        there = min(wav.sound.length, source.size - wav.sound.start)
        frames = there // wav.block_bytes * wav.block_samples
    return SoundFileDecoder(source, opened, frames, lost)


def _frames(opened: Any) -> int | None:
    frames = int(opened.frames)
    return frames if frames < UNKNOWN_FRAMES else None


def _open(thing: Any) -> Any:
    import soundfile

    try:
        return _sequential(soundfile.SoundFile)(thing)
    except soundfile.LibsndfileError as error:
        raise NotReadError(said(error)) from error


def _plain(source: Source, wav: riff.Wav | None = None) -> Any:
    """Return what libsndfile opens: the path, or the bytes through callbacks."""
    patches = {}
    if source.head[:4] == b"BW64":  # RF64 with chunks that are not needed here
        patches[0] = b"RF64"
    if wav is not None and riff.is_left_open(source.file, wav, source.size):
        patches[wav.sound.start - 4] = b"\xff\xff\xff\xff"  # up to the end
    # Without a name, as soundfile reads files named .raw as headerless samples.
    path = source.path
    if patches or path is None or path.lower().endswith(".raw"):
        return CallbackFile(source.file, patches=patches)
    # libsndfile takes bytes; outside Windows a file name can be any bytes.
    return path if os.name == "nt" else os.fsencode(path)


@functools.cache
def _sequential(sound_file: Any) -> Any:
    """Return a subclass of SoundFile that does not seek after each read.

    soundfile seeks to the position where it already is. This takes time, and an MP3
    decoder loses the bits of earlier frames that the next frame needs.
    """

    class Sequential(sound_file):
        def seekable(self) -> bool:
            return False

    return Sequential


def _check_container(source: Source, container: str) -> None:
    if container not in _CHECKED:
        raise AudioDecodeError(
            f"{source.name} is not supported: with this format ({container}) a "
            f"truncated file cannot be detected. Convert it, for example with: "
            f"ffmpeg -i INPUT OUTPUT.flac"
        )
