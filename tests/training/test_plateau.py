"""Training by plateaus: stages, the best weights, what is stopped goes on."""

import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasaudio.core import AudioModel
from kerasaudio.datasets import from_folder, split
from kerasaudio.training import PlateauSchedule, Schedule, train
from kerasaudio.training.state import State
from support import sound_folder
from support.tiny import tiny_model

QUICK = PlateauSchedule(stages=2, epochs=2, learning_rate=0.05, batch_size=4)
TIMES = ("seconds", "waiting")  # columns that no two runs share


class StopError(Exception):
    """Raised where a process might die."""


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folder = sound_folder.make(tmp_path_factory.mktemp("plateau") / "sounds")
    return split(from_folder(folder), (0.67, 0.33))


def model(clip_samples=4_000):
    tiny = tiny_model(clip_samples)
    spec = tiny.spec.replace(labels=sound_folder.KINDS)
    return AudioModel(tiny.input, tiny.output, name="tiny", spec=spec)


def run(sides, out, schedule=QUICK, **arguments):
    learner = arguments.pop("learner", None) or model()
    done = train(learner, *sides, out, schedule=schedule, **arguments)
    return done.epochs, learner


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def crossed(sides):
    """Give what is learned wrong for the validation clips: the first epoch is best."""
    learn, choose = sides
    return learn, replace(choose, targets=(choose.targets + 1) % 3)


def test_rates_are_divided_and_the_best_weights_kept(sides, tmp_path):
    seen, kept = [], {}
    learner = model()

    def look(epoch):
        seen.append(epoch)
        kept[epoch.number] = learner.get_weights()

    out, log = tmp_path / "mine.keras", tmp_path / "mine.epochs.csv"
    epochs, _ = run(sides, out, learner=learner, report=look, log=log)

    assert list(epochs) == seen
    assert [epoch.phase for epoch in epochs] == ["stage 1"] * 2 + ["stage 2"] * 2
    assert [epoch.learning_rate for epoch in epochs] == pytest.approx(
        [0.05, 0.05, 0.01, 0.01]
    )
    assert epochs[-1].loss < epochs[0].loss
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    saved = keras.saving.load_model(out)
    assert saved.spec.metrics["validation_loss"] == best.validation_loss
    for mine, theirs in zip(saved.get_weights(), kept[best.number], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    rows = rows_of(log)
    assert [float(row["loss"]) for row in rows] == [epoch.loss for epoch in epochs]
    assert [row["phase"] for row in rows] == [epoch.phase for epoch in epochs]
    assert sorted(path.name for path in tmp_path.iterdir()) == [log.name, out.name]


@pytest.mark.slow
def test_a_stage_ends_without_progress_and_the_next_starts_from_the_best(
    sides, tmp_path
):
    learner, weights = model(), {}

    def look(epoch):
        weights[epoch.number] = learner.get_weights()

    schedule = replace(QUICK, epochs=4, factor=1e-9)
    epochs, _ = run(
        crossed(sides), tmp_path / "a.keras", schedule, learner=learner, report=look
    )

    assert [epoch.is_best for epoch in epochs[:3]] == [True, False, False]
    assert [epoch.phase for epoch in epochs[:4]] == ["stage 1"] * 3 + ["stage 2"]
    for mine, best in zip(weights[4], weights[1], strict=True):
        np.testing.assert_allclose(mine, best, atol=1e-5)


THREE = replace(QUICK, epochs=3)


@pytest.fixture(scope="module")
def straight(sides, tmp_path_factory):
    """A training that nobody stopped: its epochs, model and log."""
    folder = tmp_path_factory.mktemp("straight")
    log = folder / "a.csv"
    return *run(sides, folder / "a.keras", THREE, log=log), rows_of(log)


def check_the_same(sides, out, straight):
    epochs, again = run(sides, out, THREE, log=out.with_suffix(".csv"))
    expected, finished, rows = straight
    assert [epoch.loss for epoch in epochs] == [epoch.loss for epoch in expected]
    for mine, theirs in zip(again.get_weights(), finished.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for one, other in zip(rows_of(out.with_suffix(".csv")), rows, strict=True):
        assert one | dict.fromkeys(TIMES) == other | dict.fromkeys(TIMES)


# Within a stage, and between two.
@pytest.mark.parametrize("number", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_stopped_training_ends_as_if_it_had_not(sides, straight, tmp_path, number):
    def stop(epoch):
        if epoch.number == number:
            raise StopError

    out = tmp_path / "stopped.keras"
    with pytest.raises(StopError):
        run(sides, out, THREE, report=stop)
    assert not out.exists()
    with pytest.raises(ValueError, match="learning_rate"):
        run(sides, out, replace(THREE, learning_rate=0.1))
    with pytest.raises(ValueError, match="validation windows: None, now 2"):
        run(sides, out, THREE, validation_windows=2)
    with pytest.raises(ValueError, match="with other settings"):
        run(sides, out, Schedule(unfreeze_epochs=3))
    check_the_same(sides, out, straight)


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [3, 4])
def test_killed_before_the_state_knows_of_the_best_weights(
    sides, straight, tmp_path, monkeypatch, epoch
):
    """In the last epoch of a stage, and in the first of the next one."""
    out, learner = tmp_path / "killed.keras", model()
    weights = list(learner.variables)
    real, saved = State.save, []

    def save(self, variables, facts, best):
        saved.append(best)
        if len(saved) == epoch:
            self.save_best(weights, epoch)  # whether it is or not
            raise StopError
        real(self, variables, facts, best)

    monkeypatch.setattr(State, "save", save)
    with pytest.raises(StopError):
        run(sides, out, THREE, learner=learner, log=out.with_suffix(".csv"))
    monkeypatch.undo()
    check_the_same(sides, out, straight)


@pytest.mark.slow
def test_a_killed_process_ends_as_if_it_had_not(sides, straight, tmp_path):
    """It kills itself in the second stage, with nothing tidied up."""
    folder, out = sides[0].paths[0].parents[1], tmp_path / "killed.keras"
    command = [sys.executable, __file__, str(folder), str(out)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    killed = subprocess.run(command, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert State(out).facts()["phase"] == 1
    check_the_same(sides, out, straight)


def test_a_loss_that_is_no_number_stops_the_training(sides, tmp_path):
    learner = model()
    kernel = learner.get_layer("predictions").kernel
    kernel.assign(np.full(kernel.shape, np.nan, "float32"))
    with pytest.raises(ValueError, match=r"lower learning rate than 0\.05\."):
        run(sides, tmp_path / "a.keras", learner=learner)
    assert not (tmp_path / "a.keras").exists()


def test_the_loss_of_windows_is_that_of_keras(sides, tmp_path):
    """Windows overlap: the loss of clips, averaged over them, is another."""
    learner = model(clip_samples=2_000)
    heard = sides[1].batches(learner, 4, training=False, windows_per_clip=3)
    losses = []

    def look(epoch):
        learner.compile(loss="sparse_categorical_crossentropy")
        losses.append(learner.evaluate(heard, verbose=0))
        raise StopError

    logs = {}
    for monitor in ("window_loss", "clip_loss"):
        once = replace(QUICK, monitor=monitor)
        log = tmp_path / f"{monitor}.csv"
        learner = model(clip_samples=2_000)
        settings = {"learner": learner, "validation_windows": 3, "log": log}
        with pytest.raises(StopError):
            run(sides, tmp_path / f"{monitor}.keras", once, report=look, **settings)
        logs[monitor] = float(rows_of(log)[0]["validation_loss"])

    assert losses[0] == losses[1] == pytest.approx(logs["window_loss"], rel=2e-6)
    assert logs["clip_loss"] < logs["window_loss"] * (1 - 1e-5)


def test_a_log_of_something_else_is_kept(sides, tmp_path):
    log = tmp_path / "mine.csv"
    log.write_text("of something else")
    with pytest.raises(FileExistsError, match=r"already exists\. Use another log"):
        run(sides, tmp_path / "a.keras", log=log)
    assert log.read_text() == "of something else"


def test_what_cannot_be_followed_is_refused_before_anything_is_read(sides, tmp_path):
    out = tmp_path / "a.keras"
    with pytest.raises(ValueError, match="validation clips to end its stages"):
        run((sides[0], None), out)
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    with pytest.raises(ValueError, match="PlateauSchedule sets the learning rate"):
        run(sides, out, optimizer=keras.optimizers.SGD(rate))
    with pytest.raises(ValueError, match=r"schedule must be .*Received: Exponential"):
        run(sides, out, rate)
    with pytest.raises(ValueError, match="validation_windows must be a whole number"):
        run(sides, out, validation_windows=0)
    with pytest.raises(ValueError, match=r"must be a \.csv file.*log\.txt"):
        run(sides, out, log=tmp_path / "log.txt")
    with pytest.raises(OSError, match="nowhere"):
        run(sides, out, log=tmp_path / "nowhere" / "log.csv")
    assert not list(tmp_path.iterdir())


if __name__ == "__main__":  # the process that is killed

    def die(epoch):
        if epoch.number == 4:
            os.kill(os.getpid(), signal.SIGKILL)

    begun = Path(sys.argv[2])
    clips = split(from_folder(Path(sys.argv[1])), (0.67, 0.33))
    run(clips, begun, THREE, report=die, log=begun.with_suffix(".csv"))
