"""Batches: what is drawn, how often, again with the same seed, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.similarity import ClassBatches, PairBatches, ViewBatches

# Each clip says its own number, so that batches show what was drawn.
CLIPS = np.repeat(np.arange(30, dtype="float32")[:, None], 4, axis=1)
LABELS = np.repeat(["ant", "bee", "cat"], [2, 8, 20])


def louder(clip, rng):
    return clip + rng.uniform(0.1, 0.4)


def numbers(clips):
    return clips[:, 0].astype(int)


MAKERS = {
    "pairs": lambda **k: PairBatches(CLIPS, LABELS, 8, **k),
    "classes": lambda **k: ClassBatches(CLIPS, LABELS, 2, 2, **k),
    "views": lambda **k: ViewBatches(CLIPS, louder, 8, **k),
}


@pytest.fixture(params=MAKERS)
def make(request):
    return MAKERS[request.param]


def flat(batch):
    x, y = batch
    return np.concatenate([*(np.ravel(a) for a in x), np.ravel(y)])


@settings(deadline=None, max_examples=40)
@given(
    counts=st.lists(st.integers(2, 9), min_size=2, max_size=6),
    size=st.integers(2, 20),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 9),
)
def test_pairs_are_what_they_say(counts, size, share, seed):
    labels = np.random.default_rng(seed).permutation(
        np.repeat(np.arange(len(counts)), counts)
    )
    clips = np.arange(len(labels), dtype="float32")[:, None]
    batches = PairBatches(clips, labels, size, positive=share, seed=seed, batches=3)
    for (first, second), same in batches:
        a, b = numbers(first), numbers(second)
        assert first.shape == second.shape == (size, 1)
        assert same.dtype == first.dtype == np.float32
        np.testing.assert_array_equal(same == 1, labels[a] == labels[b])
        assert (a != b).all()
        assert 1 <= same.sum() <= size - 1
        assert abs(same.sum() - share * size) <= 1


def test_rare_labels_come_as_often_as_frequent_ones():
    drawn = [
        LABELS[numbers(part)]
        for x, _ in PairBatches(CLIPS, LABELS, 100, batches=30)
        for part in x
    ]
    _, counts = np.unique(drawn, return_counts=True)
    assert np.abs(counts / counts.sum() - 1 / 3).max() < 0.03


def test_every_clip_of_a_kind_has_its_chance():
    pairs = PairBatches(CLIPS, LABELS, 100, batches=30)
    drawn = np.concatenate([numbers(part) for x, _ in pairs for part in x])
    bees = np.bincount(drawn, minlength=30)[2:10]
    assert bees.min() > 0.7 * bees.mean()


def test_class_batches_hold_different_clips_of_different_classes():
    batches = ClassBatches(CLIPS[2:], LABELS[2:], clips_per_class=5, batches=20)
    for clips, kinds in batches:
        assert clips.shape == (10, 4)
        assert kinds.dtype == np.int32
        assert len(set(numbers(clips))) == 10
        np.testing.assert_array_equal(kinds[::5], [kinds[0], 1 - kinds[0]])
        names = np.array(["bee", "cat"])[kinds]
        np.testing.assert_array_equal(names, LABELS[numbers(clips)])


def test_some_of_the_classes_are_drawn_each_in_turn():
    seen = [frozenset(y) for _, y in ClassBatches(CLIPS, LABELS, 2, 2, batches=40)]
    assert set(seen) == {frozenset(p) for p in ((0, 1), (0, 2), (1, 2))}


def test_views_are_two_different_ones_of_each_clip():
    for views, pair in ViewBatches(CLIPS, louder, 12, batches=5):
        assert views.shape == (24, 4)
        np.testing.assert_array_equal(numbers(views)[::2], numbers(views)[1::2])
        assert len(set(numbers(views))) == 12
        assert (views[::2] != views[1::2]).all()
        np.testing.assert_array_equal(pair, np.repeat(np.arange(12), 2))


def test_the_seed_decides_epoch_by_epoch(make):
    one, same, other = make(seed=3), make(seed=3), make(seed=4)
    for _ in range(2):
        for left, right in zip(one, same, strict=True):
            np.testing.assert_array_equal(flat(left), flat(right))
        assert any((flat(a) != flat(b)).any() for a, b in zip(one, other, strict=True))
        before = [flat(batch) for batch in one]
        for batches in (one, same, other):
            batches.on_epoch_end()
        after = [flat(batch) for batch in one]
        assert any((a != b).any() for a, b in zip(before, after, strict=True))


def test_without_redraw_epochs_are_alike(make):
    batches = make(redraw=False)
    before = flat(batches[1])
    batches.on_epoch_end()
    np.testing.assert_array_equal(flat(batches[1]), before)


def test_batches_do_not_depend_on_the_order_they_are_asked_for(make):
    batches = make()
    last = flat(batches[len(batches) - 1])
    for _ in batches:
        pass
    np.testing.assert_array_equal(flat(batches[len(batches) - 1]), last)


def test_an_epoch_has_as_many_batches_as_give_each_clip_a_turn(make):
    assert len(MAKERS["pairs"]()) == 4
    assert len(MAKERS["classes"]()) == 8
    assert len(MAKERS["views"]()) == 4
    assert len(make(batches=5)) == 5
    with pytest.raises(IndexError, match="5 batches"):
        make(batches=5)[5]


def test_only_the_clips_drawn_are_read(tmp_path):
    file = np.memmap(tmp_path / "clips", "float32", "w+", shape=(300_000, 10))
    labels = np.arange(len(file)) % 1000
    (first, second), _ = PairBatches(file, labels, 4)[0]
    assert first.shape == second.shape == (4, 10)

    class Reader:
        def __init__(self):
            self.asked = []

        def __len__(self):
            return 30

        def __getitem__(self, index):
            self.asked.append(index)
            return [float(index)] * 3

    reader = Reader()
    (first, _), _ = PairBatches(reader, LABELS, 2)[0]
    assert first.shape == (2, 3)
    assert len(reader.asked) == 4


def test_clips_of_different_lengths_need_a_cut():
    clips = [np.ones(3 + i % 2, "float32") for i in range(30)]
    with pytest.raises(ValueError, match=r"the same length.*augment"):
        for _ in PairBatches(clips, LABELS):
            pass
    cut = PairBatches(clips, LABELS, augment=lambda clip, rng: clip[:3])
    assert cut[0][0][0].shape == (32, 3)


@pytest.mark.parametrize("batches", [PairBatches, ClassBatches])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 29 + ["b"], r"needs at least [24] clips.*'b' \(1\)"),
        (["a"] * 30, "at least two different values.*30 clips, all labeled 'a'"),
        ([0] * 29, r"one entry for each of the 30 clips.*\(29,\)"),
        (np.zeros((30, 2), int), r"\(30, 2\)"),
        (np.linspace(0, 1, 30), "integers or strings.*float64"),
        ([None] * 30, "integers or strings.*object"),
    ],
)
def test_unusable_labels_are_refused(batches, labels, message):
    with pytest.raises(ValueError, match=message):
        batches(CLIPS, labels)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PairBatches(CLIPS, LABELS, 1), "batch_size.*Received: 1"),
        (lambda: PairBatches(CLIPS, LABELS, 2.5), "batch_size.*2.5"),
        (lambda: PairBatches(CLIPS, LABELS, positive=1), "positive.*Received: 1"),
        (lambda: PairBatches(CLIPS, LABELS, batches=0), "batches.*Received: 0"),
        (lambda: PairBatches(CLIPS, LABELS, seed=-1), "seed.*Received: -1"),
        (lambda: PairBatches([], []), "no clips"),
        (
            lambda: ClassBatches(CLIPS, LABELS, 4, 2),
            "classes must be at most 3.*Received: 4",
        ),
        (lambda: ClassBatches(CLIPS, LABELS, 1, 2), "classes.*Received: 1"),
        (lambda: ClassBatches(CLIPS, LABELS, 2, 1), "clips_per_class.*Received: 1"),
        (
            lambda: ClassBatches(CLIPS, LABELS, 2, 3),
            r"needs at least 3 clips.*'ant' \(2\)",
        ),
        (lambda: ViewBatches(CLIPS, None), "two equal views.*None"),
        (
            lambda: ViewBatches(CLIPS, louder, 31),
            "batch_size must be at most 30.*Received: 31",
        ),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
