"""State dicts of CED: the Hub's keys and those of the original code."""

import librosa
import numpy as np

from support.goldens import GOLDEN, State

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
