"""Resampling equals librosa's soxr_hq, in one piece and in a stream."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.audio import resample
from kerasaudio.audio.resample import resample_stream

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000]


def noise(samples, seed=0):
    return np.random.default_rng(seed).uniform(-0.9, 0.9, samples).astype("float32")


@pytest.mark.parametrize("samples", [1, 2, 441, 30_001])
@pytest.mark.parametrize(("old", "new"), [(44_100, 16_000), (8_000, 32_000)])
def test_equals_librosa(samples, old, new):
    waveform = noise(samples)
    ours = resample(waveform, old, new)
    theirs = librosa.resample(waveform, orig_sr=old, target_sr=new, res_type="soxr_hq")
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(
    samples=st.integers(1, 5_000),
    old=st.sampled_from(RATES),
    new=st.sampled_from(RATES),
)
def test_length_is_the_ceiling(samples, old, new):
    out = resample(noise(samples), old, new)
    assert len(out) == -(-samples * new // old)
    assert out.dtype == np.float32


@settings(deadline=None, max_examples=40)
@given(
    cuts=st.lists(st.integers(0, 8_000), max_size=8),
    old=st.sampled_from(RATES),
    new=st.sampled_from(RATES),
)
def test_a_stream_gives_the_same_numbers(cuts, old, new):
    waveform = noise(8_000)
    chunks = np.split(waveform, sorted(cuts))
    streamed = np.concatenate(list(resample_stream(chunks, old, new)))
    np.testing.assert_allclose(streamed, resample(waveform, old, new), atol=1e-6)


def test_same_rate_changes_nothing():
    waveform = noise(100)
    np.testing.assert_array_equal(resample(waveform, 16_000, 16_000), waveform)


@pytest.mark.parametrize("rate", [0, -16_000, 1e9, 999, 16_000.0, "16000", True, None])
def test_bad_rates(rate):
    with pytest.raises(ValueError, match=r"to_rate must be a whole number.*Received"):
        resample(noise(10), 16_000, rate)
    with pytest.raises(ValueError, match="from_rate must be"):
        resample(noise(10), rate, 16_000)
