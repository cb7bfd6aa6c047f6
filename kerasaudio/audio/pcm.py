"""Read samples from a pipe as they arrive: without a header, or as a WAV stream.

There is no seeking and no waiting for the end; each block is returned at once.
"""

import struct
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from kerasaudio.arguments import whole_number
from kerasaudio.audio.check import MOST_CHANNELS, check_rate
from kerasaudio.audio.errors import AudioDecodeError

_SCALES: dict[str, tuple[str, int, int]] = {  # type, zero, full scale
    "u8": ("u1", 128, 128),
    "s16le": ("<i2", 0, 2**15),
    "s24le": ("V3", 0, 2**31),
    "s32le": ("<i4", 0, 2**31),
    "f32le": ("<f4", 0, 1),
    "f64le": ("<f8", 0, 1),
}
SAMPLE_FORMATS = tuple(_SCALES)

_READ_BYTES = 2**16
# A writer that cannot seek back leaves the length 0, or this value or more.
_UNKNOWN = 0x7FFFF000
_EXTENSIBLE = 0xFFFE
_WAV_FORMATS = {
    (1, 8): "u8",
    (1, 16): "s16le",
    (1, 24): "s24le",
    (1, 32): "s32le",
    (3, 32): "f32le",
    (3, 64): "f64le",
}


class PcmStream:
    """Iterates over float32 blocks (frames, channels) of a pipe until it ends.

    Each read gives one block, without delay; a sample that is split over two reads is
    joined.

    Args:
        file: Open binary file; it need not be seekable.
        sample_rate: Sample rate in Hz.
        sample_format: One of SAMPLE_FORMATS, which are ffmpeg's names.
        channels: Number of channels, interleaved.
        data_bytes: Number of bytes of audio in `file`; default: up to its end.

    Attributes:
        sample_rate: Sample rate in Hz.
        complaint: After the end, description of the missing part; None if the stream
            was complete.

    Raises:
        ValueError: The rate, the format or the number of channels is invalid.
    """

    def __init__(
        self,
        file: IO[bytes],
        sample_rate: int,
        sample_format: str = "s16le",
        channels: int = 1,
        data_bytes: int | None = None,
    ) -> None:
        if sample_format not in SAMPLE_FORMATS:
            raise ValueError(
                f"sample_format must be one of {SAMPLE_FORMATS}. "
                f"Received: {sample_format!r}."
            )
        self._dtype, self._zero, self._scale = _SCALES[sample_format]
        self.sample_rate = check_rate(sample_rate)
        self.complaint: str | None = None
        self._channels = whole_number(channels, "channels", 1, MOST_CHANNELS)
        self._frame_bytes = np.dtype(self._dtype).itemsize * self._channels
        self._lacking = data_bytes
        # On a buffered file, read() waits until it has everything; read1() does not.
        self._read = getattr(file, "read1", file.read)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield blocks until the end."""
        pending = b""
        while data := self._next():
            pending += data
            whole = len(pending) // self._frame_bytes * self._frame_bytes
            if whole:
                yield self._decode(pending[:whole])
                pending = pending[whole:]
        if self._lacking:
            self.complaint = (
                f"The audio is truncated: {self._lacking:,} bytes that its header "
                f"states are missing."
            )
        elif pending:
            self.complaint = (
                f"The audio ended in the middle of a sample: {len(pending)} of "
                f"{self._frame_bytes} bytes arrived. Are format and channels right?"
            )

    def _next(self) -> bytes:
        if self._lacking is None:
            return bytes(self._read(_READ_BYTES))
        data = bytes(self._read(min(_READ_BYTES, self._lacking)))
        self._lacking -= len(data)
        return data

    def _decode(self, data: bytes) -> np.ndarray:
        if self._dtype == "V3":  # three bytes become the upper ones of four
            wide = np.zeros((len(data) // 3, 4), "u1")
            wide[:, 1:] = np.frombuffer(data, "u1").reshape(-1, 3)
            samples = wide.view("<i4")[:, 0]
        else:
            samples = np.frombuffer(data, self._dtype)
        with np.errstate(over="ignore"):  # the caller checks the values
            scaled = samples.astype(np.float32)
        if self._scale != 1:
            scaled = (scaled - np.float32(self._zero)) / np.float32(self._scale)
        return scaled.reshape(-1, self._channels)


def open_wav_stream(file: IO[bytes]) -> PcmStream:
    """Read the header of a WAV stream and return the stream of its samples.

    Args:
        file: Open binary file at its beginning; it need not be seekable. A stated
            length of 0, or of 2 GiB or more, as programs write it into pipes, means
            up to the end.

    Returns:
        An iterable of blocks.

    Raises:
        AudioDecodeError: The stream is not WAV (RIFF or RF64), or is damaged,
            compressed or empty.
    """
    head = file.read(12)
    if not head:
        raise AudioDecodeError("There is no audio: the stream is empty.")
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise AudioDecodeError(
            f"This is not a WAV stream: it begins with {head!r}. For samples without a "
            f"header pass their rate and format (kerasaudio listen --raw --rate HZ); "
            f"convert other formats: ffmpeg -i INPUT -f wav -"
        )
    form: tuple[int, int, str] | None = None
    long_size = None
    while True:
        key, size = struct.unpack("<4sI", _exactly(file, 8))
        if key == b"data":
            break
        if key == b"fmt ":
            form = _wav_format(_exactly(file, size + size % 2))
        elif key == b"ds64":  # RF64 keeps the length of its data chunk here
            long_size = int.from_bytes(_exactly(file, size + size % 2)[8:16], "little")
        else:
            _skip(file, size + size % 2)
    if form is None:
        raise AudioDecodeError(
            "The WAV stream is damaged: its audio comes before its format."
        )
    if size == 0xFFFFFFFF and long_size:
        known: int | None = long_size
    else:
        known = size if 0 < size < _UNKNOWN else None
    rate, channels, sample_format = form
    try:
        return PcmStream(file, rate, sample_format, channels, known)
    except ValueError as error:
        raise AudioDecodeError(f"The WAV stream is damaged: {error}") from error


def _wav_format(chunk: bytes) -> tuple[int, int, str]:
    if len(chunk) < 16:
        raise AudioDecodeError("The WAV stream is damaged: its format is truncated.")
    tag, channels, rate, _, align, bits = struct.unpack("<HHIIHH", chunk[:16])
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        tag = int.from_bytes(chunk[24:26], "little")
    name = _WAV_FORMATS.get((tag, bits))
    if name is None or align * 8 != channels * bits:
        raise AudioDecodeError(
            f"The WAV stream's format is not supported: code {tag}, {bits} bits. "
            f"Supported are integers of 8, 16, 24 or 32 bits and floats of 32 or 64 "
            f"bits. Convert it: ffmpeg -i INPUT -c:a pcm_s16le -f wav -"
        )
    return rate, channels, name


def _exactly(file: IO[bytes], size: int) -> bytes:
    data: Any = file.read(size) if size <= _READ_BYTES else b""
    if len(data) < size:
        raise AudioDecodeError("The WAV stream is damaged, or ends within its header.")
    return bytes(data)


def _skip(file: IO[bytes], size: int) -> None:
    while size:
        size -= len(_exactly(file, min(size, _READ_BYTES)))
