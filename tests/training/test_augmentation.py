"""Training with augmentation, with a falling learning rate, and without validation."""

import math
from dataclasses import replace

import keras
import numpy as np
import pytest

from kerasaudio import layers
from kerasaudio.training import Augmentation, Schedule, train
from kerasaudio.training.augmentation import MixedBatches
from kerasaudio.training.state import State

QUICK = Schedule(unfreeze_epochs=2, batch_size=4, learning_rate=3e-3, cosine_decay=True)


class StopError(Exception):
    """Raised where a process might die."""


def changes(volume=6, mixup=0.5, seed=1):
    return Augmentation(
        waveform=[layers.Volume((-volume, volume), seed=seed)], mixup=mixup
    )


def run(network, sides, out, validated=False, **settings):
    held_out = sides[1] if validated else None
    settings = {"schedule": QUICK, "augmentation": changes()} | settings
    return train(network(), sides[0], held_out, out, **settings)


def test_a_stopped_training_ends_as_if_it_had_not(network, sides, tmp_path):
    straight = run(network, sides, tmp_path / "a.keras")

    def stop(epoch):
        raise StopError

    with pytest.raises(StopError):
        run(network, sides, tmp_path / "b.keras", report=stop)
    done = run(network, sides, tmp_path / "b.keras")

    assert [epoch.number for epoch in done.epochs] == [1, 2]
    for one, other in zip(done.epochs, straight.epochs, strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
    for one, other in zip(
        done.model.get_weights(), straight.model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_without_validation_the_last_epoch_is_kept(network, sides, tmp_path):
    kept = []
    model = network()
    done = train(
        model,
        sides[0],
        None,
        tmp_path / "a.keras",
        schedule=QUICK,
        report=lambda epoch: kept.append(model.get_weights()),
    )
    assert done.best.number == 2
    assert all(epoch.is_best and math.isnan(epoch.score) for epoch in done.epochs)
    for one, other in zip(done.model.get_weights(), kept[-1], strict=True):
        np.testing.assert_array_equal(one, other)
    again = keras.saving.load_model(tmp_path / "a.keras")
    assert again.spec.metrics == {"dataset": sides[0].name}


def test_the_learning_rate_falls_to_zero(network, sides, tmp_path):
    model, rates = network(), []

    def look(epoch):
        rates.append(float(np.asarray(model.optimizer.learning_rate)))

    train(model, *sides, tmp_path / "a.keras", schedule=QUICK, report=look)
    np.testing.assert_allclose(rates, [1.5e-3, 0], atol=1e-6)


def test_other_augmentation_is_another_training(network, sides, tmp_path):
    out = tmp_path / "a.keras"

    def stop(epoch):
        raise StopError

    with pytest.raises(StopError):
        run(network, sides, out, report=stop)
    for other in (changes(volume=7), changes(mixup=0.4), changes(seed=2), None):
        with pytest.raises(ValueError, match=r"other settings.*augmentation"):
            run(network, sides, out, augmentation=other)
    with pytest.raises(ValueError, match="validation clips"):
        run(network, sides, out, validated=True)
    assert State(out).exists


def test_settings_are_kept_by_what_they_are():
    one, other = changes().to_dict(), changes().to_dict()
    assert one == other  # though the layers have other names
    noises = [np.hanning(2_000)]
    long = Augmentation([layers.Noise(noises=noises, seed=1)]).to_dict()
    again = Augmentation([layers.Noise(noises=noises, seed=1)]).to_dict()
    softer = Augmentation([layers.Noise(noises=[noises[0] / 2], seed=1)]).to_dict()
    assert long == again != softer
    assert len(str(long)) < 300


def test_mixup_mixes_windows_targets_and_weights(network, sides):
    batches = sides[0].batches(network(), 6, one_hot=True, class_weights=True, seed=3)
    mixed = MixedBatches(batches, 1.0, seed=3)
    assert len(mixed) == len(batches)
    x, y, weight = batches[0]
    got_x, got_y, got_weight = mixed[0]
    for one, other in zip(mixed[0], mixed[0], strict=True):
        np.testing.assert_array_equal(one, other)
    # What each is made of follows from the windows alone.
    shares = np.linalg.lstsq(x.T, got_x.T, rcond=None)[0].T
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-4)
    assert (np.diag(shares) >= 0.5 - 1e-4).all()
    assert np.diag(shares).min() < 0.95
    np.testing.assert_allclose(got_y, shares @ y, atol=1e-4)
    np.testing.assert_allclose(got_weight, shares @ weight, atol=1e-4)
    mixed.on_epoch_end()
    assert batches.epoch == 1
    assert not np.array_equal(mixed[0][0], got_x)


def test_mixup_trains_overlapping_classes_too(network, sides, tmp_path):
    learn = replace(sides[0], targets=sides[0].multi_hot)

    def make():
        return network(classifier_activation="sigmoid")

    done = run(make, (learn, None), tmp_path / "a.keras")
    assert np.isfinite([epoch.loss for epoch in done.epochs]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mixup": 0}, "mixup must be a number above 0"),
        ({"mixup": float("nan")}, "mixup must be"),
        ({"waveform": layers.Volume()}, "`waveform` must be a list of layers"),
        ({"features": [1]}, "`features` must be a list of layers"),
    ],
)
def test_bad_input(settings, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**settings)
