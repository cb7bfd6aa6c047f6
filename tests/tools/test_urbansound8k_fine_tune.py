"""The recipe beside "Hear and See": its choice, and a run with a tiny network."""

import json

import esc10_fine_tune
import numpy as np
import pytest
import urbansound8k_fine_tune

from support.tiny import tiny_factory


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    for name in urbansound8k_fine_tune.NETWORKS:
        monkeypatch.setattr(urbansound8k_fine_tune.kerasaudio, name, tiny_factory)
    monkeypatch.setattr(esc10_fine_tune, "EfficientAT", tiny_factory)
    monkeypatch.setattr(esc10_fine_tune, "HEAD_EPOCHS", 1)
    monkeypatch.setattr(urbansound8k_fine_tune, "CS", (0.01, 1.0))


def test_the_choice_is_the_least_mean_loss():
    parts = [
        {"head": 2.0, "0.1": [1.0, 0.5], "0.2": [0.4, 3.0]},
        {"head": 1.0, "0.1": [2.0, 0.7], "0.2": [0.6, 0.0]},
    ]
    found = urbansound8k_fine_tune.choose(parts, [0.1, 0.2])
    assert (found["rate"], found["epochs"]) == (0.2, 1)
    assert (found["loss"], found["loss_of_head"]) == (0.5, 1.5)


@pytest.mark.slow
def test_a_run_chooses_without_the_tested_fold_and_is_not_done_twice(
    city, tmp_path, monkeypatch
):
    tested = []
    scored = urbansound8k_fine_tune.cross_entropy

    def watched(model, clips):
        tested.extend(clips.folds.tolist())
        return scored(model, clips)

    monkeypatch.setattr(urbansound8k_fine_tune, "cross_entropy", watched)
    out = tmp_path / "deep" / "out"
    command = [str(city), "--out", str(out), "--epochs", "1", "--rates", "0.001"]
    command += ["--seeds", "0", "5", "--weights", "tiny"]
    urbansound8k_fine_tune.main(command)

    assert set(tested) == {1, 2}
    result = json.loads((out / "result.json").read_text())
    found = result["found"]
    assert set(found) == {"probe", "seed-0", "seed-5"}
    assert found["seed-0"]["head"] == found["seed-5"]["head"]
    for facts in (found["seed-0"]["whole"], found["probe"]["YAMNet"]):
        assert np.sum(facts["confusion"]) == 4
        right = np.trace(facts["confusion"]) / 4
        assert facts["accuracy"] == pytest.approx(right)
    page = (out / "result.md").read_text()
    assert "| EfficientAT, whole (0.001, 1 epochs) | " in page
    assert " ± " in page
    assert "| YAMNet, probe (C = " in page

    made = {path: path.stat().st_mtime_ns for path in out.glob("*-*.json")}
    assert len(made) == 4
    urbansound8k_fine_tune.main(command)
    assert {path: path.stat().st_mtime_ns for path in out.glob("*-*.json")} == made
    given = tmp_path / "given"
    urbansound8k_fine_tune.main([*command, "--as-given", "--out", str(given)])
    assert not list(given.glob("without-*.json"))
    assert (
        json.loads((given / "seed-0.json").read_text())["whole"]
        == (found["seed-0"]["whole"])
    )
    assert "1 epochs) | not used | 2 | " in (given / "result.md").read_text()
    with pytest.raises(ValueError, match="was made with other settings"):
        urbansound8k_fine_tune.main([*command, "--epochs", "2"])


def test_one_fold_is_too_few(streets, tmp_path):
    folder = streets("one", (0.5,), folds=(1, 10))
    with pytest.raises(ValueError, match=r"two folds besides 10.*Received: \[1\]"):
        urbansound8k_fine_tune.main([str(folder), "--out", str(tmp_path / "out")])
