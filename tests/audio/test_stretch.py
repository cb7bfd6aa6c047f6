"""Length, pitch and level of what is stretched or shifted."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.audio import pitch_shift, time_stretch
from support.augmented import peak_hertz, sine

pytest.importorskip("python_stretch")
RATE = 16_000
TONE = sine(440, RATE, 2 * RATE)


@pytest.mark.parametrize("rate", [0.5, 0.9, 1.0, 1.3, 2.0])
def test_a_stretched_sine_keeps_its_pitch_and_level(rate):
    out = time_stretch(TONE, RATE, rate)
    assert out.shape == (round(len(TONE) / rate),)
    assert out.dtype == np.float32
    middle = out[len(out) // 4 : -len(out) // 4]
    assert peak_hertz(middle, RATE) == pytest.approx(440, rel=0.003)
    assert np.std(middle) == pytest.approx(np.std(TONE), rel=0.05)


@pytest.mark.parametrize("semitones", [-12, -3.5, 0, 2, 12])
def test_a_shifted_sine_keeps_its_length_and_level(semitones):
    out = pitch_shift(TONE, RATE, semitones)
    assert out.shape == TONE.shape
    wanted = 440 * 2 ** (semitones / 12)
    middle = out[len(out) // 4 : -len(out) // 4]
    assert peak_hertz(middle, RATE) == pytest.approx(wanted, rel=0.005)
    assert np.std(middle) == pytest.approx(np.std(TONE), rel=0.05)


def test_events_stay_where_they_belong():
    clicks = np.zeros(RATE, "float32")
    clicks[[4000, 12_000]] = 1
    out = np.abs(time_stretch(clicks, RATE, 2))
    for middle in (2000, 6000):
        assert abs(out[middle - 900 : middle + 900].argmax() - 900) < 80


@settings(deadline=None, max_examples=25)
@given(
    samples=st.integers(1, 5_000),
    rate=st.floats(0.25, 4),
    semitones=st.floats(-24, 24),
)
def test_lengths(samples, rate, semitones):
    waveform = TONE[:samples]
    stretched = time_stretch(waveform, RATE, rate)
    assert len(stretched) == max(round(samples / rate), 1)
    shifted = pitch_shift(waveform, RATE, semitones)
    assert len(shifted) == samples
    assert np.isfinite(stretched).all()
    assert np.isfinite(shifted).all()


def test_the_same_seed_gives_the_same_samples(rng):
    noise = rng.uniform(-0.5, 0.5, 8000)
    first = time_stretch(noise, RATE, 0.7, seed=3)
    np.testing.assert_array_equal(first, time_stretch(noise, RATE, 0.7, seed=3))


def test_bad_input():
    for rate in (0, -1, 5, float("nan"), "2", True):
        with pytest.raises(ValueError, match=r"rate must be a number from 0\.25 to 4"):
            time_stretch(TONE, RATE, rate)
    with pytest.raises(ValueError, match=r"semitones must .* -24 to 24.*: 25"):
        pitch_shift(TONE, RATE, 25)
    with pytest.raises(ValueError, match=r"seed must be a whole number.*-1"):
        pitch_shift(TONE, RATE, 1, seed=-1)
    with pytest.raises(ValueError, match="sample_rate must be a whole number"):
        pitch_shift(TONE, 16_000.5, 1)
    with pytest.raises(ValueError, match="divide by 32768"):
        time_stretch(np.ones(9, "int16"), RATE, 2)
    with pytest.raises(ValueError, match="must be mono"):
        pitch_shift(np.ones((2, 9)), RATE, 2)


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_stretch.Signalsmith", None)
    with pytest.raises(ImportError, match='pip install "python-stretch>='):
        time_stretch(TONE, RATE, 2)
