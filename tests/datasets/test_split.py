"""split and k_fold: no recording on two sides, each class on every side."""

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from kerasaudio.datasets import LabeledClips, k_fold, split


def make(labels, groups=None, **changes):
    labels = np.asarray(labels)
    names = labels.shape[1] if labels.ndim == 2 else labels.max() + 1
    return LabeledClips(
        name="mine",
        paths=tuple(Path(f"{i}.wav") for i in range(len(labels))),
        targets=labels,
        class_names=tuple(f"c{i}" for i in range(names)),
        groups=None if groups is None else np.asarray(groups),
        **changes,
    )


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=4, max_size=40),
    st.integers(0, 5),
)
def test_no_recording_on_two_sides_and_every_class_on_each(recordings, seed):
    drawn = [*recordings, *((label, 1) for label in (0, 1, 2) for _ in range(3))]
    labels = np.repeat([label for label, _ in drawn], [size for _, size in drawn])
    groups = np.repeat(np.arange(len(drawn)), [size for _, size in drawn])
    clips = make(labels, groups)
    parts = split(clips, (0.6, 0.2, 0.2), seed)
    sides = [set(part.groups.tolist()) for part in parts]
    assert sum(len(side) for side in sides) == len(set.union(*sides)) == len(drawn)
    assert sum(len(part) for part in parts) == len(clips)
    assert all(set(part.targets.tolist()) == {0, 1, 2} for part in parts)


def test_fractions_are_met_class_by_class():
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    training, testing = split(make(labels), (0.8, 0.2), seed=3)
    assert np.bincount(training.targets).tolist() == [80, 40, 8]
    assert np.bincount(testing.targets).tolist() == [20, 10, 2]


def test_the_seed_decides():
    clips = make(np.repeat([0, 1], 20))
    first, again, other = (split(clips, seed=seed)[1].paths for seed in (0, 0, 1))
    assert first == again != other


def test_folds():
    clips = make(np.repeat([0, 1], 20), np.repeat(np.arange(20), 2))
    folded = k_fold(clips, 5)
    assert np.bincount(folded.folds)[1:].tolist() == [8] * 5
    training, testing = folded.hold_out(2)
    assert not set(training.groups.tolist()) & set(testing.groups.tolist())
    assert np.bincount(testing.targets).tolist() == [4, 4]
    with pytest.raises(ValueError, match="folds 1, 2, 3, 4, 5"):
        folded.hold_out(6)


def test_several_labels_a_clip(rng):
    hot = rng.random((200, 4)) < [0.5, 0.2, 0.1, 0.05]
    _, testing = split(make(hot), (0.75, 0.25))
    shares = testing.targets.sum(axis=0) / hot.sum(axis=0)
    np.testing.assert_allclose(shares, 0.25, atol=0.1)
    assert len(testing) == pytest.approx(50, abs=2)


def test_a_class_with_one_example():
    with pytest.raises(ValueError, match="'c1' has 1 clip from 1 recording, too few"):
        split(make([0, 0, 0, 1]))
    with pytest.raises(ValueError, match="'c1' has 2 clips from 1 recording,"):
        k_fold(make([0, 0, 0, 1, 1], list("abcdd")), 2)


@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 0.4), (1.2, -0.2), (0.5, np.nan)])
def test_bad_fractions(fractions):
    with pytest.raises(ValueError, match="fractions must"):
        split(make([0, 1, 0, 1]), fractions)


@pytest.mark.parametrize("folds", [1, True, 2.0, 9])
def test_bad_folds(folds):
    with pytest.raises(ValueError, match=r"folds must be|too few for 9 folds"):
        k_fold(make([0, 1, 0, 1]), folds)


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": np.eye(4, dtype=bool)[:, :2] | True},
        {"labels": np.array([0, 1, 0, 1]), "starts": np.ones(4)},
        {"labels": np.array([0, 1, 0, 1]), "ends": np.ones(4)},
    ],
)
def test_whole_files_are_required_where_parts_would_be_ignored(changes):
    with pytest.raises(ValueError, match="fine_tune needs whole files with one class"):
        make(**changes).require_whole_files("fine_tune")
    make([0, 1]).require_whole_files("fine_tune")


def test_take_and_weights():
    clips = make(np.repeat([0, 1], [30, 10]), folds=np.repeat([1, 2], 20))
    assert clips.class_weights() == {0: pytest.approx(2 / 3), 1: pytest.approx(2)}
    some = clips.take(clips.targets == 1)
    assert some.partial
    assert some.class_names == clips.class_names
    assert some.class_weights() == {1: 1.0}
    assert some.folds.tolist() == [2] * 10
    for bad in ([], [0.5], [99], [[0]], [-1], [True]):
        with pytest.raises(ValueError, match="mine"):
            clips.take(bad)
    with pytest.raises(ValueError, match="no published split"):
        clips.published_split()
