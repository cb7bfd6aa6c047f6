"""A piece of synthetic music of any length, the same on every machine."""

import numpy as np

RATE = 16_000
NOTES = (0, 3, 7, 10, 12, 15, 7, 3)  # semitones
BEAT = 0.27  # seconds


def song(samples: int) -> np.ndarray:
    """Give (samples,), float32 in [-1, 1]: an arpeggio, a drum, swelling noise."""
    times = np.arange(samples) / RATE
    beat = np.floor(times / BEAT).astype(int)
    since = times - beat * BEAT
    semitones = np.take(NOTES, beat % len(NOTES)) + 5 * (beat // 32 % 4)
    phase = 2 * np.pi * np.cumsum(220 * 2 ** (semitones / 12)) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 6)) * np.exp(-4 * since)
    drum = np.sin(2 * np.pi * 60 * since) * np.exp(-20 * since) * (beat % 2 == 0)
    noise = np.random.default_rng(5).normal(0, 1, samples)
    swell = 0.02 + 0.08 * np.sin(2 * np.pi * times / 11) ** 2
    mix = 0.25 * voice + 0.4 * drum + swell * noise
    return np.clip(mix, -1, 1).astype("float32")
