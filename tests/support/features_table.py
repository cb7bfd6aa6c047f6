"""A table of features with a bit of everything in it."""

from pathlib import Path

import numpy as np

from kerasaudio.features import Features
from kerasaudio.features.rows import Failed


def make() -> Features:
    """Give five rows of three files, and one that could not be read."""
    return Features(
        np.random.default_rng(0).normal(size=(5, 4)).astype("float32"),
        tuple(map(Path, ["a.wav", "a.wav", "b.wav", "ü.wav", "c.wav"])),
        np.arange(5.0),
        np.arange(5.0) + 1,
        (Failed(Path("d.wav"), "it is empty"),),
        {"model": "Tiny", "fingerprint": "0123"},
    )
