"""The probe with AudioSet's classes of the same names: its choice, and its run."""

import dataclasses
import json

import numpy as np
import pytest
import urbansound8k_fine_tune
import urbansound8k_named

from kerasaudio.datasets import UrbanSound8K
from support.tiny import tiny_factory


@pytest.fixture
def parts(monkeypatch, city):
    """Give clips of three folds; "told" says their class, "noise" nothing."""
    clips = UrbanSound8K(city)
    clips = clips.take(np.full(len(clips), True))
    rng = np.random.default_rng(0)
    told = np.eye(2)[clips.targets]
    noise = rng.normal(size=(len(clips), 30))
    monkeypatch.setattr(urbansound8k_named, "CS", (0.3, 3.0))
    monkeypatch.setattr(urbansound8k_named, "CANDIDATES", (("noise",), ("told",)))
    return {"told": told, "noise": noise}, clips


def test_the_tested_fold_has_no_say_in_the_choice(parts):
    vectors, clips = parts
    tried = urbansound8k_named.explore(vectors, clips, [1, 2])
    best = min(tried, key=lambda one: one["loss"])
    assert best["parts"] == ["told"]
    assert best["accuracy_of_folds"] == 1

    unheard = clips.require_folds() == 10
    other = np.where(unheard, 1 - clips.targets, clips.targets)
    changed = {name: np.where(unheard[:, None], 9.0, x) for name, x in vectors.items()}
    again = dataclasses.replace(clips, targets=other)
    assert urbansound8k_named.explore(changed, again, [1, 2]) == tried


def test_parts_of_any_width_and_scale_weigh_the_same():
    rng = np.random.default_rng(0)
    heard = np.arange(60) < 50
    for width, scale in ((3, 1e-3), (300, 50.0)):
        part = rng.normal(7, scale, (60, width))
        alike = urbansound8k_named._alike(part, heard)
        assert alike[heard].var(axis=0).sum() == pytest.approx(1, rel=1e-4)


@pytest.mark.slow
def test_a_run_tests_the_chosen_probe_once_and_is_not_done_twice(
    city, tmp_path, monkeypatch
):
    for name in urbansound8k_named.NETWORKS:
        monkeypatch.setattr(urbansound8k_fine_tune.kerasaudio, name, tiny_factory)
    monkeypatch.setattr(urbansound8k_named, "EfficientAT", tiny_factory)
    monkeypatch.setattr(urbansound8k_named, "label_list", lambda name: ("a", "b", "c"))
    named = dict.fromkeys(urbansound8k_named.NAMED, ("a", "c"))
    monkeypatch.setattr(urbansound8k_named, "NAMED", named)
    out = tmp_path / "deep" / "out"
    command = [str(city), "--out", str(out), "--weights", "tiny"]
    urbansound8k_named.main(command)

    result = json.loads((out / "named-result.json").read_text())
    chosen = result["found"]["chosen"]
    assert chosen["loss"] == min(one["loss"] for one in result["found"]["tried"])
    assert np.sum(chosen["confusion"]) == 4
    assert chosen["accuracy"] == np.trace(chosen["confusion"]) / 4
    assert f"C = {chosen['C']:g}. Tested: accuracy " in (
        (out / "named-result.md").read_text()
    )
    scores = np.load(out / "EfficientAT-scores.npy")
    assert scores.shape == (12, 3)

    made = (out / "named.json").stat().st_mtime_ns
    urbansound8k_named.main(command)
    assert (out / "named.json").stat().st_mtime_ns == made
    with pytest.raises(ValueError, match="was made with other settings"):
        urbansound8k_named.main([*command, "--test", "2"])


def test_one_fold_is_too_few(streets, tmp_path):
    folder = streets("one", (0.5,), folds=(1, 10))
    with pytest.raises(ValueError, match=r"two folds besides 10.*Received: \[1\]"):
        urbansound8k_named.main([str(folder), "--out", str(tmp_path / "out")])
