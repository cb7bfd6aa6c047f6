"""The FSDD experiment: its parts on tones, and a short training on the real clips."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "train" / "fsdd_speakers.py"
RATE = 8000


@pytest.fixture(scope="module")
def experiment():
    spec = importlib.util.spec_from_file_location("fsdd_speakers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(hums):
    """Two takes of each side of the official split."""
    return hums(takes=(0, 1, 5, 6))


def test_clips_have_one_level_and_length(experiment, folder):
    data = experiment.FSDD(folder, label="speaker")
    looped = experiment.load(data, (0.5,))
    assert set(looped) == {1.0, 0.5}
    for rows in looped.values():
        assert rows.shape == (32, RATE)
        assert np.sqrt(np.mean(rows**2, axis=1)) == pytest.approx(0.05, rel=0.1)
    clip, slow = looped[1.0][0], looped[0.5][0]
    peak, slow_peak = (np.abs(np.fft.rfft(x)).argmax() for x in (clip, slow))
    assert slow_peak == pytest.approx(peak / 2, rel=0.05)


def test_each_speed_makes_speakers_of_its_own(experiment, folder):
    data = experiment.FSDD(folder, label="speaker")
    looped = experiment.load(data, (0.5, 2.0))
    options = experiment.parser().parse_args([str(folder), "--clips-per-class", "2"])
    split = next(experiment.splits(data))
    clips, labels = experiment.batches(data, looped, split, options)[0]
    assert clips.shape == (3 * 4 * 2, experiment.CROP)
    assert len(np.unique(labels)) == 12


@pytest.mark.parametrize(
    "loss", ["nt-xent", pytest.param("contrastive", marks=pytest.mark.slow)]
)
def test_a_run_writes_its_figures(experiment, folder, tmp_path, loss, monkeypatch):
    monkeypatch.setattr(experiment, "SPEEDS", ())
    out = tmp_path / "deep" / "results.json"
    arguments = "--epochs 1 --batches 2 --protocol clips --clips-per-class 2 --seed 3"
    command = [str(folder), "--out", str(out), "--loss", loss, *arguments.split()]
    pytest.importorskip("matplotlib")
    command += ["--pictures", str(tmp_path)]
    assert experiment.main(command) == 0
    assert (tmp_path / "fsdd-roc-takes-0-4.png").stat().st_size > 10_000
    report = json.loads(out.read_text())
    assert report["settings"]["seed"] == 3
    (result,) = report["results"]
    assert (result["train_clips"], result["test_clips"]) == (16, 16)
    for figure in result["figures"].values():
        assert figure["pairs"] == 120
        assert 0 <= figure["equal_error_rate"] <= 1
        assert figure["roc"]["true_positive_rate"][-1] == 1


@pytest.mark.slow
@pytest.mark.shared
def test_a_short_training_tells_speakers_apart(experiment, shared):
    folder = shared / "data" / "fsdd"
    data = experiment.FSDD(folder, label="speaker")
    looped = experiment.load(data, ())
    arguments = ["--epochs", "2", "--batches", "30", "--clips-per-class", "6"]
    options = experiment.parser().parse_args([str(folder), *arguments])
    split = next(experiment.splits(data))
    figures = experiment.measure(data, looped, split, options)["figures"]
    rate = {name: figure["equal_error_rate"] for name, figure in figures.items()}
    assert rate["trained projection"] < 0.12
    assert rate["untrained projection"] > 0.25
    assert rate["mean MFCC"] > 0.25
    nearest = figures["trained projection"]["nearest_neighbor_accuracy"]
    assert nearest > 0.95
