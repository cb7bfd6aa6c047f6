"""The recipe that tells dogs from others, on two folds of tones and noises."""

import csv
import json

import esc10_dogs
import esc10_dogs_pool
import esc10_dogs_student
import keras
import numpy as np
import pytest
import soundfile

from kerasaudio.core import AudioModel
from kerasaudio.datasets import ESC50
from kerasaudio.datasets.learned import fingerprints
from kerasaudio.evaluation import evaluate
from kerasaudio.models.bark_net import BarkNet

RATE = 8_000


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(esc10_dogs, "NETWORK", {"filters": 2})
    monkeypatch.setattr(esc10_dogs_pool, "FOLD_SECONDS", 24)
    monkeypatch.setattr(esc10_dogs_student, "DIRECTIONS", 3)


def run(folder, out, *arguments):
    once = ("--epochs", "1", "--whole-epochs", "1")
    esc10_dogs.main([str(folder), "--out", str(out), *once, *arguments])


def test_dogs_against_animals_and_people(animals):
    data = esc10_dogs.dogs(ESC50(animals))

    assert data.class_names == ("dog", "other")
    kinds = [path.stem.rpartition("-")[2] for path in data.paths]
    assert sorted(set(kinds)) == ["0", "1", "20", "21"]
    assert [kind == "0" for kind in kinds] == [label == 0 for label in data.targets]
    seconds = esc10_dogs.seconds_of(data)
    # 2.5 s: the third window has half a second of zeros, and nothing else.
    assert len(seconds) == 2 * len(data)
    assert sorted(set(seconds.starts)) == [0.0, 1.0]


def test_a_silent_clip_gives_its_loudest_second(animals):
    data = esc10_dogs.dogs(ESC50(animals))
    path = data.paths[0]
    faint = np.concatenate([np.zeros(RATE), np.full(RATE, 1e-4), np.zeros(RATE)])
    soundfile.write(path, faint, RATE, subtype="FLOAT")

    seconds = esc10_dogs.seconds_of(data)

    assert seconds.starts[[p == path for p in seconds.paths]].tolist() == [1.0]


@pytest.mark.slow
def test_dogs_writes_results_and_mistakes(animals, tmp_path):
    out = tmp_path / "out"
    arguments = ("--folds", "2", "--mistakes", str(out / "mistakes"))
    run(animals, out, *arguments)

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
    model = keras.saving.load_model(out / "dogs-2.keras")
    assert isinstance(model, AudioModel)
    assert model.get_layer("dropout").rate == 0.2
    x = np.random.default_rng(0).normal(0, 0.1, (1, 16_000)).astype("float32")
    again = BarkNet(out / "dogs-2.safetensors", labels=facts["labels"], filters=2)
    np.testing.assert_array_equal(
        again.predict(x, verbose=0), model.predict(x, verbose=0)
    )
    made = json.loads((out / "summary.json").read_text())
    assert made["folds"]["2"]["by_second"] == made["mean"]["by_second"]
    assert made["mean"]["by_second"] == facts["accuracy"]

    learned = [p for p in animals.glob("audio/*") if fold_and_class(p) != ("2", True)]
    assert set(model.spec.learned_files) == set(fingerprints(learned).values())
    assert evaluate(model, esc10_dogs.dogs(ESC50(animals)).hold_out(2)[1]).learned == 0


def fold_and_class(path):
    """Give the fold, and whether the class is tested."""
    return path.stem[0], not path.stem.endswith("-10")


@pytest.mark.slow
def test_the_preset_learns_from_all_and_has_the_scores_of_the_others(animals, tmp_path):
    scores = {1: (0.5, 0.25), 2: (1.0, 0.75)}
    for fold, (accuracy, other) in scores.items():
        names = ("accuracy", "balanced_accuracy")
        facts = {
            **dict.fromkeys(names, accuracy),
            "macro_f1": other,
            "by_clip": dict.fromkeys(names, other),
        }
        (tmp_path / f"dogs-{fold}.json").write_text(json.dumps(facts))

    run(animals, tmp_path, "--folds", "none")

    made = json.loads((tmp_path / "dogs-all.json").read_text())
    assert (made["accuracy"], made["macro_f1"]) == (0.75, 0.5)
    assert made["by_clip"] == {"accuracy": 0.5, "balanced_accuracy": 0.5}
    assert made["clips"] == {"trained_on": 8, "test": 0}
    assert "learned from all five" in made["test"]
    model = keras.saving.load_model(tmp_path / "dogs-all.keras")
    learned = fingerprints(animals.glob("audio/*")).values()
    assert set(model.spec.learned_files) == set(learned)
    BarkNet(tmp_path / "dogs-all.safetensors", labels=made["labels"], filters=2)


def test_a_preset_without_measured_folds_is_refused(animals, tmp_path):
    with pytest.raises(ValueError, match=r"lacks dogs-1\.json, dogs-2\.json.*first"):
        run(animals, tmp_path, "--folds", "none")


@pytest.mark.parametrize("fold", ["6", "all"])
def test_unknown_folds_are_refused(animals, tmp_path, capsys, fold):
    with pytest.raises(SystemExit):
        run(animals, tmp_path, "--folds", fold)
    assert f"{fold!r} is not none, nor a fold, 1 to 5" in capsys.readouterr().err


def test_pools_are_made_once_and_do_not_mix_folds(animals, tmp_path, monkeypatch):
    def pitches(sounds):  # of the loudest tone; those of the classes are known
        spectra = abs(np.fft.rfft(sounds.astype(float)))
        return spectra[:, 100:].argmax(axis=1) + 100

    monkeypatch.setattr(esc10_dogs_pool, "SPEED", 0.0)
    monkeypatch.setattr(esc10_dogs_pool, "MIXED_DB", (60.0, 60.0))
    pools = esc10_dogs_pool.Pools(ESC50(animals), tmp_path / "out", seed=3)

    first = pools.of_folds([1])

    assert first.sounds.shape == (24, 16_000)
    assert first.sounds.dtype == np.float16
    assert first.vectors.shape == (24, 1_024)
    assert first.targets.tolist() == [0, 1, 1] * 8
    assert set(pitches(first.sounds[first.targets == 0])) == {100}
    others = set(pitches(first.sounds[first.targets == 1]))
    assert others <= {200, 2_100, 2_200}
    assert len(others) > 1
    for path in animals.glob("audio/1-*"):
        if not path.stem.endswith("-10"):  # rain, which both folds have
            path.unlink()
    again = pools.of_folds([1])
    np.testing.assert_array_equal(again.sounds, first.sounds)
    both = pools.of_folds([1, 2])  # the other fold's sounds are there
    np.testing.assert_array_equal(both.sounds[:24], first.sounds)


def test_a_second_sound_is_softer():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 0.1, (2, 16_000)) * [[1], [5]]

    for _ in range(20):
        rest = esc10_dogs_pool.mixed(first, second, rng) - first
        below = esc10_dogs_pool.level_db(first) - esc10_dogs_pool.level_db(rest)
        assert -0.001 < below < 25.001


def test_windows_are_not_silent():
    rng = np.random.default_rng(0)
    clip = np.zeros(80_000)
    clip[30_000:34_000] = 0.1

    for _ in range(20):
        piece = esc10_dogs_pool.window([clip], rng)
        assert piece.shape == (16_000,)
        assert esc10_dogs_pool.level_db(piece) >= -51


def test_the_first_component_has_unit_variance():
    rng = np.random.default_rng(0)
    vectors = rng.normal(0, [5, 4, 3, *[0.1] * 17], (500, 20)).astype("float32") + 3

    components = esc10_dogs_student.Directions.of(vectors)(vectors)

    covariance = np.cov(components.T)
    assert covariance[0, 0] == pytest.approx(1, abs=1e-3)
    assert np.diag(covariance)[1:] == pytest.approx([0.64, 0.36], abs=0.1)
    assert abs(covariance - np.diag(np.diag(covariance))).max() < 1e-3


def test_parts_are_cut_where_it_is_loud():
    rng = np.random.default_rng(0)
    sound = np.zeros(16_000, "float16")
    sound[6_000:7_000] = 0.5

    for _ in range(20):
        part = esc10_dogs_student.changed(sound, 4_000, rng)
        assert part.shape == (4_000,)
        assert np.count_nonzero(part) >= 200  # within 10 dB of the loudest
        whole = esc10_dogs_student.changed(sound, 16_000, rng)
        assert np.count_nonzero(whole) == 1_000
        assert 0.25 <= abs(whole).max() <= 1


@pytest.mark.slow
def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path):
    rng = np.random.default_rng(0)
    sounds = rng.normal(0, 0.1, (16, 16_000)).astype("float16")
    goals = {
        "predictions": np.eye(2, dtype="float32")[rng.integers(2, size=16)],
        "directions": rng.normal(0, 1, (16, 3)).astype("float32"),
    }
    plan = esc10_dogs_student.Plan(1_000, epochs=2, batch_size=8, rate=1e-3)
    seen = rng.normal(0, 0.1, (2, 1_000)).astype("float32")

    def taught(path, sounds=sounds):
        keras.utils.set_random_seed(0)
        learner = esc10_dogs_student.new_learner(
            ("dog", "other"), {"filters": 2}, plan.samples
        )
        learner = esc10_dogs_student.teach(learner, sounds, goals, path, plan, seed=0)
        return learner.predict(seen, verbose=0)

    class StoppedError(Exception):
        pass

    class Breaking:
        """Sounds that cannot be read when the second epoch has begun."""

        reads = 0

        def __len__(self):
            return len(sounds)

        def __getitem__(self, number):
            self.reads += 1
            if self.reads > 20:
                raise StoppedError
            return sounds[number]

    whole = taught(tmp_path / "whole.keras")
    with pytest.raises(StoppedError):
        taught(tmp_path / "parts.keras", Breaking())
    continued = taught(tmp_path / "parts.keras")

    for name in goals:
        np.testing.assert_allclose(continued[name], whole[name], rtol=1e-4, atol=1e-5)
