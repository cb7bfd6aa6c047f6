"""Trainings that were stopped: they go on where they were, and end the same."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.files.workplace import BusyError, workplace
from kerasaudio.training import Schedule, train
from kerasaudio.training.state import State
from support import sound_folder

SCHEDULE = Schedule(
    freeze_epochs=2, unfreeze_epochs=3, batch_size=4, learning_rate=1e-3, patience=9
)


class StopError(Exception):
    """Raised where a process might die."""


def stop_after(number):
    def report(epoch):
        if epoch.number == number:
            raise StopError

    return report


def run(network, sides, out, **settings):
    return train(network(), *sides, out, schedule=SCHEDULE, **settings)


def make():
    keras.utils.set_random_seed(1)
    return kerasaudio.LeNetMFCC(
        labels=list(sound_folder.KINDS),
        sample_rate=sound_folder.RATE,
        filters=4,
        dropout=0.1,
    )


@pytest.fixture(scope="module")
def straight(sides, tmp_path_factory):
    """A training that nobody stopped."""
    return run(make, sides, tmp_path_factory.mktemp("straight") / "a.keras")


@pytest.fixture(scope="module")
def folder_left(sides, tmp_path_factory):
    """What a training leaves that was stopped after its first epoch."""
    out = tmp_path_factory.mktemp("stopped") / "mine.keras"
    with pytest.raises(StopError):
        run(make, sides, out, report=stop_after(1))
    return State(out).folder


@pytest.fixture
def stopped(folder_left, tmp_path):
    shutil.copytree(folder_left, tmp_path / folder_left.name)
    return tmp_path / "mine.keras"


@pytest.mark.parametrize(
    "epoch",
    [
        pytest.param(1, marks=pytest.mark.slow),
        2,
        pytest.param(4, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_training_ends_as_if_it_had_not(
    network, sides, straight, tmp_path, epoch
):
    out = tmp_path / "mine.keras"
    with pytest.raises(StopError):
        run(network, sides, out, report=stop_after(epoch))
    assert not out.exists()
    assert State(out).exists
    seen = []

    done = run(network, sides, out, report=seen.append)

    assert [e.number for e in seen] == list(range(epoch + 1, 6))
    for one, other in zip(done.epochs, straight.epochs, strict=True):
        assert (one.number, one.phase) == (other.number, other.phase)
        assert one.loss == pytest.approx(other.loss, rel=1e-4)
    for one, other in zip(
        done.model.get_weights(), straight.model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert not State(out).folder.exists()


def test_killed_between_the_best_weights_and_the_state(
    network, sides, straight, tmp_path, monkeypatch
):
    """In the first epoch of the whole network, which begins with the best weights."""
    out = tmp_path / "mine.keras"
    model = network()
    weights = list(model.variables)  # in the order that they are kept in
    real, saved = State.save, []

    def save(self, variables, facts, best):
        saved.append(best)
        if len(saved) == 3:
            self.save_best(weights, 3)  # whether it is or not
            raise StopError
        real(self, variables, facts, best)

    monkeypatch.setattr(State, "save", save)
    with pytest.raises(StopError):
        run(lambda: model, sides, out)
    monkeypatch.undo()

    done = run(network, sides, out)

    for one, other in zip(
        done.model.get_weights(), straight.model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_what_a_killed_training_left_is_removed(network, sides, stopped):
    litter = stopped.parent / ".kerasaudio-0123456789abcdef"
    litter.mkdir()
    (litter / "mine.keras").write_bytes(b"half")
    (State(stopped).folder / "best-7.npz").write_bytes(b"of an epoch not finished")

    run(network, sides, stopped)

    assert [path.name for path in stopped.parent.iterdir()] == ["mine.keras"]


def test_a_damaged_state_is_named_and_kept(network, sides, stopped):
    file = State(stopped).folder / "state.npz"
    whole = file.read_bytes()

    for damage in (whole[: len(whole) // 2], b"", whole[:300] + b"x" + whole[301:]):
        file.write_bytes(damage)
        with pytest.raises(ValueError, match=r"damaged.*restart=True"):
            run(network, sides, stopped)
        assert file.read_bytes() == damage


def test_a_damaged_state_can_be_left(network, sides, stopped):
    (State(stopped).folder / "state.npz").write_bytes(b"")
    seen = []

    def report(epoch):
        seen.append(epoch.number)
        raise StopError

    with pytest.raises(StopError):
        run(network, sides, stopped, restart=True, report=report)
    assert seen == [1]
    assert State(stopped).facts()["done"] == 1


def test_a_state_of_another_network_is_refused(sides, stopped):
    smaller = kerasaudio.BarkNet(filters=2, clip_samples=512)
    with pytest.raises(ValueError, match="another network"):
        State(stopped).load(smaller.variables)


def test_another_training_does_not_go_on(network, sides, stopped):
    other = replace(SCHEDULE, seed=7)
    with pytest.raises(ValueError, match="seed: 0, now 7"):
        train(network(), *sides, stopped, schedule=other)
    with pytest.raises(ValueError, match="arguments"):
        train(network(filters=5), *sides, stopped, schedule=SCHEDULE)
    with pytest.raises(ValueError, match="training clips"):
        train(network(), sides[1], sides[0], stopped, schedule=SCHEDULE)


def test_two_trainings_do_not_share_a_file(network, sides, tmp_path):
    out = tmp_path / "mine.keras"
    with (
        workplace(tmp_path, only="mine.keras"),
        pytest.raises(BusyError, match=rf"another process \(pid {os.getpid()}\)"),
    ):
        run(network, sides, out)


@pytest.mark.slow
def test_a_full_disk_keeps_the_last_state(network, sides, tmp_path, monkeypatch):
    out = tmp_path / "mine.keras"
    real, calls = np.savez, []

    def savez(file, **arrays):
        calls.append(file)
        if len(calls) > 3:
            file.write(b"half")
            raise OSError(28, "No space left on device")
        real(file, **arrays)

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(OSError, match="No space left"):
        run(network, sides, out)
    monkeypatch.setattr(np, "savez", real)
    assert State(out).exists
    assert not list(State(out).folder.glob(".*"))
    assert len(run(network, sides, out).epochs) == 5


@pytest.mark.slow
def test_a_killed_process_goes_on(folder, tmp_path):
    out = tmp_path / "mine.keras"
    command = [sys.executable, "-m", "kerasaudio.cli", "train", str(folder)]
    command += ["--model", "LeNetMFCC", "--weights", "none", "--out", str(out)]
    command += ["--unfreeze-epochs", "12", "--batch-size", "2", "--patience", "20"]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not State(out).exists and time.monotonic() < deadline:
        assert killed.poll() is None
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not out.exists()
    done = State(out).facts()["done"]
    assert 1 <= done < 12

    again = subprocess.run(command, capture_output=True, text=True, check=True)

    lines = [line for line in again.stdout.splitlines() if line.startswith("epoch ")]
    assert len(lines) == 12 - done
    assert f"epoch {done + 1:2d}" in lines[0]
    model = keras.saving.load_model(out)
    assert model.spec.labels == ("high", "low", "noise")
