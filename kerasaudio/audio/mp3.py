"""How long an MP3 is: what its first frame says, and what to do if it says nothing.

An MP3 is a row of frames without a table of contents. Encoders put the number of
frames in a first, silent frame ("Xing", "Info", "VBRI"). Where that is missing,
libmpg123 guesses the length from the size of the file, and libsndfile stops at the
guess: of a file of variable bit rate two thirds can vanish silently. Such a file is
made to look larger here, so that decoding goes on to the true end.
"""

import io
from dataclasses import dataclass
from typing import IO

from kerasaudio.audio.source import CallbackFile

SAMPLES_PER_FRAME = 1152  # at most; half at the low sample rates

_BITRATES = {  # kbit/s of layer III by MPEG version
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)  # Hz of MPEG 1; halved for 2, again for 2.5
_SEARCH_BYTES = 65_536


@dataclass(frozen=True)
class Frame:
    """One layer III frame header."""

    version: int
    halvings: int
    rate_index: int
    bitrate: int
    padding: int
    mono: bool

    @property
    def length(self) -> int:
        """Bytes of the frame, header included."""
        rate = _RATES[self.rate_index] >> self.halvings
        samples = SAMPLES_PER_FRAME >> (self.version - 1)
        return samples // 8 * self.bitrate * 1000 // rate + self.padding

    @property
    def tag_at(self) -> int:
        """Where Xing or Info stands: behind the header and the side information."""
        side = (
            (17 if self.mono else 32) if self.version == 1 else 9 if self.mono else 17
        )
        return 4 + side

    def like(self, other: "Frame | None") -> bool:
        """Whether both can stand in one stream."""
        return other is not None and (
            (self.halvings, self.rate_index) == (other.halvings, other.rate_index)
        )


def parse_frame(header: bytes) -> Frame | None:
    """Read four bytes as a layer III header; None where they are not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version_bits = header[1] >> 3 & 3
    bitrate_index, rate_index = header[2] >> 4, header[2] >> 2 & 3
    if version_bits == 1 or bitrate_index in (0, 15) or rate_index == 3:
        return None
    version = 1 if version_bits == 3 else 2
    return Frame(
        version=version,
        halvings={3: 0, 2: 1, 0: 2}[version_bits],
        rate_index=rate_index,
        bitrate=_BITRATES[version][bitrate_index - 1],
        padding=header[2] >> 1 & 1,
        mono=header[3] >> 6 == 3,
    )


def with_true_length(file: IO[bytes]) -> CallbackFile | None:
    """Wrap an MP3 whose length is not stated, or stated too short.

    Args:
        file: Open binary MP3 that can be sought.

    Returns:
        The same sound in a file that seems longer than it is; None where the file
        states its length, or is no layer III file.
    """
    found = _first_frame(file)
    if found is None:
        return None
    at, frame = found
    file.seek(at)
    first = file.read(64)
    tag = first[frame.tag_at : frame.tag_at + 16]
    start = at
    if tag[:4] in (b"Xing", b"Info"):
        flags = int.from_bytes(tag[4:8], "big")
        stream_bytes = int.from_bytes(tag[12:16], "big") if flags & 3 == 3 else 0
        if flags & 1 and not _goes_on(file, at + stream_bytes, frame, stream_bytes):
            return None
        start = at + frame.length
    elif first[36:40] == b"VBRI":  # stated, but libmpg123 does not read it
        start = at + frame.length
    # The first frame has at most 40 times the bit rate of any other.
    return CallbackFile(file, start, seeming_size=40 * file.seek(0, io.SEEK_END))


def _goes_on(file: IO[bytes], end: int, frame: Frame, stream_bytes: int) -> bool:
    """Whether sound follows the stated end: two files joined into one."""
    if not stream_bytes:
        return False
    file.seek(end)
    follows = _find_frame(file, end, end + _SEARCH_BYTES)
    return follows is not None and frame.like(follows[1])


def _first_frame(file: IO[bytes]) -> tuple[int, Frame] | None:
    start = 0
    while True:
        file.seek(start)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            break
        size = 0
        for byte in head[6:10]:  # four bytes of seven bits
            size = size << 7 | byte & 0x7F
        start += 10 + size + (10 if head[5] & 0x10 else 0)
    return _find_frame(file, start, start + _SEARCH_BYTES)


def _find_frame(file: IO[bytes], start: int, stop: int) -> tuple[int, Frame] | None:
    """First frame in a range that is followed by another like it."""
    file.seek(start)
    window = file.read(stop - start + 4096)
    at = window.find(b"\xff")
    while 0 <= at < stop - start:
        frame = parse_frame(window[at : at + 4])
        if frame is not None:
            after = at + frame.length
            if frame.like(parse_frame(window[after : after + 4])):
                return start + at, frame
        at = window.find(b"\xff", at + 1)
    return None
