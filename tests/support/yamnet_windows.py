"""What yamnet_tflite.npz was made of: a synthetic signal, windows of three clips."""

from pathlib import Path

import numpy as np

import kerasaudio

CLIPS = {"dog": "1-100032-A-0", "rooster": "1-26806-A-1", "rain": "1-17367-A-10"}
WINDOW, HOP = 15_600, 7_680


def clip(shared: Path, name: str) -> np.ndarray:
    """Give a clip's waveform at 16 kHz."""
    path = shared / "data" / "esc10" / "audio" / f"{CLIPS[name]}.ogg"
    return kerasaudio.load_audio(path, 16_000)


def windows(shared: Path, golden: np.lib.npyio.NpzFile) -> dict[str, np.ndarray]:
    """Give the whole windows of the signal and of each clip, (windows, 15600)."""
    cut = {"signal": golden["waveform_int16"][None] / np.float32(32768)}
    for name in CLIPS:
        waveform = clip(shared, name)
        starts = range(0, len(waveform) - WINDOW + 1, HOP)
        cut[name] = np.stack([waveform[start : start + WINDOW] for start in starts])
    return cut
