"""Decode formats that libsndfile does not read with the user's ffmpeg program.

No shell is used. The path is absolute and prefixed with "file:", so that a file name
cannot be an option or an address. ffmpeg may open only files and pipes. The demuxer is
set from the file's first bytes, so that a playlist with an audio file's name cannot
make ffmpeg open other files. Only formats whose truncation is detected, by ffmpeg or by
`containers`, are listed.
"""

import re
import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NoReturn

import numpy as np

from kerasaudio.audio.containers import shortfall
from kerasaudio.audio.errors import AudioDecodeError, IncompleteAudioError
from kerasaudio.audio.source import Source, on_disk

# Seconds after which ffmpeg is stopped if it returns no block.
BLOCK_TIMEOUT = 60.0

_DEMUXERS = (  # offset, bytes, name of ffmpeg's demuxer
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (4, b"free", "mov"),
    (4, b"skip", "mov"),
    (0, b"ADIF", "aac"),
    (0, b"\xff\xf0", "aac"),
    (0, b"\xff\xf1", "aac"),
    (0, b"\xff\xf8", "aac"),
    (0, b"\xff\xf9", "aac"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"#!AMR", "amr"),
    (0, b"OggS", "ogg"),
    (0, b"caff", "caf"),
    (0, b"\x0b\x77", "ac3"),
    (0, b"TTA1", "tta"),
    (0, b"wvpk", "wv"),
)
_NAMES = {"mov": "mp4 or mov", "asf": "wma", "wv": "WavPack"}
_AU_HEADER = struct.Struct(">4s5I")
_AU_FLOAT32 = 6
_MOST_ANNOTATION = 2**16  # bytes between an AU header and the sound
_TOLD_SECONDS = 0.05
_NO_TRACK = "matches no streams"  # ffmpeg's message if there is no audio track
_AC3_MOST_ID = 10  # higher numbers mean E-AC-3


def demuxer(head: bytes) -> str | None:
    """Return ffmpeg's demuxer for a file's first bytes; None if none is allowed."""
    for at, magic, name in _DEMUXERS:
        if head[at : at + len(magic)] == magic:
            if name == "ac3" and len(head) > 5 and head[5] >> 3 > _AC3_MOST_ID:
                return "eac3"
            return name
    return None


@contextmanager
def open_ffmpeg(
    source: Source, form: str, reason: str, errors: str = "raise"
) -> Iterator["FfmpegDecoder"]:
    """Decode with ffmpeg.

    Args:
        source: The file.
        form: Name of the demuxer, from `demuxer`.
        reason: Reason why libsndfile does not read the file.
        errors: With "salvage", ffmpeg continues after damage.

    Raises:
        AudioDecodeError: ffmpeg is not installed, or finds no audio in the file.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise AudioDecodeError(
            f"Cannot decode {source.name}: it is {_NAMES.get(form, form)} audio, which "
            f"libsndfile does not read ({reason}), but ffmpeg does. Install the ffmpeg "
            f"program so that it is on the PATH, or convert the file elsewhere: "
            f"ffmpeg -i INPUT OUTPUT.flac"
        )
    with on_disk(source) as path:
        yield FfmpegDecoder(program, source, path, form, errors)


class FfmpegDecoder:
    """Reads ffmpeg's output from a pipe; to start later, earlier frames are dropped."""

    def __init__(
        self, program: str, source: Source, path: str, form: str, errors: str
    ) -> None:
        """Run once, to get the sample rate and the number of channels."""
        self.name = source.name
        self.format = _NAMES.get(form, form)
        self.frames: int | None = None
        self._source = source
        self._input = [
            program, "-nostdin", "-hide_banner", "-v", "error",
            "-protocol_whitelist", "file,pipe", "-f", form, "-i", f"file:{path}",
        ]  # fmt: skip
        self._command = [
            *self._input[:5], *(["-xerror"] if errors == "raise" else []),
            *self._input[5:], "-map", "0:a:0", "-map_metadata", "-1",
            "-c:a", "pcm_f32be", "-f", "au", "pipe:1",
        ]  # fmt: skip
        self._given = 0  # frames decoded by the current run
        with self._run() as (_, rate, channels):
            self.sample_rate, self.channels = rate, channels

    def blocks(
        self, start: int, frames: int | None, block_frames: int
    ) -> Iterator[np.ndarray]:
        """Decode from the beginning, and yield frames from `start` on."""
        stop = None if frames is None else start + frames
        frame_bytes = 4 * self.channels
        position = self._given = 0
        with self._run() as (stream, _, _):
            while stop is None or position < stop:
                data = stream.read(block_frames * frame_bytes)
                samples = np.frombuffer(
                    data, ">f4", len(data) // frame_bytes * self.channels
                )
                block = samples.astype(np.float32).reshape(-1, self.channels)
                self._given += len(block)
                if not len(block):
                    break
                wanted = block[max(0, start - position) :]
                if stop is not None:
                    wanted = wanted[: stop - max(start, position)]
                position += len(block)
                if len(wanted):
                    yield wanted

    @contextmanager
    def _run(self) -> Iterator[tuple["_TimedPipe", int, int]]:
        with (
            tempfile.TemporaryFile() as messages,
            subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=messages,
            ) as process,
        ):
            pipe = _TimedPipe(process)
            try:
                header = pipe.read(_AU_HEADER.size)
                if len(header) < _AU_HEADER.size:
                    self._fail(pipe, messages)
                _, skip, _, encoding, rate, channels = _AU_HEADER.unpack(header)
                if encoding != _AU_FLOAT32 or not channels or skip > _MOST_ANNOTATION:
                    self._fail(pipe, messages)
                pipe.read(skip - _AU_HEADER.size)
                yield pipe, rate, channels
                if pipe.ended and (process.wait() or messages.seek(0, 2)):
                    self._fail(pipe, messages)
                if pipe.ended:
                    self._check_whole()
            finally:
                process.kill()

    def _check_whole(self) -> None:
        lost = shortfall(self._source.file, self._given)
        if lost is not None:
            raise IncompleteAudioError(
                f"{self.name} is {lost.kind}: {self._heard()} can be read, {lost.text}."
            )

    def _fail(self, pipe: "_TimedPipe", messages: IO[bytes]) -> NoReturn:
        if pipe.timed_out:
            raise AudioDecodeError(
                f"Cannot decode {self.name}: ffmpeg returned nothing for "
                f"{BLOCK_TIMEOUT:g} s and was stopped."
            )
        messages.seek(0)
        said = " ".join(messages.read(2000).decode("utf-8", "replace").split())
        lost = shortfall(self._source.file)
        said = f"(ffmpeg: {said or 'no output'}){f', {lost.text}' if lost else ''}."
        if self._given:
            raise IncompleteAudioError(
                f"{self.name} is truncated or damaged: {self._heard()} can be read "
                f"{said}"
            )
        if not lost and _NO_TRACK in said:
            raise AudioDecodeError(
                f"{self.name} contains no audio, only pictures or data. Leave it out, "
                "or use the file with the audio."
            )
        raise AudioDecodeError(
            f"{self.name} is truncated or damaged, or contains no audio {said} "
            f"Download or convert it again."
        )

    def _heard(self) -> str:
        """Return the decoded duration, and the whole duration if the file states it."""
        done = subprocess.run(
            [word if word != "error" else "info" for word in self._input],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=BLOCK_TIMEOUT,
            check=False,  # it fails, as no output is given
        )
        told = re.search(rb"Duration: (\d+):(\d\d):(\d\d\.\d+)", done.stderr)
        heard, of = self._given / self.sample_rate, ""
        if told is not None:
            hours, minutes, seconds = map(float, told.groups())
            whole = 3600 * hours + 60 * minutes + seconds
            # For some formats this is the remaining duration, not the original one.
            of = f" of {whole:.3f} s" if whole > heard + _TOLD_SECONDS else ""
        return f"{heard:.3f} s{of}"


class _TimedPipe:
    """The output of a process; a read that takes too long ends the process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.ended = False
        self.timed_out = False

    def read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        timer = threading.Timer(BLOCK_TIMEOUT, self._stop)
        timer.start()
        try:
            data = self._process.stdout.read(size)
        finally:
            timer.cancel()
        self.ended = len(data) < size
        return data

    def _stop(self) -> None:
        self.timed_out = True
        self._process.kill()
