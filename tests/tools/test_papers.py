"""The recipes for MagnaTagATune and Speech Commands, on stand-ins of their formats."""

import json

import keras
import magnatagatune
import numpy as np
import pytest
import soundfile
import speech_commands
import stand_in

from kerasaudio.datasets import MagnaTagATune, SpeechCommands
from kerasaudio.datasets.speech_commands import COMMANDS
from support import esc_folder


@pytest.fixture
def words(hums, tmp_path):
    folder = tmp_path / "words"
    stand_in.speech_commands(hums(takes=range(3)), folder, takes=3)
    return folder


@pytest.fixture
def music(tmp_path):
    esc = esc_folder.make(tmp_path / "esc", clips=2)
    stand_in.magnatagatune(esc, tmp_path / "mtat", excerpts=20, seconds=4)
    return tmp_path / "mtat"


def test_the_stand_in_has_magnatagatunes_format(music):
    tags = ["low sine", "high sine"]
    clips = MagnaTagATune(music, tags=tags)
    assert len(clips) == 20
    assert [len(part) for part in clips.published_split()] == [12, 3, 5]
    assert clips.targets.any(axis=0).all()
    assert (clips.targets.sum(axis=1) == 2).any()
    assert {path.suffix for path in clips.paths} == {".mp3"}


def test_the_stand_in_has_speech_commands_format(words):
    clips = SpeechCommands(words)
    assert clips.class_names == tuple(
        sorted([*COMMANDS[:2], *(f"{word}_backwards" for word in COMMANDS[:2])])
    )
    learn, choose, test = clips.published_split()
    assert set(learn.groups) == {"ann", "bob"}
    assert (set(choose.groups), set(test.groups)) == ({"cy"}, {"di"})
    forth, back = (
        next(p for p in clips.paths if p.parent.name == name)
        for name in (COMMANDS[0], f"{COMMANDS[0]}_backwards")
    )
    np.testing.assert_allclose(
        soundfile.read(forth)[0], soundfile.read(back)[0][::-1], atol=1e-4
    )


def run_words(words, out, *more):
    small = ("--model", "LeNetMFCC", "--set", "filters=4", "--classes", "all")
    few = ("--stages", "2", "--epochs", "1", "--batch-size", "6")
    speech_commands.main([str(words), "--out", str(out), *small, *few, *more])
    return json.loads((out / "LeNetMFCC.json").read_text())


@pytest.mark.slow
def test_speech_commands_from_folder_to_result(words, tmp_path, capsys):
    out = tmp_path / "out"
    result = run_words(words, out)
    assert result["learning_rates"] == pytest.approx([0.01, 0.002])
    assert (result["epochs"], result["classes"], result["test_clips"]) == (2, 4, 12)
    assert 0 <= result["accuracy"] <= 1
    model = keras.saving.load_model(out / "LeNetMFCC.keras")
    assert set(model.spec.labels) >= set(COMMANDS[:2])
    assert (out / "LeNetMFCC-report" / "report.json").is_file()
    capsys.readouterr()
    assert run_words(words, out)["accuracy"] == result["accuracy"]
    assert "epoch" not in capsys.readouterr().out.split("{")[0]  # not trained again


@pytest.mark.slow
def test_magnatagatune_from_folder_to_result(music, tmp_path):
    out = tmp_path / "out"
    shape = ("--set", "init_features=2", "--samples", "39366", "--set", "block=basic")
    few = ("--stages", "1", "--epochs", "1", "--windows", "2", "--batch-size", "8")
    tags = ("--tags", "low sine", "high sine")
    magnatagatune.main([str(music), "--out", str(out), *tags, *shape, *few])
    result = json.loads((out / "ReSE2Multi.json").read_text())
    assert (result["tags"], result["test_clips"]) == (2, 5)
    assert result["clips"] == {"trained_on": 12, "chose": 3}
    assert result["arguments"]["clip_samples"] == 39_366
    assert result["published"] is None
    assert 0 <= result["roc_auc"] <= 1
    assert (out / "ReSE2Multi-report" / "per_class.csv").is_file()
    model = keras.saving.load_model(out / "ReSE2Multi.keras")
    assert model.spec.sample_rate == 22_050
    assert model.get_layer("predictions").activation is keras.activations.sigmoid


def test_what_cannot_be_is_told(words, music, tmp_path):
    out = ("--out", str(tmp_path / "out"))
    with pytest.raises(ValueError, match="ten commands"):
        speech_commands.main([str(words), *out, "--classes", "12"])
    with pytest.raises(ValueError, match="lacks the columns"):
        magnatagatune.main([str(music), *out])
    wrong = ("--set", "filters=3", "--tags", "low sine")
    with pytest.raises(ValueError, match=r"It takes: .*init_features"):
        magnatagatune.main([str(music), *out, *wrong])
    with pytest.raises(FileNotFoundError, match="download=True"):
        speech_commands.main([str(tmp_path / "nowhere"), *out])
    with pytest.raises(SystemExit):
        stand_in.main(["speech_commands", str(tmp_path), str(tmp_path)])
