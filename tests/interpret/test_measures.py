"""Crest factor, centroid and bursts of sounds whose numbers are known."""

import numpy as np
import pytest

from kerasaudio.interpret import (
    burst_seconds,
    crest_factor,
    describe,
    spectral_centroid,
)

RATE = 16_000
TIME = np.arange(RATE) / RATE


def tone(hertz):
    return 0.5 * np.sin(2 * np.pi * hertz * TIME)


def test_crest_factor():
    assert crest_factor(tone(1_000)) == pytest.approx(np.sqrt(2), rel=1e-4)
    assert crest_factor(np.sign(tone(1_000) + 1e-9)) == pytest.approx(1, rel=1e-3)
    click = np.zeros(RATE)
    click[7] = 0.3
    assert crest_factor(click) == pytest.approx(np.sqrt(RATE), rel=1e-5)


def test_spectral_centroid():
    assert spectral_centroid(tone(1_000), RATE) == pytest.approx(1_000, abs=0.1)
    both = 2 * tone(1_000) + tone(4_000)  # power 4 to 1
    assert spectral_centroid(both, RATE) == pytest.approx(1_600, abs=0.1)


def test_bursts():
    gate = np.zeros(RATE)
    gate[1_600:3_200] = gate[8_000:8_800] = 1
    found = burst_seconds(gate * tone(1_000), RATE)
    np.testing.assert_allclose(found, [0.1, 0.05], atol=1e-9)
    quiet = gate.copy()
    quiet[8_000:8_800] = 0.05  # 26 dB below
    assert len(burst_seconds(quiet * tone(1_000), RATE)) == 1
    assert len(burst_seconds(quiet * tone(1_000), RATE, -40)) == 2
    np.testing.assert_allclose(burst_seconds(tone(500)[:1_234], RATE), [1_234 / RATE])


def test_silence():
    about = describe(np.zeros(100), RATE)
    assert about.bursts == 0
    assert np.isnan([about.crest_factor, about.spectral_centroid]).all()
    assert np.isnan(about.burst_seconds)


@pytest.mark.parametrize(
    ("waveform", "settings", "says"),
    [
        (np.zeros((2, 5)), {}, "must be mono"),
        ([1, 2], {}, "must contain floats"),
        (tone(9), {"sample_rate": 0}, "sample_rate"),
        (tone(9), {"threshold_db": 0}, "threshold_db must be a number below 0"),
    ],
)
def test_wrong_input(waveform, settings, says):
    with pytest.raises(ValueError, match=says):
        burst_seconds(waveform, **({"sample_rate": RATE} | settings))
