"""One sound in many containers, by libsndfile and by ffmpeg."""

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
# Read, and checked for their length.
CHECKED: dict[str, dict[str, str]] = {
    "rifx": {"format": "WAV", "endian": "BIG"},
    "au, little-endian": {"format": "AU", "endian": "LITTLE"},
    "au, big-endian": {"format": "AU", "endian": "BIG"},
    "nist": {"format": "NIST", "subtype": "PCM_16"},
    "8svx": {"format": "SVX", "subtype": "PCM_16"},
    "aiff-c": {"format": "AIFF", "subtype": "ULAW"},
    "gsm": {"format": "WAV", "subtype": "GSM610"},
    "adpcm": {"format": "WAV", "subtype": "IMA_ADPCM"},
}
# libsndfile reads them, and nobody could tell that they were cut short.
UNCHECKED = {
    "VOC": "PCM_16", "IRCAM": "PCM_16", "PAF": "PCM_16", "AVR": "PCM_16",
    "PVF": "PCM_16", "MAT4": "PCM_16", "MAT5": "PCM_16", "SDS": "PCM_16",
    "MPC2K": "PCM_16", "XI": "DPCM_16", "HTK": "PCM_16", "WVE": "ALAW",
}  # fmt: skip
UNCHECKED_RATES = {"WVE": 8_000, "MPC2K": 44_100, "XI": 44_100}
CODECS = {
    "phone.m4a": ["-c:a", "aac", "-b:a", "128k"],
    "start.m4a": ["-c:a", "aac", "-movflags", "faststart"],
    "lossless.m4a": ["-c:a", "alac"],
    "raw.aac": ["-c:a", "aac"],
    "browser.webm": ["-c:a", "libopus", "-b:a", "96k"],
    "old.wma": ["-c:a", "wmav2"],
    "film.mp4": ["-c:a", "aac"],
    "film.mov": ["-c:a", "aac"],
    "front.mov": ["-c:a", "pcm_s16le", "-movflags", "faststart"],
    "parts.mp4": ["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"],
    "film.mkv": ["-c:a", "flac"],
    "phone.3gp": ["-c:a", "aac"],
    "book.m4b": ["-c:a", "aac", "-f", "ipod"],
    "disc.ac3": ["-c:a", "ac3"],
    "disc.eac3": ["-c:a", "eac3"],
    "lossless.tta": ["-c:a", "tta"],
    "lossless.wv": ["-c:a", "wavpack"],
    "flac.ogg": ["-c:a", "flac"],
    "alac.caf": ["-c:a", "alac"],
}


def tone(samples: int, sample_rate: int = 44_100, channels: int = 1) -> np.ndarray:
    """Make sines with a little noise, another frequency each channel."""
    rng = np.random.default_rng(7)
    time = np.arange(samples)[:, None] / sample_rate
    sines = 0.4 * np.sin(2 * np.pi * 330 * (1 + np.arange(channels)) * time)
    sound = sines + 0.02 * rng.standard_normal((samples, channels))
    return (sound if channels > 1 else sound[:, 0]).astype("float32")


def encode(samples: np.ndarray, sample_rate: int = 44_100, **options: str) -> bytes:
    """Encode samples in memory with libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, samples, sample_rate, **({"format": "WAV"} | options))
    return file.getvalue()


def ffmpeg_program() -> str | None:
    """Give the user's ffmpeg; None if there is none."""
    return shutil.which("ffmpeg")


def ffmpeg(*arguments: str | Path) -> None:
    """Run the user's ffmpeg."""
    program = ffmpeg_program()
    assert program is not None
    command = [program, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=60)


def encode_by_ffmpeg(samples: np.ndarray, rate: int, name: str, *options: str) -> bytes:
    """Encode samples with the user's ffmpeg, as the name's suffix and options say."""
    with tempfile.TemporaryDirectory() as folder:
        source, path = Path(folder, "source.wav"), Path(folder, name)
        soundfile.write(source, samples, rate)
        ffmpeg("-i", source, *options, path)
        return path.read_bytes()
