"""What libsndfile decodes, and what it would pass over in silence.

It trims what a header promises to what is there, guesses the length of MPEG audio, and
reads the first of several Ogg streams. So each container that is read has a check of
its own; one whose length nothing here can check is refused.
"""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from kerasaudio.audio import mp3, riff
from kerasaudio.audio.containers import Shortfall, shortfall
from kerasaudio.audio.errors import AudioDecodeError, IncompleteAudioError
from kerasaudio.audio.ogg import Link
from kerasaudio.audio.source import CallbackFile, Source, is_utf16_text

_UNKNOWN_FRAMES = 2**62  # libsndfile gives 2**63 - 1 where a stream has no length
_BAD_FILE = 7  # libsndfile's SFE_BAD_FILE
# Checked by `shortfall`, by `mp3` and `ogg`, or (FLAC) by the decoder itself.
_CHECKED = (
    *("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "SVX", "NIST"),
    *("FLAC", "OGG", "MP3"),
)
_MPEG_IN_WAV = (0x50, 0x55)
_GSM_IN_WAV = 0x31
# Twice the longest block of Vorbis.
_VORBIS_MARGIN = 2 * 8192

Lost = Callable[[], Shortfall | None]


class NotReadError(Exception):
    """libsndfile does not decode a file, and says why; for who may try another way."""


@contextmanager
def open_libsndfile(source: Source) -> Iterator["SoundFileDecoder"]:
    """Decode with libsndfile.

    Raises:
        NotReadError: libsndfile does not decode it.
        AudioDecodeError: It does, but nobody could tell whether all is there.
    """
    if is_utf16_text(source.head):
        raise NotReadError("not tried")
    wav = riff.read_wav(source.file)
    stream = _mpeg(source, wav)
    opened = _open((stream and stream.file) or _plain(source, wav))
    if stream is None and opened.format == "MP3":  # behind bytes that are none
        opened.close()
        stream = mp3.survey(source.file)
        opened = _open(stream.file or _plain(source))
    elif stream is not None and opened.format != "MP3":  # FLAC behind an ID3 tag
        opened.close()
        stream = None
        opened = _open(_plain(source))
    with opened:
        _check_container(source, opened.format)
        yield _decoder(source, opened, wav, stream)


@contextmanager
def open_link(
    source: Source, link: Link, is_only: bool, before: int = 0
) -> Iterator["SoundFileDecoder"]:
    """Decode one of the streams of an Ogg file.

    Args:
        source: The file.
        link: Which.
        is_only: Whether there is no other.
        before: Samples of those before it.

    Raises:
        NotReadError: libsndfile does not decode it.
    """
    part = CallbackFile(source.file, link.start, link.end)
    with _open(_plain(source) if is_only else part) as opened:
        tail = link.tail if link.codec == "Vorbis" else None
        yield SoundFileDecoder(
            source, opened, _frames(opened), lambda: link.loss, tail=tail, before=before
        )


def _mpeg(source: Source, wav: riff.Wav | None) -> mp3.Stream | None:
    """Look at what seems to be MPEG audio, in a file of its own or in a wav."""
    if wav is not None and wav.code in _MPEG_IN_WAV:
        start, length = wav.sound.start, wav.sound.length
        return mp3.survey(source.file, start, None if not length else start + length)
    if source.head[:3] == b"ID3" or source.head[:1] == b"\xff":
        return mp3.survey(source.file)
    return None


def _decoder(
    source: Source, opened: Any, wav: riff.Wav | None, stream: mp3.Stream | None
) -> "SoundFileDecoder":
    def lost() -> Shortfall | None:
        return shortfall(source.file) or (stream.loss if stream else None)

    frames = _frames(opened)
    if stream is not None:
        if stream.is_guessed:
            frames = None
        slack = mp3.SAMPLES_PER_FRAME
        return SoundFileDecoder(source, opened, frames, lost, slack=slack)
    if wav is not None and wav.code == _GSM_IN_WAV and wav.sound.length:
        # libsndfile takes the byte that pads an odd length for one more block.
        there = min(wav.sound.length, source.size - wav.sound.start)
        frames = there // wav.block_bytes * wav.block_samples
    return SoundFileDecoder(source, opened, frames, lost)


def _frames(opened: Any) -> int | None:
    frames = int(opened.frames)
    return frames if frames < _UNKNOWN_FRAMES else None


def _open(thing: Any) -> Any:
    import soundfile

    try:
        return _sequential(soundfile.SoundFile)(thing)
    except soundfile.LibsndfileError as error:
        raise NotReadError(_said(error)) from error


def _plain(source: Source, wav: riff.Wav | None = None) -> Any:
    """Give what libsndfile is to open: the path, or the bytes through callbacks."""
    patches = {}
    if source.head[:4] == b"BW64":  # RF64 with chunks that nobody needs
        patches[0] = b"RF64"
    if wav is not None and riff.is_left_open(source.file, wav, source.size):
        patches[wav.sound.start - 4] = b"\xff\xff\xff\xff"  # all that comes
    # Without a name, soundfile does not judge by it: .raw means header-less to it.
    path = source.path
    if patches or path is None or path.lower().endswith(".raw"):
        return CallbackFile(source.file, patches=patches)
    # As libsndfile takes it: outside Windows a name is any bytes.
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


def _check_container(source: Source, container: str) -> None:
    if container not in _CHECKED:
        raise AudioDecodeError(
            f"{source.name} is not read: of a file of this kind ({container}) nobody "
            f"could tell whether it was cut short. Convert it, for example with: "
            f"ffmpeg -i INPUT OUTPUT.flac"
        )


def _said(error: Exception) -> str:
    code, text = getattr(error, "code", 0), getattr(error, "error_string", "")
    # Of an MP3 in which it finds no frame libsndfile says that there is no file.
    return "no sound found" if code == _BAD_FILE else str(text).strip().rstrip(".")


class SoundFileDecoder:
    """Reads through libsndfile, and does not take its silence for the end."""

    def __init__(
        self,
        source: Source,
        file: Any,
        frames: int | None,
        lost: Lost,
        *,
        slack: int = 0,
        tail: int | None = None,
        before: int = 0,
    ) -> None:
        """Wrap an open SoundFile.

        Args:
            source: What it reads.
            file: The `soundfile.SoundFile`.
            frames: That it promises; None where nobody knows.
            lost: Says at the end what is missing.
            slack: Of MPEG audio: may lack at the end, as many files are cut by bytes.
            tail: Of Vorbis: frames before the end where seeking is wrong.
            before: Frames that the user has heard before the first.
        """
        self.name = source.name
        self.sample_rate = int(file.samplerate)
        self.channels = int(file.channels)
        self.frames = frames
        self._file = file
        self._lost = lost
        self._slack = slack
        self._tail = tail
        self._before = before
        self._position = 0
        # Frames may use bits kept back in the frames before, up to 20 of them.
        self._warm_up = 32 * slack
        if frames is None and not slack:  # it cannot seek safely: read all before
            self._warm_up = _UNKNOWN_FRAMES

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Seek to `start` and read on, to the end or for so many frames."""
        wanted = _UNKNOWN_FRAMES if frames is None else start + frames
        stop = wanted if self.frames is None else min(wanted, self.frames)
        if start >= stop:
            return
        position = self._entrance(start)
        self._seek(position)
        while position < stop:
            block, failure = self._read(min(block_frames, stop - position))
            fresh = block[max(0, start - position) :]
            position += len(block)
            if len(fresh):
                yield fresh
            if failure is not None:
                raise IncompleteAudioError(
                    self._stopped(position, failure)
                ) from failure
            if not len(block):
                break
        if position < wanted:
            self._check_end(position)

    def _entrance(self, start: int) -> int:
        """Where to begin to read for what is wanted from `start` on."""
        position = max(0, start - self._warm_up)
        if self._tail is not None and self.frames is not None:
            # The position of Vorbis' last page is that of the trimmed end, by which
            # libsndfile's seek counts back to packets; so it lands late.
            safe = max(0, self.frames - self._tail - _VORBIS_MARGIN)
            position = min(position, safe)
        return position

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
        promised = self.frames or 0
        lost = self._lost()
        if lost is None and position + self._slack >= promised:
            return
        of = f" of {self._seconds(promised)}" if position < promised else ""
        lost = lost or Shortfall("the rest is missing")
        of_all = ""
        seconds = lost.seconds
        if seconds is None and lost.share:
            seconds = position * (1 / lost.share - 1) / self.sample_rate
        if seconds is not None:
            missing = round(seconds * self.sample_rate)
            of_all = f": {seconds:.3f} s of {self._seconds(position + missing)}"
        raise IncompleteAudioError(
            f"{self.name} is {lost.kind}: {self._seconds(position)}{of} can be read, "
            f"{lost.text}{of_all}."
        )

    def _stopped(self, position: int, failure: Exception) -> str:
        of = f" of {self._seconds(self.frames)}" if self.frames else ""
        return (
            f"{self.name} is truncated or damaged: decoding stopped after "
            f"{self._seconds(position)}{of} (libsndfile: {_said(failure)})."
        )

    def _seconds(self, frames: int) -> str:
        return f"{(self._before + frames) / self.sample_rate:.3f} s"
