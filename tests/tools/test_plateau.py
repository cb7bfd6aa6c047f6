"""Training by plateaus: stages, the best weights, what is stopped goes on."""

import csv
from dataclasses import replace

import keras
import numpy as np
import plateau
import pytest

from kerasaudio.core import AudioModel
from kerasaudio.datasets import from_folder, split
from kerasaudio.training.state import State
from support import sound_folder
from support.tiny import tiny_model

QUICK = plateau.Plateau(stages=2, epochs=2, learning_rate=0.05)
LOSS = "sparse_categorical_crossentropy"


class StopError(Exception):
    """Raised where a process might die."""


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folder = sound_folder.make(tmp_path_factory.mktemp("plateau") / "sounds")
    return split(from_folder(folder), (0.67, 0.33))


def model():
    tiny = tiny_model()
    spec = tiny.spec.replace(labels=sound_folder.KINDS)
    return AudioModel(tiny.input, tiny.output, name="tiny", spec=spec)


def run(sides, out, settings=QUICK, **arguments):
    learner = arguments.pop("learner", None) or model()
    batches = sides[0].batches(learner, 4), sides[1].batches(learner, 4, training=False)
    arguments = {"loss": LOSS, "facts": {}, **arguments}
    return plateau.train(learner, *batches, out, settings, **arguments), learner


def test_rates_are_divided_and_the_best_weights_kept(sides, tmp_path):
    seen, kept = [], {}
    learner = model()

    def look(epoch):
        seen.append(epoch)
        kept[epoch.number] = learner.get_weights()

    out = tmp_path / "mine.keras"
    epochs, _ = run(sides, out, learner=learner, report=look)

    assert epochs == seen
    assert [epoch.stage for epoch in epochs] == [0, 0, 1, 1]
    assert [epoch.learning_rate for epoch in epochs] == pytest.approx(
        [0.05, 0.05, 0.01, 0.01]
    )
    assert epochs[-1].loss < epochs[0].loss
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    for mine, theirs in zip(
        keras.saving.load_model(out).get_weights(), kept[best.number], strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    with out.with_suffix(".epochs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == [epoch.loss for epoch in epochs]
    assert not State(out).exists


@pytest.mark.slow
def test_a_stage_ends_without_progress_and_the_next_starts_from_the_best(
    sides, tmp_path
):
    """What is learned is wrong for the validation clips: the first epoch is best."""
    learner, weights = model(), {}
    learn, choose = sides
    crossed = replace(choose, targets=(choose.targets + 1) % 3)

    def look(epoch):
        weights[epoch.number] = learner.get_weights()

    settings = plateau.Plateau(stages=2, epochs=4, learning_rate=0.05, factor=1e-9)
    epochs, _ = run(
        (learn, crossed), tmp_path / "a.keras", settings, learner=learner, report=look
    )

    assert [epoch.is_best for epoch in epochs[:3]] == [True, False, False]
    assert [epoch.stage for epoch in epochs[:4]] == [0, 0, 0, 1]
    for mine, best in zip(weights[4], weights[1], strict=True):
        np.testing.assert_allclose(mine, best, atol=1e-5)


@pytest.mark.slow
def test_a_stopped_training_ends_as_if_it_had_not(sides, tmp_path):
    def stop(epoch):
        if epoch.number == 2:
            raise StopError

    settings = replace(QUICK, epochs=3)
    straight, finished = run(sides, tmp_path / "straight.keras", settings)
    out = tmp_path / "stopped.keras"
    with pytest.raises(StopError):
        run(sides, out, settings, report=stop)
    assert not out.exists()
    with pytest.raises(ValueError, match="learning_rate"):
        run(sides, out, replace(settings, learning_rate=0.1))
    epochs, again = run(sides, out, settings)
    assert [epoch.loss for epoch in epochs] == [epoch.loss for epoch in straight]
    for mine, theirs in zip(again.get_weights(), finished.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_loss_that_is_no_number_stops_the_training(sides, tmp_path):
    learner = model()
    kernel = learner.get_layer("predictions").kernel
    kernel.assign(np.full(kernel.shape, np.nan, "float32"))
    with pytest.raises(ValueError, match="lower learning rate"):
        run(sides, tmp_path / "a.keras", learner=learner)
    assert not (tmp_path / "a.keras").exists()


def test_the_papers_rates():
    rates = [plateau.Plateau().rate(stage) for stage in range(5)]
    assert rates == pytest.approx([0.01, 0.002, 0.0004, 0.00008, 0.000016])
    optimizer = plateau.Plateau().optimizer(1)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    assert float(optimizer.learning_rate) == pytest.approx(0.002)
