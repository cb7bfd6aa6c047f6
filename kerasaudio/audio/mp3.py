"""Find the length of an MP3 from its frames, where libsndfile would guess it.

MPEG audio (layers I to III) is a sequence of frames without a table of contents.
Encoders put the number of frames into a first, silent frame ("Xing", "Info", "VBRI").
If that is missing, libmpg123 guesses the length from the file size, and libsndfile
stops there: two thirds of a file with variable bit rate can be lost silently. Here such
a file is made to look larger, so that decoding continues to the true end. If the rate
or the channels change, as when two files were joined, libmpg123 stops; this is detected
here.
"""

import functools
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from kerasaudio.audio.shortfall import Shortfall
from kerasaudio.audio.source import CallbackFile

SAMPLES_PER_FRAME = 1152  # at most; fewer in layers I and III at the low sample rates

_BITRATES = {  # kbit/s by MPEG version and layer
    (1, 1): tuple(range(32, 449, 32)),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)  # Hz of MPEG 1; halved for 2, again for 2.5
_SEARCH_BYTES = 65_536
_READ_BYTES = 2**18
# This many frames in a row are audio; fewer may be a picture in a tag.
_SURE_FRAMES = 4


@dataclass(frozen=True)
class Frame:
    """The header of a frame."""

    layer: int
    version: int
    halvings: int
    rate_index: int
    bitrate: int
    padding: int
    mono: bool

    @property
    def rate(self) -> int:
        """Samples per second."""
        return _RATES[self.rate_index] >> self.halvings

    @property
    def samples(self) -> int:
        """Samples in the frame."""
        if self.layer == 1:
            return 384
        return SAMPLES_PER_FRAME >> (self.version - 1 if self.layer == 3 else 0)

    @functools.cached_property
    def length(self) -> int:
        """Bytes of the frame, header included."""
        slot = 4 if self.layer == 1 else 1
        slots = self.samples // 8 // slot * self.bitrate * 1000 // self.rate
        return (slots + self.padding) * slot

    @property
    def tag_at(self) -> int:
        """Offset of Xing or Info, after the header and the side information."""
        side = (
            (17 if self.mono else 32) if self.version == 1 else 9 if self.mono else 17
        )
        return 4 + side

    def like(self, other: "Frame | None") -> bool:
        """Return whether both frames have the same rate and layer."""
        return other is not None and (
            (self.layer, self.halvings, self.rate_index)
            == (other.layer, other.halvings, other.rate_index)
        )

    def __str__(self) -> str:
        """Return the rate, the channels and the layer as text."""
        channels = "1 channel" if self.mono else "2 channels"
        return f"{self.rate:,} Hz, {channels}, layer {self.layer}"


@functools.lru_cache(maxsize=4096)
def parse_frame(header: bytes) -> Frame | None:
    """Read four bytes as a frame header; return None if they are not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version_bits, layer_bits = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate_index, rate_index = header[2] >> 4, header[2] >> 2 & 3
    if version_bits == 1 or layer_bits == 0:
        return None
    if bitrate_index in (0, 15) or rate_index == 3:
        return None
    layer, version = 4 - layer_bits, 1 if version_bits == 3 else 2
    return Frame(
        layer=layer,
        version=version,
        halvings={3: 0, 2: 1, 0: 2}[version_bits],
        rate_index=rate_index,
        bitrate=_BITRATES[version, layer][bitrate_index - 1],
        padding=header[2] >> 1 & 1,
        mono=header[3] >> 6 == 3,
    )


@dataclass(frozen=True)
class Stream:
    """How to decode MPEG audio.

    Attributes:
        file: File for libsndfile to read; None for the original file.
        is_guessed: Whether the length that libsndfile reports is only a guess.
        loss: The missing part, or the part with another rate or channels.
    """

    file: CallbackFile | None
    is_guessed: bool
    loss: Shortfall | None = None


def survey(file: IO[bytes], start: int = 0, end: int | None = None) -> Stream:
    """Read all frame headers and return how to decode the stream.

    Args:
        file: Open seekable binary file.
        start: Byte where the stream begins, tags included.
        end: Byte where the stream ends; None for the end of the file.
    """
    size = file.seek(0, io.SEEK_END)
    end = size if end is None else min(end, size)
    whole = (start, end) == (0, size)
    found = _first_frame(file, start, end)
    if found is None:  # a free-format bit rate, or one frame only
        return Stream(_seeming(file, start, end), is_guessed=True)
    at, frame = found
    file.seek(at)
    tag_frame = file.read(64)
    tag = _tag(tag_frame, frame)
    sound_at = at if tag is None else at + frame.length
    count, change_at, other = _count(file, sound_at, end, frame)
    loss = None
    stated = (tag.frames if tag else None) or 0
    is_read = tag is not None and tag.is_read
    if not is_read and count + 1 < stated:
        loss = Shortfall(f"{stated - count:,} of {stated:,} frames are missing")
    if other is not None:
        loss = Shortfall(
            f"and after that the audio changes from {frame} to {other}",
            kind="a join of two files",
        )
        end, whole = change_at, False
    if is_read and count <= stated + 1:
        plain = None if whole else CallbackFile(file, start, end)
        return Stream(plain, False, loss)
    return Stream(_seeming(file, sound_at, end), True, loss)


def _seeming(file: IO[bytes], start: int, end: int) -> CallbackFile:
    # The bit rate of the first frame is at most 56 times that of any other.
    return CallbackFile(file, start, end, seeming_size=56 * max(1, end - start))


@dataclass(frozen=True)
class _Tag:
    """Content of a first, silent frame; `is_read`: whether libmpg123 uses it."""

    frames: int | None
    is_read: bool


def _tag(first: bytes, frame: Frame) -> _Tag | None:
    if frame.layer != 3:
        return None
    tag = first[frame.tag_at : frame.tag_at + 12]
    if len(tag) == 12 and tag[:4] in (b"Xing", b"Info"):
        is_stated = bool(tag[7] & 1)
        return _Tag(int.from_bytes(tag[8:12], "big") if is_stated else None, is_stated)
    if first[36:40] == b"VBRI":
        return _Tag(int.from_bytes(first[50:54], "big"), False)
    return None


def _count(
    file: IO[bytes], at: int, end: int, first: Frame
) -> tuple[int, int, Frame | None]:
    """Count frames of one kind; return the place and frame where another starts."""
    count = 0
    for place, frame in _frames(file, at, end):
        if not count and frame.like(first):  # a tag's frame may state mono for stereo
            first = frame
        if frame.like(first) and frame.mono == first.mono:
            count += place + frame.length <= end
            continue
        run = 0
        for _, following in _frames(file, place, end, resync=False):
            if not following.like(frame) or run == _SURE_FRAMES:
                break
            run += 1
        if run == _SURE_FRAMES:
            return count, place, frame
    return count, end, None


def _frames(
    file: IO[bytes], at: int, end: int, resync: bool = True
) -> Iterator[tuple[int, Frame]]:
    """Yield the frames with their places, without the tags between them."""
    window, base = b"", at
    while at + 4 <= end:
        if at + 4 > base + len(window):
            file.seek(at)
            window, base = file.read(min(_READ_BYTES, end - at)), at
            if len(window) < 4:
                return
        frame = parse_frame(window[at - base : at - base + 4])
        if frame is not None:
            yield at, frame
            at += frame.length
            continue
        if not resync:
            return
        behind = _behind_tag(file, at)
        found = _find_frame(file, behind, min(behind + _SEARCH_BYTES, end))
        if found is None:
            return
        at = found[0]


def _behind_tag(file: IO[bytes], at: int) -> int:
    """Return where the tag at a place ends; the place itself if there is no tag."""
    file.seek(at)
    head = file.read(32)
    if head[:3] == b"ID3" and len(head) >= 10:
        size = 0
        for byte in head[6:10]:  # four bytes of seven bits
            size = size << 7 | byte & 0x7F
        return at + 10 + size + (10 if head[5] & 0x10 else 0)
    if head[:8] == b"APETAGEX" and len(head) == 32:  # the size includes its footer
        return at + 32 + int.from_bytes(head[12:16], "little")
    return at + 128 if head[:3] == b"TAG" else at


def behind_id3(file: IO[bytes], at: int = 0) -> int:
    """Return where the ID3 tags at the beginning end."""
    file.seek(at)
    while file.read(3) == b"ID3":
        behind = _behind_tag(file, at)
        if behind == at:
            break
        at = behind
        file.seek(at)
    return at


def _first_frame(file: IO[bytes], start: int, end: int) -> tuple[int, Frame] | None:
    start = behind_id3(file, start)
    return _find_frame(file, start, min(start + _SEARCH_BYTES, end))


def _find_frame(file: IO[bytes], start: int, stop: int) -> tuple[int, Frame] | None:
    """Return the first frame in a range that is followed by another like it."""
    file.seek(start)
    window = file.read(max(0, stop - start) + 4096)
    at = window.find(b"\xff")
    while 0 <= at < stop - start:
        frame = parse_frame(window[at : at + 4])
        if frame is not None:
            after = at + frame.length
            if frame.like(parse_frame(window[after : after + 4])):
                return start + at, frame
        at = window.find(b"\xff", at + 1)
    return None
