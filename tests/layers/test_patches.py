"""Whole windows and patches against plain slicing."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kerasaudio
from kerasaudio.layers import Patches, WholeWindows
from support.front_ends import run


@given(
    samples=st.integers(1, 60), window=st.integers(1, 25), overlap=st.integers(0, 24)
)
def test_whole_windows_hold_every_sample_and_what_windows_gives(
    samples, window, overlap
):
    hop = max(window - overlap, 1)
    waveform = np.linspace(0.1, 1, samples, dtype="float32")

    got = keras.ops.convert_to_numpy(WholeWindows(window, hop)(waveform[None]))[0]

    np.testing.assert_array_equal(got[:samples], waveform)
    assert not got[samples:].any()
    cut, starts = kerasaudio.windows(waveform, window, hop)
    assert len(got) == starts[-1] + window
    for piece, start in zip(cut, starts, strict=True):
        np.testing.assert_array_equal(got[start : start + window], piece)


@pytest.mark.parametrize(("length", "hop"), [(10, 4), (10, 10), (5, 7), (3, None)])
def test_patches_are_slices(rng, length, hop):
    features = rng.normal(size=(2, 33, 6)).astype("float32")

    got = run(Patches(length, hop), features)

    step = hop or length
    starts = range(0, 33 - length + 1, step)
    assert got.shape == (2, len(starts), length, 6)
    for number, start in enumerate(starts):
        np.testing.assert_array_equal(
            got[:, number], features[:, start : start + length]
        )


def test_bad_sizes_and_short_inputs_are_refused():
    for make in (
        lambda: Patches(0),
        lambda: Patches(4, -1),
        lambda: Patches(2.5),
        lambda: WholeWindows(0, 1),
        lambda: WholeWindows(10, True),
    ):
        with pytest.raises(ValueError, match="must be a whole number, 1 or more"):
            make()
    with pytest.raises(ValueError, match="at most `window_samples`"):
        WholeWindows(10, 11)
    with pytest.raises(ValueError, match=r"needs 5 frames.*frames=4"):
        Patches(5)(np.zeros((1, 4, 2), "float32"))
    with pytest.raises(ValueError, match="batch, samples"):
        WholeWindows(5, 5)(np.zeros((1, 4, 2), "float32"))
