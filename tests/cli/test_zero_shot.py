"""`kerasaudio tag --labels`: any words, with the folder of a CLAP."""

import json

import numpy as np
import pytest
import soundfile

import kerasaudio
from support.clap import write_clap

RATE = 48_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_clap(tmp_path_factory.mktemp("hub") / "clap")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sounds") / "hiss.wav"
    hiss = np.random.default_rng(0).normal(0, 0.1, RATE)
    soundfile.write(path, hiss, RATE)
    return path


@pytest.mark.parametrize("how", ["folder", "factory"])
def test_words_get_the_scores_that_python_gives(run, folder, sound, how):
    named = ["--model", folder]
    if how == "factory":
        named = ["--model", "CLAP", "--weights", folder]
    labels = ["--labels", "a dog, far away", "--labels", "wind"]

    status, out, _ = run("tag", sound, *named, *labels, "--json")

    assert status == 0
    tags = json.loads(out)["tags"]
    want = kerasaudio.ZeroShot(folder).tag(
        str(sound), labels=["a dog", "far away", "wind"]
    )
    assert [tag["label"] for tag in tags] == [label for label, _ in want]
    np.testing.assert_allclose(
        [tag["score"] for tag in tags], [score for _, score in want], atol=1e-4
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "{clap}"], "name the words to choose from: --labels"),
        (["--labels", "a,b"], "--model must be the folder of a CLAP"),
        (["--model", "CLAP", "--labels", "a,b"], "Received: --model CLAP"),
        (["--model", "YAMNet", "--label", "a"], "YAMNet has no label 'a'."),
        (["--model", "{clap}", "--labels", "a,,b"], "--labels has an empty label"),
        (["--model", "{clap}", "--labels", "a,a"], "--labels names 'a' twice"),
        (["--model", "{clap}", "--labels", "a"], "--labels must be at least two"),
        (["--model", "{clap}", "--labels", "a,b", "--weights", "x"], "leave out"),
    ],
)
def test_commands_that_cannot_work_are_explained(run, folder, sound, arguments, says):
    filled = [word.replace("{clap}", str(folder)) for word in arguments]

    status, out, complaint = run("tag", sound, *filled)

    assert (status, out) == (1, "")
    assert says in complaint


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collection")
    rng = np.random.default_rng(1)
    for name, loudness in (("faint", 0.001), ("loud", 0.3)):
        noise = np.cumsum(rng.normal(0, loudness, RATE))
        soundfile.write(folder / f"{name}.wav", noise / 100, RATE)
    soundfile.write(folder / "hiss.wav", rng.normal(0, 0.1, RATE), RATE)
    return folder


def test_words_find_the_sounds_that_are_nearest(run, folder, sounds):
    words = "a dog barking"

    status, out, _ = run(
        "nearest", words, sounds, "--text", "--model", folder, "--top", 2, "--json"
    )

    assert status == 0
    found = [json.loads(line) for line in out.splitlines()]
    clap = kerasaudio.ZeroShot(folder)
    paths = [str(path) for path in sorted(sounds.iterdir())]
    away = 1 - clap.embed(paths) @ clap.text(words)
    order = np.argsort(away)
    assert [row["path"] for row in found] == [paths[i] for i in order[:2]]
    assert found[0]["distance"] == pytest.approx(away[order[0]], abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["rain", "{sounds}", "--text"], "--text takes any words"),
        (["rain", "{sounds}", "--text"], "Received: no --model."),
        (["rain", "{sounds}", "--text", "--model", "CLAP"], "Received: --model CLAP."),
        ([" ", "{sounds}", "--text", "--model", "{clap}"], "not empty"),
        (["rain", "{sounds}", "--model", "{clap}"], "no sound file named 'rain'"),
    ],
)
def test_searches_that_cannot_work_are_explained(run, folder, sounds, arguments, says):
    filled = {"{clap}": str(folder), "{sounds}": str(sounds)}

    status, out, complaint = run("nearest", *(filled.get(w, w) for w in arguments))

    assert (status, out) == (1, "")
    assert says in complaint
