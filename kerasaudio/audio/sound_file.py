"""Read with libsndfile, and check that nothing is missing at the end."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kerasaudio.audio.errors import AudioDecodeError, IncompleteAudioError
from kerasaudio.audio.shortfall import Shortfall
from kerasaudio.audio.source import Source

UNKNOWN_FRAMES = 2**62  # libsndfile returns 2**63 - 1 if a stream states no length
_BAD_FILE = 7  # libsndfile's SFE_BAD_FILE
# Twice the longest block of Vorbis.
_VORBIS_MARGIN = 2 * 8192

Lost = Callable[[], Shortfall | None]


class SoundFileDecoder:
    """Reads with libsndfile, and checks that nothing is missing at the end."""

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
            source: The source of the file.
            file: The `soundfile.SoundFile`.
            frames: Stated number of frames; None if unknown.
            lost: Function called at the end that returns the missing part.
            slack: For MPEG audio: frames that may be missing at the end, as many files
                are cut at arbitrary bytes.
            tail: For Vorbis: frames before the end where seeking is wrong.
            before: Number of frames of earlier streams, for messages.
        """
        self.name = source.name
        self.format = f"{file.format} {file.subtype}"
        self.sample_rate = int(file.samplerate)
        self.channels = int(file.channels)
        self.frames = frames
        self._file = file
        self._lost = lost
        self._slack = slack
        self._tail = tail
        self._before = before
        self._position = 0
        # A frame may use bits from earlier frames, up to 20 of them.
        self._warm_up = 32 * slack
        if frames is None and not slack:  # seeking is unsafe: read from the start
            self._warm_up = UNKNOWN_FRAMES

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Seek to `start` and yield blocks, to the end or for `frames` frames."""
        wanted = UNKNOWN_FRAMES if frames is None else start + frames
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
        """Return the frame where reading must begin to decode from `start` on."""
        position = max(0, start - self._warm_up)
        if self._tail is not None and self.frames is not None:
            # The position of the last Vorbis page is that of the trimmed end, from
            # which libsndfile counts back to packets; so its seek lands too late.
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
            f"{self._seconds(position)}{of} (libsndfile: {said(failure)})."
        )

    def _seconds(self, frames: int) -> str:
        return f"{(self._before + frames) / self.sample_rate:.3f} s"


def said(error: Exception) -> str:
    """Return the message of a LibsndfileError."""
    code, text = getattr(error, "code", 0), getattr(error, "error_string", "")
    # For an MP3 without frames, libsndfile reports that the file does not exist.
    return "no sound found" if code == _BAD_FILE else str(text).strip().rstrip(".")
