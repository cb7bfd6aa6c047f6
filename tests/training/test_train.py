"""Training: phases, the best epoch, early stopping, what is saved; and bad input."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.datasets import from_folder, split
from kerasaudio.training import Schedule, train
from kerasaudio.training.state import State

QUICK = Schedule(unfreeze_epochs=6, batch_size=4, learning_rate=3e-3)


def weights(model):
    return [np.array(w) for w in model.get_weights()]


def same(one, other):
    return [np.array_equal(a, b) for a, b in zip(one, other, strict=True)]


def test_learns_and_saves_a_model_that_tags(network, sides, folder, tmp_path):
    seen = []
    out = tmp_path / "mine.keras"

    schedule = replace(QUICK, unfreeze_epochs=15)
    done = train(network(), *sides, out, schedule=schedule, report=seen.append)

    assert done.path == out
    assert list(done.epochs) == seen
    assert [epoch.number for epoch in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].loss < seen[0].loss
    assert done.best.score >= 0.8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.keras"]
    again = keras.saving.load_model(out)
    assert again.spec.labels == ("high", "low", "noise")
    assert again.spec.metrics["validation_score"] == done.best.score
    assert again.spec.window_samples == 4_000
    assert all(layer.trainable for layer in again.layers)
    assert (
        again.tag(folder / "low" / "low0-take0.wav", top=1)[0][0] in again.spec.labels
    )


def test_a_training_is_told_in_a_line_without_its_network(network, sides, tmp_path):
    out = tmp_path / "a\x1bb.keras"
    once = replace(QUICK, unfreeze_epochs=1)
    done = train(network(), *sides, out, schedule=once)
    told = f"epochs=1, best=1, score={done.best.score:.4g}"
    assert repr(done) == f"Trained({str(out)!r}, {told})"
    assert repr(done).isprintable()
    blind = train(network(), sides[0], None, tmp_path / "blind.keras", schedule=once)
    assert repr(blind).endswith("blind.keras', epochs=1, best=1)")


def test_windows_that_were_made_longer_lie_side_by_side(network, sides, tmp_path):
    model = network().with_windows(window_seconds=0.25, hop_seconds=0.1)
    schedule = replace(QUICK, unfreeze_epochs=1)

    same = train(model, *sides, tmp_path / "same.keras", schedule=schedule)
    longer = train(
        model, *sides, tmp_path / "long.keras", schedule=schedule, clip_seconds=0.4
    )

    assert same.model.spec.hop_seconds == 0.1
    assert longer.model.spec.window_seconds == longer.model.spec.hop_seconds == 0.4


@pytest.mark.slow
def test_the_best_epoch_is_kept_not_the_last(network, sides, tmp_path):
    kept = {}
    model = network()

    def remember(epoch):
        kept[epoch.number] = weights(model)

    schedule = replace(QUICK, learning_rate=0.3, unfreeze_epochs=4)
    done = train(
        model, *sides, tmp_path / "a.keras", schedule=schedule, report=remember
    )

    assert all(same(weights(done.model), kept[done.best.number]))
    best = max(done.epochs, key=lambda epoch: (epoch.score, -epoch.validation_loss))
    assert done.best == best


def test_frozen_epochs_move_only_the_head(network, sides, tmp_path):
    model = network()
    before = {w.path: np.array(w) for w in map_weights(model)}
    seen = []

    def look(epoch):
        moved = {
            path
            for path, value in map_values(model).items()
            if not np.array_equal(value, before[path])
        }
        seen.append((epoch.phase, moved))

    schedule = replace(QUICK, freeze_epochs=1, unfreeze_epochs=1)
    train(model, *sides, tmp_path / "a.keras", schedule=schedule, report=look)

    assert [phase for phase, _ in seen] == ["frozen", "full"]
    assert {path.split("/")[0] for path in seen[0][1]} == {"predictions"}
    assert {"conv1", "dense", "frontend_bn"} <= {p.split("/")[0] for p in seen[1][1]}


def test_the_statistics_of_a_published_network_can_be_kept(network, sides, tmp_path):
    model = network()
    before = map_values(model)
    schedule = replace(QUICK, unfreeze_epochs=1, keep_statistics=True)

    train(model, *sides, tmp_path / "a.keras", schedule=schedule)

    after = map_values(model)
    kept = {path for path in before if np.array_equal(before[path], after[path])}
    assert {path for path in before if path.startswith("frontend_bn/")} <= kept
    assert not any(path.startswith(("conv1/", "predictions/")) for path in kept)


def map_weights(model):
    return [Named(w) for w in model.weights]


def map_values(model):
    return {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}


class Named:
    """A weight's path and its value now."""

    def __init__(self, weight):
        self.path = weight.path
        self._value = np.array(keras.ops.convert_to_numpy(weight))

    def __array__(self, dtype=None, copy=None):
        return self._value


@pytest.mark.slow
def test_stops_early_without_progress(network, sides, tmp_path):
    schedule = replace(QUICK, learning_rate=1e-12, patience=2, unfreeze_epochs=9)
    model = network(dropout=0.0)
    model.get_layer("frontend_bn").momentum = 1.0
    done = train(model, *sides, tmp_path / "a.keras", schedule=schedule)
    assert len(done.epochs) < 9
    assert not any(epoch.is_best for epoch in done.epochs[-2:])


@pytest.mark.slow
def test_overlapping_classes_train_with_weak_labels(sides, tmp_path):
    model = kerasaudio.SoundEventCRNN(
        labels=list(sides[0].class_names), filters=2, units=2
    )
    schedule = Schedule(unfreeze_epochs=1, batch_size=8)
    several = [replace(side, targets=side.multi_hot) for side in sides]
    done = train(model, *several, tmp_path / "a.keras", schedule=schedule)
    assert 0 <= done.best.score <= 1
    assert 0 < done.best.validation_loss < 5


def test_models_that_do_not_fit_are_refused(network, sides, tmp_path):
    out = tmp_path / "a.keras"
    with pytest.raises(ValueError, match="no top"):
        train(kerasaudio.BarkNet(include_top=False), *sides, out)
    with pytest.raises(ValueError, match="probabilities"):
        train(network(classifier_activation=None), *sides, out)
    several = [replace(side, targets=side.multi_hot) for side in sides]
    with pytest.raises(ValueError, match="softmax"):
        train(network(), *several, out)
    with pytest.raises(ValueError, match="no output"):
        train(network(labels=["a", "b", "c"]), *sides, out)
    assert not out.exists()


def test_out_is_checked_first(network, sides, tmp_path):
    with pytest.raises(ValueError, match=r"mine\.h5"):
        train(network(), *sides, tmp_path / "mine.h5")
    with pytest.raises(OSError, match="nowhere"):
        train(network(), *sides, tmp_path / "nowhere" / "mine.keras")
    (tmp_path / "mine.keras").touch()
    with pytest.raises(FileExistsError, match="overwrite"):
        train(network(), *sides, tmp_path / "mine.keras")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"freeze_epochs": -1}, "freeze_epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"patience": 0}, "patience"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"head_learning_rate": -1}, "head_learning_rate"),
        ({"seed": 2**32}, "seed"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_schedules_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Schedule(**settings)


def test_pretrained_networks_start_frozen(network):
    assert Schedule.for_model(network()).freeze_epochs == 0
    mtat = kerasaudio.MusiCNN(weights="mtat", labels=["a", "b"])
    chosen = Schedule.for_model(mtat, unfreeze_epochs=3, patience=None)
    assert (chosen.freeze_epochs, chosen.unfreeze_epochs) == (5, 3)
    assert [phase.name for phase in chosen.phases] == ["frozen", "full"]
    assert chosen.keep_statistics
    assert not Schedule.for_model(network()).keep_statistics


def test_a_class_with_one_example_is_named(tmp_path, folder):
    import shutil

    few = tmp_path / "few"
    shutil.copytree(folder, few)
    for path in sorted((few / "noise").iterdir())[1:]:
        path.unlink()
    with pytest.raises(ValueError, match="'noise' has 1 clip"):
        split(from_folder(few), (0.8, 0.2))


def test_a_loss_that_is_no_number_stops_the_training(network, sides, tmp_path):
    model = network()
    model.get_layer("predictions").kernel.assign(
        np.full(model.get_layer("predictions").kernel.shape, np.nan, "float32")
    )
    with pytest.raises(ValueError, match="lower learning rate"):
        train(model, *sides, tmp_path / "a.keras", schedule=QUICK)
    assert not State(tmp_path / "a.keras").exists
