"""The recipes that learn ESC-10 from scratch, on two folds of tones and noises."""

import csv
import json
from itertools import chain

import esc10_dogs
import esc10_log_mel
import keras
import numpy as np
import pytest
import soundfile

from kerasaudio.core import AudioModel
from kerasaudio.datasets import ESC50
from kerasaudio.models.log_mel_cnn import LogMelCNN
from support.esc_folder import write_table

RATE = 8_000
CLASSES = {0: "dog", 1: "rooster", 10: "rain", 20: "crying_baby", 21: "sneezing"}


@pytest.fixture
def folder(tmp_path):
    """Five classes, two folds, a clip of each; 1.5 s of sound, then 1 s of zeros."""
    (tmp_path / "esc10" / "audio").mkdir(parents=True)
    (tmp_path / "esc10" / "meta").mkdir()
    rng, rows = np.random.default_rng(0), []
    time = np.arange(RATE * 3 // 2) / RATE
    for fold in (1, 2):
        for target, category in CLASSES.items():
            name = f"{fold}-{target}-A-{target}.wav"
            sound = 0.3 * np.sin(2 * np.pi * 100 * (target + 1) * time)
            sound = np.append(sound + rng.normal(0, 0.01, len(time)), np.zeros(RATE))
            soundfile.write(tmp_path / "esc10" / "audio" / name, sound, RATE)
            rows.append((name, fold, target, category, "True", 90 * fold + target, "A"))
    write_table(tmp_path / "esc10", rows)
    return tmp_path / "esc10"


@pytest.fixture(autouse=True)
def _small_networks(monkeypatch):
    small = {"filters": 2, "clip_samples": 31 * 512}
    monkeypatch.setattr(esc10_log_mel, "NETWORK", small)
    monkeypatch.setattr(esc10_dogs, "NETWORK", {"filters": 2})


def run(recipe, folder, out, *arguments):
    recipe.main([str(folder), "--out", str(out), "--epochs", "1", *arguments])


@pytest.mark.slow
def test_log_mel_writes_results_and_does_nothing_twice(folder, tmp_path, capsys):
    out = tmp_path / "out"
    run(esc10_log_mel, folder, out, "--folds", "2", "--augment", "all")
    first = (out / "all-2.json").read_bytes()
    capsys.readouterr()

    run(esc10_log_mel, folder, out, "--folds", "2", "--augment", "all")

    assert "there already" in capsys.readouterr().out
    assert (out / "all-2.json").read_bytes() == first
    facts = json.loads(first)
    assert facts["clips"] == {"trained_on": 5, "test": 5}
    assert 0 <= facts["accuracy"] <= 1
    assert facts["labels"] == list(CLASSES.values())
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


def test_dogs_against_animals_and_people(folder):
    data = esc10_dogs.dogs(ESC50(folder))

    assert data.class_names == ("dog", "other")
    kinds = [path.stem.rpartition("-")[2] for path in data.paths]
    assert sorted(set(kinds)) == ["0", "1", "20", "21"]
    assert [kind == "0" for kind in kinds] == [label == 0 for label in data.targets]
    seconds = esc10_dogs.seconds_of(data)
    # 2.5 s: the third window has half a second of zeros, and nothing else.
    assert len(seconds) == 2 * len(data)
    assert sorted(set(seconds.starts)) == [0.0, 1.0]


def test_a_silent_clip_gives_its_loudest_second(folder):
    data = esc10_dogs.dogs(ESC50(folder))
    path = data.paths[0]
    faint = np.concatenate([np.zeros(RATE), np.full(RATE, 1e-4), np.zeros(RATE)])
    soundfile.write(path, faint, RATE, subtype="FLOAT")

    seconds = esc10_dogs.seconds_of(data)

    assert seconds.starts[[p == path for p in seconds.paths]].tolist() == [1.0]


@pytest.mark.slow
def test_dogs_writes_results_and_mistakes(folder, tmp_path):
    out = tmp_path / "out"
    arguments = ("--folds", "2", "--mistakes", str(out / "mistakes"))
    run(esc10_dogs, folder, out, *arguments)

    facts = json.loads((out / "dogs-2.json").read_text())
    confusion = np.array(facts["confusion"])
    assert facts["seconds_tested"] == confusion.sum() == 8
    assert facts["accuracy"] == pytest.approx(np.trace(confusion) / 8)
    recalls = np.diag(confusion) / confusion.sum(axis=1)
    assert facts["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert sum(map(sum, facts["by_clip"]["confusion"])) == 4
    with (out / "mistakes" / "mistakes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 - np.trace(confusion) > 0
    for row in rows:
        waveform, rate = soundfile.read(out / "mistakes" / row["sound"])
        assert rate == 16_000
        assert 0.4 < len(waveform) / rate <= 1
        picture = (out / "mistakes" / row["picture"]).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert row["truth"] != row["said"]
        assert 0.5 <= float(row["score"]) <= 1
    assert isinstance(keras.saving.load_model(out / "dogs-2.keras"), AudioModel)


def test_unknown_words_are_refused(folder, tmp_path):
    with pytest.raises(SystemExit):
        run(esc10_log_mel, folder, tmp_path, "--augment", "reverb")
    with pytest.raises(SystemExit):
        run(esc10_dogs, folder, tmp_path, "--folds", "6")
