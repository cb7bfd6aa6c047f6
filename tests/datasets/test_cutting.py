"""Windows of clips: how many, where, how loud, and what fills them up."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from kerasaudio import windows
from kerasaudio.datasets import ESC50, cutting, split

sizes = st.integers(1, 50)


@settings(deadline=None)
@given(st.integers(1, 300), sizes, sizes)
def test_side_by_side_leaves_out_less_than_half_a_hop(length, size, hop):
    hop = min(hop, size)
    starts = cutting.side_by_side(length, size, hop)
    assert starts[0] == 0
    assert (np.diff(starts) == hop).all()
    left_out = length - (starts[-1] + size)
    assert left_out < hop / 2
    assert len(starts) == 1 or left_out >= -hop / 2


@settings(deadline=None)
@given(st.integers(1, 300), sizes, st.integers(1, 20))
def test_evenly_from_beginning_to_end(length, size, count):
    starts = cutting.evenly(length, size, count)
    assert len(starts) == count
    assert starts[0] == 0
    if count > 1 and length > size:
        assert starts[-1] == length - size
    assert (np.diff(starts) >= 0).all()


@settings(deadline=None)
@given(st.integers(1, 40), sizes, st.sampled_from(["zeros", "repeat"]))
def test_filled_as_windows_are(length, size, padding):
    clip = np.linspace(0.1, 0.9, length).astype("float32")
    want, starts = windows(clip, size, None, padding)
    for window, start in zip(want, starts, strict=True):
        piece = clip[start : start + size]
        np.testing.assert_array_equal(
            cutting.filled(piece, clip[:size], size, padding), window
        )


def test_levels():
    clip = np.concatenate([np.ones(10), np.zeros(10), np.full(5, 0.1)])
    level = cutting.levels(clip.astype("float32"), np.array([0, 5, 10, 20]), 10)
    np.testing.assert_allclose(level, [0, -3.0103, -np.inf, -20], atol=1e-3)


@pytest.mark.shared
def test_split_of_real_recordings(shared):
    clips = ESC50(shared / "data" / "esc10")
    training, testing = split(clips, (0.8, 0.2))
    assert not set(training.groups.tolist()) & set(testing.groups.tolist())
    assert np.bincount(testing.labels).tolist() == [8] * 10
