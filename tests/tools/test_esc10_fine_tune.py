"""The recipe for fine-tuning: its head, its choice, and a run with a tiny network."""

import json

import esc10_fine_tune
import numpy as np
import pytest

from kerasaudio import transfer
from support import esc_folder
from support.tiny import tiny_factory


@pytest.mark.slow
def test_the_head_is_the_linear_probe(rng):
    vectors = rng.normal(0, (1, 5, 0.2, 1), (60, 4)).astype("float32") + 3
    labels = (vectors[:, 0] > 3).astype(int) + (vectors[:, 2] > 3)

    kernel, bias = esc10_fine_tune.fit_head(vectors, labels, 3)

    logits = vectors @ kernel + bias
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probe = transfer.fit_probe(vectors, labels)
    np.testing.assert_allclose(scores, probe.predict(vectors, verbose=0), atol=0.01)


def test_the_choice_hears_nothing_of_the_tested_fold():
    def tried(losses):
        rates = esc10_fine_tune.RATES
        return {
            "tried": [
                {"rate": r, "losses": x} for r, x in zip(rates, losses, strict=True)
            ]
        }

    pairs = {
        (1, 2): tried([{"1": [0.0, 0.0], "2": [3, 2]}, {"1": [9, 9], "2": [4, 1]}]),
        (2, 3): tried([{"2": [0, 0], "3": [0, 0]}, {"2": [0, 0], "3": [0, 0]}]),
        (3, 1): tried([{"3": [3, 2], "1": [0.0, 0.0]}, {"3": [4, 2], "1": [9, 9]}]),
    }
    choice = esc10_fine_tune.choose(pairs, 1)
    rate = esc10_fine_tune.RATES[1]
    assert choice == {"rate": rate, "epochs": 2, "validation_loss": 1.5}


@pytest.mark.slow
def test_a_run_writes_its_result_and_is_not_done_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(esc10_fine_tune, "EfficientAT", tiny_factory)
    monkeypatch.setattr(esc10_fine_tune, "HEAD_EPOCHS", 1)
    folder = esc_folder.make(tmp_path / "esc", clips=2, folds=3)
    out = tmp_path / "deep" / "out"
    command = [str(folder), "--out", str(out), "--epochs", "2", "--weights", "tiny"]

    esc10_fine_tune.main(command)

    result = json.loads((out / "result.json").read_text())
    assert len(result["unfrozen"]["folds"]) == len(result["frozen"]["folds"]) == 3
    assert 0 <= result["unfrozen"]["accuracy"] <= 1
    assert set(result["choices"]) == {"fold 1", "fold 2", "fold 3"}
    kept = json.loads((out / "pair-1-2.json").read_text())
    losses = [tried["losses"]["1"] for tried in kept["tried"]]
    assert np.shape(losses) == (2, 2)
    assert losses[0][0] != losses[1][0]  # another rate
    made = (out / "fold-2.json").stat().st_mtime_ns
    (out / "fold-3.json").unlink()
    esc10_fine_tune.main(command)
    assert (out / "fold-2.json").stat().st_mtime_ns == made
    again = json.loads((out / "result.json").read_text())
    assert again["unfrozen"] == result["unfrozen"]
    with pytest.raises(
        ValueError, match=r"pair-1-2\.json was made with other settings"
    ):
        esc10_fine_tune.main([*command, "--seed", "1"])
