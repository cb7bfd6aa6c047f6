"""`train` and `fit` with loaders of batches instead of clips in files."""

from dataclasses import replace

import numpy as np
import pytest

import kerasaudio
from kerasaudio.datasets import LabeledBatches
from kerasaudio.training import Augmentation, Schedule, train

QUICK = Schedule(
    unfreeze_epochs=1, batch_size=4, learning_rate=3e-3, class_weights=False
)


class StopError(Exception):
    """Raised where a process might die."""


class Epochs:
    """A loader of the batches that `train` makes of clips, in each epoch others."""

    def __init__(self, clips, model, names=None):
        self.made, self.names = clips.batches(model, 4), names

    def __len__(self):
        return len(self.made)

    def set_epoch(self, epoch):
        self.made.epoch = epoch

    def __iter__(self):
        for windows, targets in self.made:
            named = None if self.names is None else np.array(self.names)[targets]
            yield windows, targets if named is None else named


def whole(clips, model):
    """All windows of clips, as two batches."""
    windows, targets = clips.batches(model, 64, training=False)[0]
    half = len(windows) // 2
    return [(windows[:half], targets[:half]), (windows[half:], targets[half:])]


def told(epochs):
    return np.array([(e.loss, e.score, e.validation_loss) for e in epochs])


def test_the_same_batches_teach_the_same(network, sides, tmp_path):
    clips, held_out = sides
    schedule = replace(QUICK, unfreeze_epochs=2)
    usual = train(network(), *sides, tmp_path / "a.keras", schedule=schedule)
    model = network()
    loader = Epochs(clips, model, names=model.spec.labels)
    done = train(
        *(model, loader, whole(held_out, model), tmp_path / "b.keras"),
        schedule=schedule,
    )
    np.testing.assert_allclose(told(done.epochs), told(usual.epochs), rtol=1e-4)
    report = done.report
    assert report.accuracy == usual.report.accuracy
    assert report.class_names == usual.report.class_names
    np.testing.assert_array_equal(report.targets, usual.report.targets)
    assert report.paths[0].as_posix() == "list/0"
    assert "list/" in report.table() or not report.mistakes
    spec = kerasaudio.load(tmp_path / "b.keras").spec
    assert spec.window_samples == usual.model.spec.window_samples
    assert spec.metrics["validation_clips"] == len(held_out)
    assert spec.provenance[-1]["clips"] == len(clips)
    assert spec.learned_files == ()


def test_a_stopped_training_goes_on(network, sides, tmp_path):
    def die(epoch):
        raise StopError

    schedule = replace(QUICK, unfreeze_epochs=2)

    def teach(name, **how):
        model = network()
        out = tmp_path / f"{name}.keras"
        data = Epochs(sides[0], model), sides[1]  # clips choose the epoch
        return train(model, *data, out, schedule=schedule, **how)

    at_once = teach("a")
    with pytest.raises(StopError):
        teach("b", report=die)
    np.testing.assert_allclose(told(teach("b").epochs), told(at_once.epochs), rtol=1e-5)


def test_a_head_starts_from_the_probe_of_a_loader(sides, tmp_path):
    def fresh():
        return kerasaudio.LeNetMFCC(weights="fsdd", labels=sides[0].class_names)

    schedule = replace(QUICK, unfreeze_epochs=0)
    usual = train(fresh(), *sides, tmp_path / "a.keras", schedule=schedule)
    model = fresh()
    loader = Epochs(sides[0], model)
    done = train(
        *(model, loader, whole(sides[1], model), tmp_path / "b.keras"),
        schedule=schedule,
    )
    assert done.best.phase == "probe"
    np.testing.assert_allclose(told(done.epochs), told(usual.epochs), rtol=0.05)
    assert f"probe of {len(sides[0])} clips" in done.notes[0]
    one = [(x[y == 0], y[y == 0]) for x, y in loader]
    with pytest.raises(ValueError, match=r"one class only.*head=\"kept\""):
        train(fresh(), one, None, tmp_path / "c.keras", head="probe")


def test_several_classes_and_mixtures(network, sides, tmp_path):
    rng = np.random.default_rng(0)
    model = network(classifier_activation="sigmoid")
    sounds = rng.normal(0, 0.1, (8, 4_000)).astype("float32")
    several = [(sounds, rng.integers(0, 2, (8, 3)))]
    done = train(model, several, several, tmp_path / "a.keras", schedule=QUICK)
    assert type(done.report).__name__ == "TagReport"
    with pytest.raises(ValueError, match=r"add up to 1.*activation=\"sigmoid\""):
        train(network(), several, None, tmp_path / "b.keras", schedule=QUICK)
    soft = [(sounds, rng.dirichlet(np.ones(3), 8))]
    mixed = train(
        *(network(), soft, None, tmp_path / "b.keras"),
        schedule=QUICK,
        augmentation=Augmentation(mixup=0.3),
        accumulate=2,
    )
    assert np.isfinite(mixed.epochs[0].loss)


def test_what_needs_files_is_refused(network, sides, tmp_path):
    model = network()
    loader, out = Epochs(sides[0], model), tmp_path / "a.keras"
    with pytest.raises(ValueError, match=r"no share of it can be held out.*0\.2"):
        train(model, loader, 0.2, out)
    with pytest.raises(ValueError, match=r"must not have versions.*4 versions"):
        train(model, loader, None, out, augmentation=Augmentation(versions=["pitch"]))
    with pytest.raises(ValueError, match=r"silence_db is not for Epochs"):
        train(model, loader, None, out, silence_db=-50)
    with pytest.raises(
        ValueError, match=r"clips must be labeled clips.* or a loader.*ndarray"
    ):
        train(model, np.zeros((2, 3)), None, out)
    with pytest.raises(ValueError, match=r"Received: generator"):
        train(model, (batch for batch in loader), None, out)
    named = LabeledBatches(loader, ["a", "b", "c"])
    with pytest.raises(ValueError, match="no output for"):
        train(model, named, None, out)
    assert not list(tmp_path.iterdir())


def test_fit_takes_a_loader_with_names_of_classes(network, sides):
    model = network()
    names = model.spec.labels
    data = LabeledBatches(Epochs(sides[0], model, names), names)
    held_out = LabeledBatches(whole(sides[1], model), names)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    found = model.fit(data, validation_data=held_out, epochs=2, verbose=0)
    assert len(found.history["val_accuracy"]) == 2
    assert model.evaluate(held_out, verbose=0)[1] == found.history["val_accuracy"][-1]


def test_keras_own_fit_takes_loaders_with_numbers_of_classes(network, sides):
    """What docs/training.md says of Keras."""
    tf = pytest.importorskip("tensorflow")
    model = network()
    windows, targets = sides[0].batches(model, 64, training=False)[0]
    loader = tf.data.Dataset.from_tensor_slices((windows, targets)).batch(4)
    model.compile("adam", "sparse_categorical_crossentropy")
    assert np.isfinite(model.fit(loader, shuffle=False, verbose=0).history["loss"][0])
