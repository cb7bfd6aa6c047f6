"""The recipe that learns ESC-10 from scratch, on two folds of tones and noises."""

import json
from itertools import chain

import esc10_log_mel
import keras
import numpy as np
import pytest

from kerasaudio.models.log_mel_cnn import LogMelCNN

ANIMALS = ["dog", "rooster", "rain", "crying_baby", "sneezing"]


@pytest.fixture(autouse=True)
def _small_network(monkeypatch):
    small = {"filters": 2, "clip_samples": 31 * 512}
    monkeypatch.setattr(esc10_log_mel, "NETWORK", small)


def run(recipe, folder, out, *arguments):
    recipe.main([str(folder), "--out", str(out), "--epochs", "1", *arguments])


@pytest.mark.slow
def test_log_mel_writes_results_and_does_nothing_twice(animals, tmp_path, capsys):
    out = tmp_path / "out"
    run(esc10_log_mel, animals, out, "--folds", "2", "--augment", "all")
    first = (out / "all-2.json").read_bytes()
    capsys.readouterr()

    run(esc10_log_mel, animals, out, "--folds", "2", "--augment", "all")

    assert "there already" in capsys.readouterr().out
    assert (out / "all-2.json").read_bytes() == first
    facts = json.loads(first)
    assert facts["clips"] == {"trained_on": 5, "test": 5}
    assert 0 <= facts["accuracy"] <= 1
    assert facts["labels"] == ANIMALS
    assert sum(map(sum, facts["confusion"])) == 5
    summary = json.loads((out / "summary.json").read_text())
    assert summary["all"]["folds"] == {"2": facts["accuracy"]}
    assert "none" not in summary
    model = keras.saving.load_model(out / "all-2.keras")
    x = np.random.default_rng(0).normal(0, 0.1, (1, 31 * 512)).astype("float32")
    again = LogMelCNN(
        out / "all-2.safetensors", labels=facts["labels"], **facts["arguments"]
    )
    np.testing.assert_array_equal(
        again.predict(x, verbose=0), model.predict(x, verbose=0)
    )


@pytest.mark.parametrize("name", esc10_log_mel.NAMES)
def test_each_word_stands_for_its_augmentation(name):
    kinds = {
        "shift": ["TimeShift"],
        "noise": ["Noise"],
        "level": ["Volume", "Filter"],
        "vtlp": ["VTLP"],
        "mask": ["SpecAugment"],
    }
    found = esc10_log_mel.augmentation(name, 3)

    layers = [type(layer).__name__ for layer in (*found.waveform, *found.features)]
    wanted = [*chain(*kinds.values())] if name == "all" else kinds.get(name, [])
    assert layers == wanted
    assert (found.mixup is not None) == (name in ("mixup", "all"))
    seeds = [layer.seed for layer in (*found.waveform, *found.features)]
    assert len(set(seeds)) == len(seeds)


def test_unknown_words_are_refused(animals, tmp_path):
    with pytest.raises(SystemExit):
        run(esc10_log_mel, animals, tmp_path, "--augment", "reverb")
