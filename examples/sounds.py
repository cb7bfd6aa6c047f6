"""Short sounds of five kinds, made with NumPy: the notebooks learn from them.

    from sounds import KINDS, make_sound, write_folder

Pitch, speed, loudness and background are random, so no two sounds are equal.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

KINDS = ("beep", "hum", "knock", "rain", "siren")


def make_sound(
    kind: str, seconds: float, rate: int, rng: np.random.Generator
) -> np.ndarray:
    """Make a sound of one of KINDS, float32 (samples,) in [-1, 1]."""
    time = np.arange(round(seconds * rate)) / rate
    noise = rng.normal(0, 1, len(time))
    if kind == "beep":
        every = rng.uniform(0.3, 0.6)
        is_on = (time + rng.uniform(0, every)) % every < 0.4 * every
        samples = np.sin(2 * np.pi * rng.uniform(900, 1_500) * time) * is_on
    elif kind == "hum":
        pitch = rng.uniform(60, 180)
        samples = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 9))
    elif kind == "knock":
        every = rng.uniform(0.3, 0.5)
        since = (time + rng.uniform(0, every)) % every  # the last knock
        thud = np.sin(2 * np.pi * rng.uniform(150, 300) * since)
        samples = (thud + 0.5 * noise) * np.exp(-50 * since)
    elif kind == "rain":
        samples = noise + 2 * noise * (rng.random(len(time)) < 0.01)
    elif kind == "siren":
        wave = np.sin(2 * np.pi * rng.uniform(0.4, 0.8) * time + rng.uniform(0, 6))
        pitch = rng.uniform(600, 900) * (1 + 0.4 * wave)
        samples = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / rate))
    else:
        raise ValueError(f"kind must be one of {KINDS}. Received: {kind!r}.")
    loudness = rng.uniform(0.1, 0.6)
    samples = loudness * samples / np.abs(samples).max()
    return (samples + rng.uniform(0, 0.02) * noise).clip(-1, 1).astype("float32")


def write_folder(
    folder: Path,
    kinds: Iterable[str],
    clips: int,
    seconds: float,
    *,
    rate: int = 16_000,
    seed: int = 0,
) -> None:
    """Write a folder for each kind, with so many clips: folder/hum/hum-01.wav."""
    rng = np.random.default_rng(seed)
    for kind in kinds:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(1, clips + 1):
            sound = make_sound(kind, seconds, rate, rng)
            soundfile.write(folder / kind / f"{kind}-{number:02}.wav", sound, rate)
