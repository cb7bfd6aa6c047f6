"""The folder of a user: a song, sounds without classes, a folder a class, weights."""

import numpy as np
import soundfile

from support.torch_files import write_state

RATE = 16_000


def make(folder):
    """Fill a folder, and give it."""
    rng = np.random.default_rng(0)
    time = np.arange(3 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277.2, 329.6))
    soundfile.write(folder / "song.wav", 0.2 * chord * np.exp(-time % 0.5), RATE)
    (folder / "sounds").mkdir()
    for name in ("bark", "knock", "rain"):
        noise = rng.normal(0, 0.1, 2 * RATE) * np.linspace(1, 0, 2 * RATE)
        soundfile.write(folder / "sounds" / f"{name}.wav", noise, RATE)
    for number in range(8):
        file = folder / "labelled" / ("hum", "hiss")[number % 2] / f"{number}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = rng.normal(0, 0.1, RATE)
        sound = noise if number % 2 else np.cumsum(noise) / 100
        soundfile.write(file, sound, RATE)
    layer = {"weight": np.zeros((8, 1, 3), "float32"), "bias": np.ones(8, "float32")}
    write_state(folder / "model.pth", layer)
    return folder
