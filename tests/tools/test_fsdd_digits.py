"""The recipe for spoken digits: its split and augmentation, and a whole run on hums."""

import json

import fsdd_digits
import keras
import numpy as np
import pytest

import kerasaudio
from kerasaudio.datasets import FSDD
from kerasaudio.evaluation import evaluate

SMALL = {"sample_rate": 8_000, "filters": 4}


@pytest.fixture
def folder(hums):
    return hums(takes=(0, 5, 10, 11))


def run(folder, out, *arguments):
    fsdd_digits.main([str(folder), "--out", str(out), "--epochs", "2", *arguments])


def test_no_clip_is_on_two_sides(folder):
    data = FSDD(folder)

    official = fsdd_digits.divide(data)
    unknown = fsdd_digits.divide(data, ["bob", "di"])

    for split, sizes in ((official, (16, 8, 8)), (unknown, (8, 8, 16))):
        sides = [{path.name for path in side.paths} for side in split[:3]]
        assert tuple(map(len, sides)) == sizes
        assert not sides[0] & sides[1] | sides[1] & sides[2] | sides[0] & sides[2]
    assert {path.stem[-2:] for path in official.test.paths} == {"_0"}
    speakers = [
        {path.stem.split("_")[1] for path in side.paths} for side in unknown[:3]
    ]
    assert speakers == [{"ann", "cy"}, {"ann", "cy"}, {"bob", "di"}]
    assert unknown.name == "FSDD, speakers bob and di held out"
    with pytest.raises(ValueError, match="zoe"):
        fsdd_digits.divide(data, ["zoe"])


def test_augmented_words_are_moved_and_scaled_and_noisy(rng):
    clip = np.zeros(4_000, "float32")
    clip[1_000:3_000] = np.sin(np.arange(2_000))
    places, gains, noises = [], [], []
    for _ in range(50):
        changed = fsdd_digits.augment(clip, rng)
        assert changed.shape == clip.shape
        match = np.correlate(changed, clip, "full")
        places.append(match.argmax() - len(clip) + 1)
        gains.append(20 * np.log10(match.max() / np.sum(clip**2)))
        rest = changed - np.roll(clip, places[-1]) * 10 ** (gains[-1] / 20)
        noises.append(10 * np.log10(np.mean(clip**2) / np.mean(rest**2)))
    assert -800 <= min(places) < -400
    assert 400 < max(places) <= 800
    assert -6.1 < min(gains) < -3
    assert 3 < max(gains) < 6.1
    assert 13 < min(noises) < 30  # 20 to 50 dB below, and 6 dB of gain
    assert not fsdd_digits.augment(clip * 0, rng).any()


@pytest.mark.parametrize("name", sorted(fsdd_digits.MODELS))
def test_every_network_takes_words(name):
    model = fsdd_digits.build(name, list("0123456789"), seed=0)

    assert model.spec.sample_rate == 8_000
    assert model.spec.window_seconds < 1.01
    assert 4 * model.count_params() < 8e6
    # A tag comes with the head of its paper: it must be the one that was trained.
    published = getattr(kerasaudio, name)(**fsdd_digits.MODELS[name])
    heads = [m.get_layer("predictions").activation for m in (model, published)]
    assert heads[0] is heads[1]


def test_a_stopped_run_goes_on_and_a_finished_one_is_not_done_again(
    folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(fsdd_digits.MODELS, "LeNetMFCC", SMALL)
    out, told = tmp_path / "deep" / "out", []

    def stop(epoch):
        told.append(epoch.number)
        if epoch.number == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(fsdd_digits.recipe, "tell", stop)
    with pytest.raises(KeyboardInterrupt):
        run(folder, out)
    assert not (out / "LeNetMFCC.json").exists()
    run(folder, out)
    assert told == [1, 2]

    result = json.loads((out / "LeNetMFCC.json").read_text())
    assert result["clips"] == {"trained_on": 16, "chose": 8, "test": 8}
    assert result["test"] == "FSDD, official split"
    assert result["backend"] == keras.backend.backend()
    weights = out / "LeNetMFCC.safetensors"
    model = kerasaudio.LeNetMFCC(weights=weights, labels=result["labels"], **SMALL)
    clips = fsdd_digits.divide(FSDD(folder)).test
    report = evaluate(model, clips, clip_seconds=result["clip_seconds"])
    assert report.accuracy == result["accuracy"]
    assert len(result["mistakes"]) == round(8 * (1 - report.accuracy))

    run(folder, out)
    assert told == [1, 2]
    assert "is there already" in capsys.readouterr().out
    with pytest.raises(ValueError, match="another seed"):
        run(folder, out, "--seed", "1")


def test_bad_arguments_are_refused(folder, tmp_path):
    with pytest.raises(SystemExit):
        run(folder, tmp_path, "--model", "MusiCNN")
    with pytest.raises(FileNotFoundError):
        run(tmp_path / "nowhere", tmp_path)
