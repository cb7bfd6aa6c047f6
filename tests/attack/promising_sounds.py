"""Sounds and rates that promise far more than there is."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import kerasaudio
from kerasaudio import FeatureExtractor
from kerasaudio.audio.pcm import open_wav_stream
from kerasaudio.datasets.batching.decoded import DecodedAudio
from support.tiny import RATE, tiny_model

from .promise import Case

HUGE = 2**31
SOUND = np.random.default_rng(0).normal(0, 0.1, 9_000).astype("float32")


def cases(folder: Path) -> list[Case]:
    """Make the files, warm the network up, and give the cases."""
    models = {"fixed": tiny_model(), "any": tiny_model(None)}
    for model in models.values():
        model.tag(SOUND, RATE)
    found = list(_numbers(models))
    for name, content in dict(sounds()).items():
        path = folder / name
        path.write_bytes(content)
        for verb, do in _verbs(path, models["fixed"]).items():
            found.append(Case(f"{name}: {verb}", do, may_pass=True))
    return found


def _verbs(path: Path, model: Any) -> dict[str, Any]:
    def extract() -> None:
        table = FeatureExtractor(model, cache=path.parent / "features").extract([path])
        assert len(table.failed) + len(table.vectors) == 1

    def windows() -> None:
        for _ in kerasaudio.iter_windows(path, 16_000, 16_000):
            pass

    def decode() -> None:
        audio = DecodedAudio([path], 16_000, cache=path.parent / "decoded", readers=2)
        assert len(audio.errors) + len(audio.lengths) == 1

    def listen() -> None:
        for _ in open_wav_stream(io.BytesIO(path.read_bytes())):
            pass

    return {
        "load_audio": lambda: kerasaudio.load_audio(path, 16_000),
        "load_audio, channels": lambda: kerasaudio.load_audio(path, 16_000, False),
        "load_audio, at 1 MHz": lambda: kerasaudio.load_audio(path, 1_000_000),
        "load_audio, salvage": lambda: kerasaudio.load_audio(
            path, 16_000, errors="salvage"
        ),
        "tag": lambda: model.tag(path),
        "iter_windows": windows,
        "extract": extract,
        "decode": decode,
        "listen": listen,
    }


def _numbers(models: dict[str, Any]) -> Iterator[Case]:
    """Rates and times that are absurd, for a sound of a second or ten minutes."""
    fixed, anything = models["fixed"], models["any"]
    long = np.zeros(600 * RATE, "float32")
    for rate in (-1, 0, 1, 16, 999, 10**9, 2**63, 10**30):
        for name, sound in (("a second", SOUND), ("ten minutes", long)):
            yield Case(
                f"tag of {name} at {rate} Hz",
                lambda rate=rate, sound=sound: fixed.tag(sound, sample_rate=rate),
                "sample_rate",
                (ValueError,),
            )
        yield Case(
            f"resample to {rate} Hz",
            lambda rate=rate: kerasaudio.resample(SOUND, RATE, rate),
            "to_rate",
            (ValueError,),
        )
    yield Case(
        "resample beyond 8 GiB",
        lambda: kerasaudio.resample(long, 1_000, 1_000_000),
        "samples",
        (ValueError,),
    )
    for seconds in (1e6, 1e9, 1e300):
        yield Case(
            f"windows of {seconds:g} s, extracted",
            lambda seconds=seconds: FeatureExtractor(
                anything, window_seconds=seconds
            ).timeline(SOUND, RATE),
        )
        yield Case(
            f"windows of {seconds:g} s, streamed",
            lambda seconds=seconds: kerasaudio.Stream(anything, window_seconds=seconds),
        )


def sounds() -> Iterator[tuple[str, bytes]]:
    """Give files, by name, whose headers promise frames, channels or rates."""
    for format, suffix in (
        ("WAV", "wav"), ("WAVEX", "wav"), ("RF64", "wav"), ("W64", "w64"),
        ("AIFF", "aiff"), ("AU", "au"), ("CAF", "caf"), ("FLAC", "flac"),
        ("OGG", "ogg"), ("MP3", "mp3"),
    ):  # fmt: skip
        file = io.BytesIO()
        soundfile.write(file, SOUND, RATE, format=format)
        whole = file.getvalue()
        for what, content in _promising(format, whole):
            yield f"{format} with {what}.{suffix}", content


def _promising(format: str, whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Patch fields of a header, each alone and those of a kind together."""
    for what, patches in _PATCHES[format].items():
        content = bytearray(whole)
        for mark, skip, value in patches:
            at = whole.index(mark) + skip
            content[at : at + len(value)] = value
        yield what, bytes(content)


def _little(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def _big(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


_WAV_CHANNELS = [(b"fmt ", 10, _little(65_535, 2)), (b"fmt ", 20, _little(65_535, 2))]
_WAV = {
    "2^31 frames": [
        (b"RIFF", 4, _little(2**32 - 2, 4)), (b"data", 4, _little(2**32 - 16, 4)),
    ],
    "65535 channels": _WAV_CHANNELS,
    "both": [*_WAV_CHANNELS, (b"data", 4, _little(2**32 - 16, 4))],
    "1024 channels": [(b"fmt ", 10, _little(1024, 2)), (b"fmt ", 20, _little(2048, 2))],
    "a rate of 2^32 Hz": [(b"fmt ", 12, _little(2**32 - 1, 4))],
    "a rate of 1 Hz": [(b"fmt ", 12, _little(1, 4))],
    "a rate of 0 Hz": [(b"fmt ", 12, _little(0, 4))],
    "a format of 2 GiB": [(b"fmt ", 4, _little(2**31, 4))],
    "blocks of 65535 bytes": [(b"fmt ", 20, _little(65_535, 2))],
    "65535 bits": [(b"fmt ", 22, _little(65_535, 2))],
}  # fmt: skip
_PATCHES: dict[str, dict[str, list[tuple[bytes, int, bytes]]]] = {
    "WAV": _WAV,
    "WAVEX": {key: _WAV[key] for key in ("2^31 frames", "65535 channels", "both")},
    "RF64": {
        "2^62 bytes": [(b"ds64", 16, _little(2**62, 8))],
        "2^62 frames": [(b"ds64", 24, _little(2**62, 8))],
        "a table of 2^32": [(b"ds64", 32, _little(2**32 - 1, 4))],
    },
    "W64": {
        "2^62 bytes": [(b"data", 16, _little(2**62, 8))],
        "a rate of 2^32 Hz": [(b"fmt ", 28, _little(2**32 - 1, 4))],
        "65535 channels": [(b"fmt ", 26, _little(65_535, 2))],
    },
    "AIFF": {
        "2^32 frames": [(b"COMM", 10, _big(2**32 - 1, 4))],
        "2^31 frames and bytes": [
            (b"COMM", 10, _big(2**31, 4)), (b"SSND", 4, _big(2**32 - 2, 4)),
        ],
        "65535 channels": [(b"COMM", 8, _big(65_535, 2))],
        "1024 channels": [(b"COMM", 8, _big(1024, 2))],
        "a rate beyond all": [(b"COMM", 16, b"\x7f\xff" + b"\xff" * 8)],
    },
    "AU": {
        "2^32 bytes": [(b".snd", 8, _big(2**32 - 2, 4))],
        "65535 channels": [(b".snd", 20, _big(65_535, 4))],
        "2^32 channels": [(b".snd", 20, _big(2**32 - 1, 4))],
        "a rate of 2^32 Hz": [(b".snd", 16, _big(2**32 - 1, 4))],
        "sound behind 2^31 bytes": [(b".snd", 4, _big(2**31, 4))],
    },
    "CAF": {
        "2^62 bytes": [(b"data", 4, _big(2**62, 8))],
        "a rate beyond all": [(b"desc", 12, struct.pack(">d", 1e300))],
        "2^31 channels": [(b"desc", 36, _big(2**31, 4))],
    },
    "FLAC": {
        "2^36 samples": [(b"fLaC", 21, b"\x7f"), (b"fLaC", 22, b"\xff" * 4)],
        "2^31 samples": [(b"fLaC", 22, _big(2**31, 4))],
        "8 channels": [(b"fLaC", 20, bytes([0x0E]))],
        "a rate of 655350 Hz": [(b"fLaC", 18, b"\x9f\xff\x60")],
        "blocks of 65535": [(b"fLaC", 8, b"\xff\xff\xff\xff")],
    },
    "OGG": {
        "2^62 frames": [(b"OggS", 6, _little(2**62, 8))],
        "255 channels": [(b"vorbis", 10, b"\xff")],
        "a rate of 2^32 Hz": [(b"vorbis", 11, _little(2**32 - 1, 4))],
    },
    "MP3": {
        "2^32 frames": [(b"Xing", 8, _big(2**32 - 1, 4))],
        "2^32 bytes": [(b"Xing", 12, _big(2**32 - 1, 4))],
    },
}  # fmt: skip
