"""Training on several devices: as on one, with the same batches."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasaudio.datasets import from_folder
from kerasaudio.training import train
from kerasaudio.training.devices import parallel
from kerasaudio.training.devices.filling import FilledBatches
from kerasaudio.training.devices.parallel import Parallel, available
from kerasaudio.training.state import State
from support import on_devices
from support.tiny import tiny_model

EPOCHS = 17  # of 3 steps: batches of 7, 7 and 4 clips, which two devices cannot divide
BACKEND = keras.backend.backend()


def trained(folder, out, **settings):
    """Return what came of a training in this process."""
    on_devices.main(folder, out, {"epochs": EPOCHS} | settings)
    return json.loads(out.read_text()) if out.exists() else None


def trained_on(devices, folder, out, monkeypatch, **settings):
    """Return what came of a training on a number of simulated devices."""
    settings |= {"devices": devices}
    if BACKEND == "torch":  # which starts a process for each further device
        monkeypatch.setenv("KERASAUDIO_TORCH_CPUS", str(devices))
        return trained(folder, out, **settings)
    flag = f"--xla_force_host_platform_device_count={devices}"
    environment = {"XLA_FLAGS": flag, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = json.dumps({"epochs": EPOCHS, "there": devices} | settings)
    done = subprocess.run(
        [sys.executable, "-m", "support.on_devices", str(folder), str(out), told],
        capture_output=True,
        text=True,
        env=os.environ | environment | {"KERAS_BACKEND": BACKEND},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(out.read_text()) if out.exists() else None


@pytest.fixture(scope="module")
def on_one(folder, tmp_path_factory):
    return trained(folder, tmp_path_factory.mktemp("one") / "one.json")


def assert_alike(found, wanted):
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, err_msg=name)


def test_two_devices_go_on_as_one(folder, on_one, tmp_path, monkeypatch):
    out = tmp_path / "two.json"
    assert trained(folder, out, stop=2) is None  # on one device
    assert State(out.with_suffix(".keras")).exists

    found = trained_on(2, folder, out, monkeypatch)

    assert len(found["losses"]) == EPOCHS
    assert_alike(found, on_one)


@pytest.mark.slow
def test_four_devices_learn_as_one_which_goes_on(folder, tmp_path, monkeypatch):
    settings = {"batch_size": 6}  # all batches have the same shape: TensorFlow is slow
    on_one = trained(folder, tmp_path / "one.json", **settings)
    out = tmp_path / "four.json"
    assert trained_on(4, folder, out, monkeypatch, stop=14, **settings) is None
    assert_alike(trained(folder, out, **settings), on_one)


@pytest.mark.slow
def test_all_settings_go_together(folder, tmp_path, monkeypatch):
    parts = 1 if BACKEND == "tensorflow" else 2
    found = trained_on(
        *(2, folder, tmp_path / "both.json", monkeypatch),
        **{"epochs": 4, "freeze_epochs": 1, "batch_size": 3, "accumulate": parts},
        **{"precision": "mixed_float16", "dropout": 0.2, "mixup": 0.3},
        metrics=["accuracy"],
    )
    assert len(found["losses"]) == 5
    assert found["losses"][-1] < found["losses"][1]


def test_devices_that_are_not_there_are_refused(folder, tmp_path):
    clips, wanted = from_folder(folder), len(available()) + 3
    message = rf"devices={wanted} was asked for, but {BACKEND} has {wanted - 3} \("
    with pytest.raises(ValueError, match=message):
        train(tiny_model(), clips, None, tmp_path / "a.keras", devices=wanted)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the others can")
def test_tensorflow_accumulates_on_one_device_only(monkeypatch):
    monkeypatch.setattr(parallel, "available", lambda: ("CPU:0", "CPU:1"))
    with pytest.raises(ValueError, match="Received: accumulate=3 and 2 devices"):
        Parallel.asked("all", None, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"devices": 0}, "devices must be a whole number, 1 or more"),
        ({"devices": "two"}, 'devices must be "all", a number'),
        ({"devices": True}, 'devices must be "all", a number'),
        ({"devices": 1.5}, "devices must be a whole number"),
        ({"precision": "float8"}, "precision must be one of"),
        ({"accumulate": 0}, "accumulate must be a whole number"),
        (
            {"accumulate": 2, "optimizer": keras.optimizers.SGD(
                0.1, gradient_accumulation_steps=2)},
            r"Received: accumulate=2 and SGD\(gradient_accumulation_steps=2\)",
        ),
    ],
)  # fmt: skip
def test_bad_settings_are_refused(folder, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        train(tiny_model(), from_folder(folder), None, tmp_path / "a.keras", **settings)
    assert not list(tmp_path.iterdir())


def test_all_is_one_device_where_there_is_one():
    there = available()
    assert Parallel.asked("all", None, 1).devices == there
    assert Parallel.asked(1, None, 1).is_plain
    assert not Parallel.asked(1, "float32", 1).is_plain


class Rows(keras.utils.PyDataset):
    """Batches of numbers."""

    epoch = 0

    def __init__(self, batches):
        super().__init__()
        self._batches = batches

    def __len__(self):
        return len(self._batches)

    def __getitem__(self, index):
        rows = self._batches[index]
        return rows, 10 * rows


@pytest.mark.parametrize("devices", [1, 2, 4])
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_filled_batches_have_each_row_once_with_its_weight(devices, parts):
    batches = [np.arange(7.0), np.arange(7.0, 9.0)]
    rows = Rows(batches)
    filled = FilledBatches(rows, rows, devices, parts)
    assert len(filled) == 2 * parts
    for number, batch in enumerate(batches):
        each = [filled[number * parts + part] for part in range(parts)]
        real, mean = [], 0.0
        for (x, marks), y, weights in each:
            assert len(x) == len(marks) == len(y) == len(weights)
            assert len(x) % devices == 0
            np.testing.assert_array_equal(y, 10 * x)
            np.testing.assert_array_equal(weights > 0, marks > 0)
            real += x[marks > 0].tolist()
            mean += (weights * x).mean() / parts
        assert real == batch.tolist()
        assert mean == pytest.approx(batch.mean())


def test_accumulated_gradients_are_those_of_the_larger_batch(folder, tmp_path):
    settings = {"epochs": 6, "normalized": False}
    large = trained(folder, tmp_path / "large.json", batch_size=8, **settings)
    small = trained(
        folder, tmp_path / "small.json", batch_size=2, accumulate=4, **settings
    )
    assert_alike(small, large)
