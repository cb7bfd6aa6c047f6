"""Labels that are unknown: the loss and the training leave them out."""

import warnings
from dataclasses import replace

import keras
import numpy as np
import pytest

from kerasaudio.datasets import from_folder
from kerasaudio.training import (
    Augmentation,
    MaskedBinaryCrossentropy,
    Schedule,
    train,
)
from kerasaudio.training.head import Head

SCHEDULE = Schedule(unfreeze_epochs=2, batch_size=4, class_weights=False)


@pytest.fixture
def partly(folder):
    """Clips of which only every other label is known."""
    clips = from_folder(folder)
    hot = clips.multi_hot.astype(bool)
    known = np.indices(hot.shape).sum(axis=0) % 2 == 0
    return replace(clips, targets=hot & known, known=known)


def test_known_labels_have_the_loss_of_keras_and_others_none():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, (5, 4)).astype("float32")
    scores = rng.uniform(0, 1, (5, 4)).astype("float32")
    scores[0, 0] = 0
    loss, each = MaskedBinaryCrossentropy(), keras.losses.binary_crossentropy
    plain = keras.losses.BinaryCrossentropy()
    assert float(loss(targets, scores)) == pytest.approx(float(plain(targets, scores)))

    hidden = rng.uniform(size=targets.shape) < 0.5
    parts = each(targets[..., None], scores[..., None])
    parts = keras.ops.convert_to_numpy(parts)
    some = np.where(hidden, np.nan, targets).astype("float32")
    wanted = np.where(hidden, 0, parts).mean()
    assert float(loss(some, scores)) == pytest.approx(wanted, rel=1e-5)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(some, scores)) == pytest.approx(wanted, rel=1e-5)


def test_unknown_labels_teach_nothing(network, partly, tmp_path):
    model = network(classifier_activation="sigmoid", dropout=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # nothing warns of them
        done = train(model, partly, partly, tmp_path / "a.keras", schedule=SCHEDULE)
    assert 0 < done.best.validation_loss < 2
    assert 0 <= done.best.score <= 1
    # A class that no clip is asked about keeps the weights of its output.
    never = partly.known & (np.arange(3) != 1)
    blind = replace(partly, known=never, targets=partly.targets & never, partial=True)
    model = network(classifier_activation="sigmoid", dropout=0.0)
    kernel = model.get_layer("predictions").kernel
    before = np.array(keras.ops.convert_to_numpy(kernel))
    train(model, blind, None, tmp_path / "blind.keras", schedule=SCHEDULE)
    moved = np.abs(keras.ops.convert_to_numpy(kernel) - before).max(axis=0) > 0
    assert moved.tolist() == [True, False, True]


def test_mixtures_are_known_where_both_are(network, partly, tmp_path):
    mixed = Augmentation(mixup=0.4)
    model = network(classifier_activation="sigmoid")
    out = tmp_path / "a.keras"
    done = train(model, partly, None, out, schedule=SCHEDULE, augmentation=mixed)
    assert np.isfinite([epoch.loss for epoch in done.epochs]).all()


def test_other_losses_count_them_as_absent(network, partly, tmp_path):
    model = network(classifier_activation="sigmoid")
    with pytest.warns(UserWarning, match="50% of the labels are unknown"):
        train(
            *(model, partly, None, tmp_path / "a.keras"),
            schedule=SCHEDULE,
            loss="binary_crossentropy",
        )


def test_scores_leave_them_out(network, partly):
    head = Head(network(classifier_activation="sigmoid"), partly)
    targets = np.array([[1, np.nan, 0], [np.nan, 0, 1]])
    outputs = np.array([[0.6, 1.0, 0.2], [1.0, 0.7, 0.5]])
    assert head.score(targets, outputs) == 0.5  # 0.7 is not one of the two
    wanted = -np.log([0.6, 0.8, 0.3, 0.5]).mean()
    assert head.cross_entropy(targets, outputs) == pytest.approx(wanted)
    assert np.isnan(head.targets(partly)).mean() == 0.5


def test_batches_tell_them_as_they_are_asked(network, partly):
    model = network(classifier_activation="sigmoid")
    batches = partly.batches(model, 18, unknown="nan")
    assert np.isnan(batches[0][1]).sum() == 27
    with pytest.raises(ValueError, match=r"unknown must be one of .* Received: 0\."):
        partly.batches(model, 4, unknown=0)
