"""The example sound is what the script in tools/ makes."""

import importlib.util
from pathlib import Path

import numpy as np

from kerasaudio.audio import load_audio

CHECKOUT = Path(__file__).parents[2]
EXAMPLE = CHECKOUT / "examples" / "groove.ogg"


def test_the_file_is_the_script_s():
    path = CHECKOUT / "tools" / "make_example.py"
    spec = importlib.util.spec_from_file_location("make_example", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made = script.groove()
    np.testing.assert_array_equal(made, script.groove())  # seeded
    read = load_audio(EXAMPLE, script.SAMPLE_RATE, mono=False)
    assert read.shape == made.T.shape == (2, 12 * 44_100)
    error = np.sqrt(np.mean((read - made.T) ** 2) / np.mean(made**2))
    assert error < 0.2, error  # Vorbis does not keep the noise of cymbals
    assert EXAMPLE.stat().st_size < 400_000
