"""State dicts of CED: the Hub's keys and those of the original code."""

import re

import librosa
import numpy as np

from support.goldens import GOLDEN, State
from support.seeding import Shapes, read_shapes, seeded

BANK = "front_end.0.mel_scale.fb"
WINDOW = "front_end.0.spectrogram.window"


def tables(fmax: float = 8_000) -> State:
    """Give what the original stores of its front-end, by librosa and by definition."""
    bank = librosa.filters.mel(
        sr=16_000, n_fft=512, n_mels=64, fmax=fmax, htk=True, norm=None
    )
    window = np.hanning(513)[:-1]
    return {BANK: bank.T.astype("float32"), WINDOW: window.astype("float32")}


def with_original_keys(tensors: State) -> State:
    """Turn a state dict of the Hub into one of the original code, in its order."""
    stored = tables()
    state: State = {}
    listed = (GOLDEN / "ced_tiny_original_keys.txt").read_text()
    for line in listed.splitlines():
        key = line.partition(" ")[0]
        state[key] = stored[key] if key in stored else tensors[line.split(" <- ")[1]]
    return state


def hub_shapes(size: str) -> Shapes:
    """Give the shapes of a published network by the Hub's keys."""
    return read_shapes((GOLDEN / f"ced_{size}_keys.txt").read_text())


def small_state(hidden_size: int = 64, layers: int = 2, steps: int = 3) -> State:
    """Give the Hub's state dict of a network smaller than the published ones."""
    tiny = 192
    sizes = {tiny * n: hidden_size * n for n in (1, 3, 4)} | {63: steps, 527: 5}
    shapes = {
        key: tuple(sizes.get(side, side) for side in shape)
        for key, shape in hub_shapes("tiny").items()
        if (block := re.search(r"blocks\.(\d+)", key)) is None or int(block[1]) < layers
    }
    return seeded(shapes)
