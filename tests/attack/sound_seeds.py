"""Seeds of the readers of sound files, and how each reader is called."""

import io
import struct
import wave
from collections.abc import Iterator
from pathlib import Path

from kerasaudio.audio import mp3, ogg, riff
from kerasaudio.audio.containers import shortfall
from kerasaudio.audio.pcm import open_wav_stream
from kerasaudio.audio.plain_wav import read_plain_wav


def wav_seeds() -> Iterator[bytes]:
    for channels, width in ((1, 2), (2, 3)):
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setparams((channels, width, 8_000, 0, "NONE", ""))
            file.writeframes(bytes(20 * channels * width))
        yield content.getvalue()
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes([16, 0, 0, 0, 3, 0, 1, 0])
    head += struct.pack("<IIHH", 8_000, 32_000, 4, 32)
    yield head + b"data\0\0\0\0" + bytes(16)
    yield b"RF64" + head[4:12] + b"ds64\x1c\0\0\0" + bytes(28) + head[12:] + b"data"
    yield b"FORM\0\0\0\x2eAIFFCOMM\0\0\0\x12\0\1\0\0\0\4\0\x10" + bytes(10) + b"SSND"
    yield b"caff\0\1\0\0desc" + (32).to_bytes(8, "big") + bytes(32) + b"data" + bytes(8)
    yield b"riff" + bytes(20) + b"wave" + bytes(12) + b"fmt " + bytes(12) + bytes(8)
    yield b".snd\0\0\0\x18\0\0\0\x08\0\0\0\3\0\0\x1f\x40\0\0\0\1" + bytes(8)
    yield b"NIST_1A\n   1024\nsample_count -i 4\nend_head\n"
    yield b"\0\0\0\x10ftypM4A \0\0\0\0\0\0\0\x08moov\0\0\0\x08mdat"


def read_wav(path: Path) -> None:
    read_plain_wav(path)
    with path.open("rb") as file:
        riff.sound_chunk(file)
        found = riff.read_wav(file)
        if found is not None:
            riff.is_left_open(file, found, path.stat().st_size)
        shortfall(file)
        shortfall(file, 10)
        file.seek(0)
        for block in open_wav_stream(file):
            if block.ndim != 2:
                raise AssertionError(f"a block of shape {block.shape}")


def mp3_seeds() -> Iterator[bytes]:
    for head in (b"\xff\xfb\x10\xc4", b"\xff\xf3\x10\xc4"):
        frame = mp3.parse_frame(head)
        assert frame is not None
        body = head.ljust(frame.length, b"\0")
        yield 3 * body
        yield b"ID3\4\0\0\0\0\0\4abcd" + body + body[:50]
        side = 36 if head[1] == 0xFB else 21
        yield body[:side] + b"Xing\0\0\0\1\0\0\0\2" + body[side + 12 :] + body


def read_mp3(path: Path) -> None:
    with path.open("rb") as file:
        mp3.behind_id3(file)
        mp3.survey(file)


def ogg_seeds() -> Iterator[bytes]:
    vorbis = b"\1vorbis" + bytes(4) + b"\1\x40\x1f\0\0" + bytes(12) + b"\xb8\1"
    opus = b"OpusHead\1\1\x38\1\x80\xbb\0\0\0\0\0"
    for serial, head in enumerate((vorbis, opus)):
        first = _page(head, serial, 0, 2)
        yield first + _page(bytes(40), serial, 1, 4, 100)


def _page(body: bytes, serial: int, number: int, flags: int, granule: int = 0) -> bytes:
    """Give a page of Ogg, its checksum zero."""
    head = b"OggS\0" + bytes([flags]) + granule.to_bytes(8, "little")
    head += serial.to_bytes(4, "little") + number.to_bytes(4, "little") + bytes(4)
    return head + bytes([1, len(body)]) + body


def read_ogg(path: Path) -> None:
    with path.open("rb") as file:
        ogg.read_links(file)
