"""Windows of clips: how many, where, how loud, and what fills them up."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from kerasaudio.audio.window_rule import WindowRule
from kerasaudio.datasets import ESC50, split
from kerasaudio.datasets.batching import cutting

sizes = st.integers(1, 50)


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
@given(st.lists(st.sampled_from([3, 4, 5]), min_size=1, max_size=40), sizes)
def test_batches_hold_windows_of_one_length(lengths, batch_size):
    batches = cutting.by_length(lengths, batch_size)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    held = [{lengths[i] for i in batch} for batch in batches]
    assert all(len(one) == 1 for one in held)
    assert max(map(len, batches)) <= batch_size
    if len(set(lengths)) > 1:
        assert held[0] != held[1]


def test_levels():
    clip = np.concatenate([np.ones(10), np.zeros(10), np.full(5, 0.1)])
    rule = WindowRule(10, 10)
    places = [cutting.piece(rule, start, 25) for start in (0, 5, 10, 20)]
    level = cutting.levels(clip.astype("float32"), places)
    np.testing.assert_allclose(level, [0, -3.0103, -np.inf, -20], atol=1e-3)


@pytest.mark.shared
def test_split_of_real_recordings(shared):
    clips = ESC50(shared / "data" / "esc10")
    training, testing = split(clips, (0.8, 0.2))
    assert not set(training.groups.tolist()) & set(testing.groups.tolist())
    assert np.bincount(testing.targets).tolist() == [8] * 10
