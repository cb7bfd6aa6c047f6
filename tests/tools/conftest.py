"""Folders like that of the Free Spoken Digits, with hums for words."""

import numpy as np
import pytest
import soundfile

RATE = 8000


@pytest.fixture
def hums(tmp_path):
    """Give a function that writes takes of two digits by four speakers.

    The speakers hum at different pitches, and the second digit with every other
    harmonic only.
    """

    def write(takes):
        rng = np.random.default_rng(0)
        recordings = tmp_path / "fsdd" / "recordings"
        recordings.mkdir(parents=True)
        for number, speaker in enumerate(("ann", "bob", "cy", "di")):
            for digit in range(2):
                for take in takes:
                    time = np.arange(int(rng.uniform(0.2, 1.3) * RATE)) / RATE
                    hum = sum(
                        np.sin(2 * np.pi * k * (100 + 60 * number + 9 * digit) * time)
                        / k
                        for k in range(1, 9, 1 + digit)
                    )
                    clip = 0.1 * hum + rng.normal(0, 0.005, len(time))
                    path = recordings / f"{digit}_{speaker}_{take}.wav"
                    soundfile.write(path, clip, RATE)
        return recordings.parent

    return write
