"""`python -m benchmarks.gpu` runs on a CPU with tiny sizes; it says what is missing."""

import json

import keras
import numpy as np
import pytest

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import exact, table, worker
from benchmarks.gpu.rows import EXACT, FAST, KEYS, Row

BACKEND = keras.backend.backend()


@pytest.mark.slow
def test_quick_run_writes_both_tables(tmp_path, capfd):
    page = tmp_path / "gpu.md"
    status = command.main(
        f"--quick --only log-mel --backends {BACKEND} --write {page}".split()
    )
    text = page.read_text(encoding="utf-8")
    assert status == 0
    assert "the times mean nothing" in text
    assert f"| mel spectrogram 512/256/96 | {BACKEND} | " in text
    assert "| met (<= 1e-05) |" in text
    assert f"| log-mel 512/256/96, 1,024 x 3 s | {BACKEND} | " in text
    assert "Card: " in capfd.readouterr().out


class Played:
    """A child that answers as it is told, and hangs at the row b."""

    ended = 0
    devices = ("cpu:0", "gpu:0")

    def __init__(self, *args, **kwargs):
        pass

    def answer(self, seconds):
        return {"devices": self.devices}

    def ask(self, function, seconds):
        answers = {"a": {"figures": {"ms": 1.0}}, "c": {"trouble": "ValueError: x"}}
        return answers.get(function)

    def end(self):
        Played.ended += 1


@pytest.fixture
def played(monkeypatch):
    monkeypatch.setattr(worker, "Child", Played)
    monkeypatch.setattr(Played, "ended", 0)
    return Played


def test_without_a_gpu_nothing_is_measured(played, monkeypatch, capfd):
    monkeypatch.setattr(Played, "devices", ("cpu:0",))
    status = command.main(f"--only stft --backends {BACKEND}".split())
    out, err = capfd.readouterr()
    assert status == 2
    assert f"{BACKEND} sees no GPU |" in out
    assert "No backend sees a GPU; --quick runs on the CPU." in err
    assert Played.ended == 1


def test_references_are_what_librosa_gives():
    import librosa

    sound = np.random.default_rng(0).normal(0, 0.1, (2, 5_000))
    want = np.abs(librosa.stft(sound, n_fft=69, hop_length=30)) ** 2
    found = exact.power_spectrum(sound, 69, 30)
    np.testing.assert_allclose(found, want.swapaxes(1, 2), atol=1e-10)


def test_a_row_that_fails_or_takes_too_long_stops_no_other(played):
    rows = [Row(name, name, name, seconds=5) for name in ("a", "b", "c")]
    rows.append(Row("d", "d", "d", needs="no_such_module"))
    found = list(worker.measure(BACKEND, rows, worker.Deadline(60), quick=False))
    assert [result for _, result in found] == [
        {"figures": {"ms": 1.0}},
        {"trouble": "took more than 5 s"},
        {"trouble": "ValueError: x"},
        {"trouble": "no_such_module is not installed"},
    ]
    assert played.ended == 2
    late = list(worker.measure(BACKEND, rows[:1], worker.Deadline(0), quick=False))
    assert late[0][1] == {"trouble": "no time left"}


def test_targets_are_judged():
    (row,) = [row for row in FAST if row.function == "fast:mn04_from_numpy"]
    figures = {"ms": 30.0, "copy + device ms": 15.0, "ratio": 2.0}
    text = table.fast([("jax", row, {"figures": figures})])
    assert "| 30.00 | copy + device ms 15.00, ratio 2.00 | **missed** (ratio" in text
    assert "| 39 |" in text
    text = table.exact([("jax", EXACT[0], {"figures": {"exact": 2e-5, "backend": 1}})])
    assert "| 2.0e-05 | 1.0e+00 | **missed** (<= 1e-05) |" in text
    text = table.fast([("jax", row, {"trouble": "jax sees no GPU"})])
    assert ": jax sees no GPU |" in text
    assert "not measured on 20" in text


def test_each_row_has_its_function():
    import importlib

    for row in (*EXACT, *FAST):
        module, function = row.function.split(":")
        made = importlib.import_module(f"benchmarks.gpu.{module}")
        assert callable(getattr(made, function)), row
        json.dumps(row.key)
    assert {"log-mel", "mn04", "samplecnn", "training", "ast", "first"} <= set(KEYS)
