"""A folder of sounds, a folder a class: low and high sines and noise."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 8_000
KINDS = ("high", "low", "noise")


def make(
    folder: Path,
    clips: int = 6,
    seconds: float = 0.5,
    seed: int = 0,
    kinds: tuple[str, ...] = KINDS,
) -> Path:
    """Write `clips` files of each class, named after their recording and a take."""
    rng = np.random.default_rng(seed)
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        for number in range(clips):
            path = folder / kind / f"{kind}{number // 2}-take{number % 2}.wav"
            soundfile.write(path, _sound(kind, round(seconds * RATE), rng), RATE)
    return folder


def _sound(kind: str, samples: int, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, 1, samples)
    if kind == "noise":
        return 0.2 * noise
    hertz = {"low": 300, "high": 2500}[kind] * rng.uniform(0.9, 1.1)
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(samples) / RATE) + 0.02 * noise
