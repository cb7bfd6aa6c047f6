"""Small sounds on disk, in any layout."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import soundfile

RATE = 8_000


def tone(hertz: float = 440.0, seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    """Give a sine of amplitude 0.5, float32."""
    times = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype("float32")


def write(path: Path, sound: np.ndarray | None = None, rate: int = RATE) -> Path:
    """Write a wav (or what the suffix says), and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone() if sound is None else sound, rate)
    return path


def class_folders(root: Path, counts: Mapping[str, int], seconds: float = 0.5) -> Path:
    """Write CLASS/0.wav, CLASS/1.wav ...: a class has its own pitch, a clip its own."""
    for number, (name, count) in enumerate(counts.items()):
        for take in range(count):
            sound = tone(300 * (number + 1) + 7 * take, seconds)
            write(root / name / f"{take}.wav", sound)
    return root
