"""Sounds and files that the tests of this room share."""

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def tone() -> Callable[..., np.ndarray]:
    """Make sines with a little noise, another frequency each channel."""

    def make(samples: int, sample_rate: int = 44_100, channels: int = 1) -> np.ndarray:
        rng = np.random.default_rng(7)
        time = np.arange(samples)[:, None] / sample_rate
        sines = 0.4 * np.sin(2 * np.pi * 330 * (1 + np.arange(channels)) * time)
        sound = sines + 0.02 * rng.standard_normal((samples, channels))
        return (
            sound.astype("float32") if channels > 1 else sound[:, 0].astype("float32")
        )

    return make


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Encode samples in memory with libsndfile."""

    def make(samples: np.ndarray, sample_rate: int = 44_100, **options: str) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, samples, sample_rate, **({"format": "WAV"} | options))
        return file.getvalue()

    return make


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    """Run the user's ffmpeg, or skip."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("there is no ffmpeg program here")

    def run(*arguments: str | Path) -> None:
        command = [program, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
        subprocess.run(command, check=True, timeout=60)

    return run
