"""Batches of other people's loaders: converted, checked, counted."""

import sys

import keras
import numpy as np
import pytest

from kerasaudio.core import AudioSpec
from kerasaudio.datasets import LabeledBatches

NAMES = ("hiss", "hum")
SPEC = AudioSpec.of_fixed_clips(8_000, 400).replace(labels=("hum", "hiss"))
SOUNDS = np.random.default_rng(0).normal(0, 0.1, (5, 400)).astype("float32")
TRUTH = np.array([0, 1, 1, 0, 1])  # in NAMES
STARTS = (0, 2, 4)


def made(waveforms=SOUNDS, labels=TRUTH):
    return [(waveforms[i : i + 2], labels[i : i + 2]) for i in STARTS]


def by_tensorflow(labels):
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((SOUNDS, labels)).batch(2)


def by_torch(labels):
    data = pytest.importorskip("torch.utils.data")
    rows = list(zip(SOUNDS, labels.tolist(), strict=True))
    return data.DataLoader(rows, batch_size=2)


def by_grain(labels):
    grain = pytest.importorskip("grain")
    rows = list(zip(SOUNDS, labels.tolist(), strict=True))
    return grain.MapDataset.source(rows).batch(2)


def by_grain_loader(labels):
    grain = pytest.importorskip("grain")
    rows = list(zip(SOUNDS, labels.tolist(), strict=True))
    return grain.DataLoader(
        data_source=rows,
        sampler=grain.samplers.SequentialSampler(len(rows)),
        operations=[grain.transforms.Batch(2)],
    )


def by_hand(labels):
    return lambda: iter(made(labels=labels))


class Own(keras.utils.PyDataset):
    def __init__(self, labels):
        super().__init__()
        self.made, self.ends = made(labels=labels), 0

    def __len__(self):
        return len(self.made)

    def __getitem__(self, index):
        return self.made[index]

    def on_epoch_end(self):
        self.ends += 1


KNOWN = (by_tensorflow, by_torch, by_grain, Own)
UNKNOWN = (by_grain_loader, by_hand)
TEXTS = np.array(NAMES)[TRUTH]


@pytest.mark.parametrize("labels", [TRUTH, TEXTS], ids=["numbers", "names"])
@pytest.mark.parametrize("make", [*KNOWN, *UNKNOWN])
def test_loaders_of_all_kinds_give_the_same(make, labels):
    steps = {"steps": 3} if make in UNKNOWN else {}
    data = LabeledBatches(make(labels), NAMES, sample_rate=8_000, **steps)
    batches = data.batches(SPEC)
    for epoch in range(2):
        found = [batches[index] for index in range(len(batches))]
        np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), SOUNDS)
        # Numbers of the model's labels, which are in another order.
        assert np.concatenate([y for _, y in found]).tolist() == (1 - TRUTH).tolist()
        assert batches.rows == 5
        batches.on_epoch_end()
        assert batches.epoch == epoch + 1
    assert len(batches) == data.steps == 3


def test_what_is_no_dependency_is_not_imported():
    LabeledBatches(made(), NAMES).batches(SPEC)[0]
    assert "grain" not in sys.modules or "grain" in str(sys.modules["grain"])
    here = {"tensorflow": "tensorflow", "torch": "torch", "jax": "jax"}
    assert here[keras.backend.backend()] in sys.modules


def test_batches_are_read_once_and_in_order():
    read = []

    def source():
        for number, batch in enumerate(made()):
            read.append(number)
            yield batch

    batches = LabeledBatches(source, NAMES, steps=3).batches(SPEC)
    read.clear()
    assert batches[0] is batches[0]  # as Keras does to see what there is
    assert batches[1] is not batches[0]
    batches[2]
    assert read == [0, 1, 2]
    with pytest.raises(IndexError, match=r"There are 3 batches. Received: 3"):
        batches[3]


def test_an_epoch_of_own_length_goes_on_where_the_last_one_ended():
    batches = LabeledBatches(made(), NAMES, steps=2).batches(SPEC)
    heads = []
    for epoch in range(3):
        batches.epoch = epoch  # as `train` does
        heads += [float(batches[i][0][0, 0]) for i in range(2)]
        batches.on_epoch_end()
    assert heads == [float(SOUNDS[i, 0]) for i in (0, 2, 4, 0, 2, 4)]


def test_epochs_are_told_to_what_wants_to_know():
    told = []

    class Shuffled(list):
        def set_epoch(self, number):
            told.append(number)

    batches = LabeledBatches(Shuffled(made()), NAMES).batches(SPEC)
    told.clear()
    for epoch in (0, 1, 5):
        batches.epoch = epoch
        batches[0]
    assert told == [0, 1, 5]
    own = Own(TRUTH)
    batches = LabeledBatches(own, NAMES).batches(SPEC)
    batches[2]
    batches.on_epoch_end()
    assert batches[0][1].tolist() == [1, 0]
    assert own.ends == 1


def test_weights_and_rows_of_labels_are_passed_on():
    rows = np.array([[0.3, 0.7], [1, 0]])
    batches = [(SOUNDS[:2].astype("float64"), rows, [1, 0.5])]
    data = LabeledBatches(batches, NAMES)
    windows, targets, weights = data.batches(SPEC)[0]
    assert windows.dtype == targets.dtype == weights.dtype == np.float32
    np.testing.assert_allclose(targets, rows[:, ::-1])
    assert weights.tolist() == [1, 0.5]
    assert data.soft
    several = LabeledBatches([(SOUNDS[:2], [[1, 1], [0, 0]])], NAMES, multi_label=True)
    assert several.batches(SPEC)[0][1].tolist() == [[1, 1], [0, 0]]
    assert not several.soft


TWO = SOUNDS[:2]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((TWO, [0, 2]), r"class numbers from 0 to 1\. Received: 2\."),
        ((TWO, [0, -1]), r"Received: -1\."),
        ((TWO, ["hum", "buzz"]), r"not among the classes: buzz.*hiss, hum"),
        ((TWO, [0.0, 1.0]), r"class numbers or names.*dtype float64, shape \(2,\)"),
        ((TWO, [0, 1, 0]), r"one entry for each waveform.*\(2, 400\).*\(3,\)"),
        ((TWO, np.zeros((2, 3))), r"a column for each of the 2 classes.*\(2, 3\)"),
        ((TWO, [[1, 1], [0, 1]]), r"add up to 1.*Received: 2\. .*multi_label=True"),
        ((TWO, [[2, -1], [0, 1]]), r"from 0 to 1\. Received: -1 to 2"),
        ((TWO, [0, 1], [[1], [1]]), r"weights must be numbers.*\(2, 1\)"),
        ((TWO[:, None], [0, 1]), r"\(batch, samples\).*\(2, 1, 400\)\. Drop axis 1"),
        ((TWO[0], np.zeros(400, int)), r"shape \(400,\)\. Make batches"),
        ((TWO[:, :300], [0, 1]), r"300 samples, 0\.0375 s at 8000 Hz.*exactly 0\.05 s"),
        (((TWO * 9e3).astype("int16"), [0, 1]), r"floats.*int16.*divide by 32768"),
        ((TWO * 9e3, [0, 1]), r"must be in \[-1, 1\]"),
        ((TWO * np.nan, [0, 1]), "must contain finite numbers"),
        ({"x": TWO, "y": [0, 1]}, r"\(waveforms, labels\).*dict of 'x', 'y'"),
        ((TWO,), r"\(waveforms, labels\).*tuple of 1 parts"),
    ],
)
def test_what_does_not_fit_is_told_with_its_batch(batch, message):
    good = (TWO, [0, 1])
    with pytest.raises(ValueError, match=f"batches, batch 1: .*{message}"):
        LabeledBatches(lambda: iter([batch]), NAMES, steps=1).batches(SPEC)
    two = LabeledBatches(lambda: iter([good, batch]), NAMES, steps=2, name="mine")
    two = two.batches(SPEC)
    with pytest.raises(ValueError, match=f"mine, batch 2: .*{message}"):
        two[1]


def test_sources_that_cannot_be_trained_on_are_refused():
    with pytest.raises(ValueError, match=r"pass its function.*Received: generator"):
        LabeledBatches((batch for batch in made()), NAMES)
    with pytest.raises(ValueError, match="Received: ndarray"):
        LabeledBatches(SOUNDS, NAMES)
    with pytest.raises(ValueError, match="it is empty"):
        LabeledBatches([], NAMES)
    with pytest.raises(ValueError, match=r"length is not known.*steps="):
        LabeledBatches(by_hand(TRUTH), NAMES)
    with pytest.raises(ValueError, match="has no batches"):
        LabeledBatches(lambda: iter([]), NAMES, steps=2).batches(SPEC)
    with pytest.raises(ValueError, match=r"44100 Hz.*8000 Hz\. Resample"):
        LabeledBatches(made(), NAMES, sample_rate=44_100).batches(SPEC)
    with pytest.raises(ValueError, match="no output for: buzz"):
        LabeledBatches(made(), ["hum", "buzz"]).batches(SPEC)

    class Short(list):
        def __len__(self):
            return 4

    short = LabeledBatches(Short(made()), NAMES).batches(SPEC)
    with pytest.raises(ValueError, match=r"ended after 3 batches, .* epoch has 4"):
        short[3]


def test_windows_have_one_length():
    spec = AudioSpec.of_any_length(8_000, 400, 200)
    loader = [(TWO[:, :300], [0, 1]), (TWO, [0, 1])]
    batches = LabeledBatches(loader, NAMES).batches(spec)
    with pytest.raises(ValueError, match=r"batch 2: .* 400 samples.*first batch 300"):
        batches[1]
