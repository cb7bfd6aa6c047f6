"""The recipe for the table of "Hear and See", on tones with a small ResNet."""

import json

import hear_and_see
import hear_and_see_pictures
import hear_and_see_tables
import hear_and_see_training
import keras
import numpy as np
import pytest

from kerasaudio.models import mel_resnet50


@pytest.fixture(autouse=True)
def _small_network(monkeypatch):
    monkeypatch.setattr(mel_resnet50, "STACKS", ((1, 4, 2),))
    monkeypatch.setattr(hear_and_see_training, "BATCH", 5)  # 8 pictures: one and a rest


def run(folder, out, *arguments):
    hear_and_see.main(
        [
            *map(str, (folder, "--out", out, "--epochs", 2, "--side", 32)),
            *("--backbone", "none", *arguments),
        ]
    )


def network_facts(out, kind):
    facts = json.loads((out / f"{kind}.json").read_text())
    del facts["training_seconds"]
    return facts


@pytest.mark.slow
def test_all_sets_are_learned_and_tested(city, tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    run(city, out)

    result = json.loads((out / "result.json").read_text())
    assert result["clips"] == {"all": 12, "learned": 8, "tested": 4}
    assert result["folds"] == [1, 2]
    assert result["duration_of_all"] is None
    assert set(result["networks"]) == {"original", "padded", "rolled"}
    for kind, found in result["networks"].items():
        assert found["pictures"] == (56 if kind == "rolled" else 8)
        assert found["start"] == "from scratch"
        assert len(found["losses"]) == 2
        assert set(found["tests"]) == {"original", "padded", "rolled"}
        for tested, facts in found["tests"].items():
            pictures = 28 if tested == "rolled" else 4
            assert facts["pictures"] == pictures == np.sum(facts["confusion"])
            right = np.trace(facts["confusion"]) / pictures
            assert facts["accuracy"] == pytest.approx(right)
            assert (out / f"{kind}-on-{tested}.png").stat().st_size > 1000
    page = (out / "result.md").read_text()
    assert "| rolled | padded | " in page
    assert "| 97.52 | 97.67 |" in page
    assert hear_and_see_tables.NOT_MEASURED not in page
    model = keras.saving.load_model(out / "padded.keras", compile=False)
    assert tuple(model.spec.labels) == ("dog_bark", "jackhammer")
    assert not list(out.glob("*.state.npz"))

    made = (out / "padded.json").stat().st_mtime_ns
    capsys.readouterr()
    run(city, out)
    assert capsys.readouterr().out.count("there already") == 3
    assert (out / "padded.json").stat().st_mtime_ns == made


def test_an_interrupted_training_gives_the_same(city, tmp_path, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(city, whole, "--sets", "padded")
    stops = 0
    while not (parts / "padded.json").exists():
        run(city, parts, "--sets", "padded", "--minutes", "0")
        stops += "the same command resumes" in capsys.readouterr().out
        assert stops < 9

    assert stops == 3  # of four steps
    found, expected = (network_facts(out, "padded") for out in (parts, whole))
    losses = [facts.pop("losses") for facts in (found, expected)]
    assert found == expected
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    assert losses[0][1] < losses[0][0]  # it has learned
    a, b = (
        keras.saving.load_model(out / "padded.keras", compile=False)
        for out in (parts, whole)
    )
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_clips_that_were_filled_up_have_no_original_durations(
    streets, tmp_path, capsys
):
    folder = streets("filled", (0.5,))
    out = tmp_path / "out"
    run(folder, out, "--minutes", "0")
    run(folder, out, "--minutes", "0", "--sets", "original")

    assert "original durations are left out" in capsys.readouterr().out
    assert not (out / "original.json").exists()
    assert not (out / "original.state.npz").exists()
    assert (out / "padded.state.npz").exists()
    page = (out / "result.md").read_text()
    assert page.count("not measured | not measured") == 9
    assert "the original durations are lost" in page


def test_states_and_pictures_of_other_runs_are_refused(streets, city, tmp_path):
    out = tmp_path / "out"
    run(city, out, "--minutes", "0", "--sets", "padded")
    with pytest.raises(ValueError, match=r"other settings.*'seed': 0.*--overwrite"):
        run(city, out, "--minutes", "0", "--sets", "padded", "--seed", "1")
    other = streets("other", (0.5, 0.7), folds=(1, 3, 10))
    with pytest.raises(ValueError, match="has pictures of other clips"):
        run(other, out, "--sets", "padded")


def test_bad_arguments(city, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no backbone file 'none\.h5'"):
        run(city, tmp_path / "out", "--backbone", "none.h5")
    with pytest.raises(ValueError, match=r"fold.*4"):
        run(city, tmp_path / "out", "--test", "4")
    with pytest.raises(SystemExit):
        run(city, tmp_path / "out", "--sets", "mirrored")


def test_it_starts_from_scratch_where_photographs_are_unavailable(
    city, tmp_path, monkeypatch, capsys
):
    def unavailable(backbone):
        raise OSError("ImageNet's weights of ResNet50 are unavailable.")

    monkeypatch.setattr(mel_resnet50, "_photographs", unavailable)
    out = tmp_path / "out"
    run(city, out, "--sets", "padded", "--backbone", "imagenet", "--epochs", "1")
    assert "From scratch, since" in capsys.readouterr().out
    assert network_facts(out, "padded")["start"].startswith("from scratch: ImageNet's")
    assert "could not be downloaded" in (out / "result.md").read_text()


def test_pictures_are_padded_stretched_and_rolled():
    wave = np.array([2.0, 5.0, 7.0])
    padded = hear_and_see_pictures.padded
    assert padded(wave, 6).tolist() == [2, 2, 5, 7, 7, 7]
    assert padded(np.arange(7), 4).tolist() == [1, 2, 3, 4]
    line = np.arange(5.0)[:, None]
    stretched = hear_and_see_pictures.stretched
    np.testing.assert_allclose(stretched(line, 9)[:, 0], np.arange(9) / 2)
    np.testing.assert_array_equal(stretched(line, 5), line)
    np.testing.assert_array_equal(stretched(line[:1], 3), np.zeros((3, 1)))

    gray = np.arange(16, dtype=np.uint8).reshape(2, 8, 1)
    shifts = hear_and_see_pictures.SHIFTS
    pictures = hear_and_see_pictures.Pictures("padded", gray, np.array([4, 9]), shifts)
    x, targets = pictures.take(np.array([0, 1, 6, 13]))
    assert len(pictures) == 14
    assert targets.tolist() == [4, 4, 4, 9]
    assert x[1].ravel().tolist() == [6, 7, 0, 1, 2, 3, 4, 5]
    assert x[2].ravel().tolist() == [6, 7, 0, 1, 2, 3, 4, 5]  # -75 % is 25 %
    assert x[3].ravel().tolist() == [14, 15, 8, 9, 10, 11, 12, 13]


def test_weight_decay_is_part_of_the_gradient():
    start = np.array([3.0, -2.0], "float32")
    variable = keras.Variable(start)
    optimizer = hear_and_see_training.CoupledSGD(0.1, momentum=0.9)
    optimizer.build([variable])
    expected, velocity = start.astype("float64"), np.zeros(2)
    for step in range(3):
        gradient = np.array([1.0, step], "float32")
        optimizer.apply([keras.ops.convert_to_tensor(gradient)])
        # torch.optim.SGD's rule, for a constant rate
        velocity = 0.9 * velocity + gradient + hear_and_see_training.DECAY * expected
        expected = expected - 0.1 * velocity
    found = keras.ops.convert_to_numpy(variable.value)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
