"""The command line: what goes to stdout, what to stderr, and the exit status."""

import csv
import io
import itertools
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio import cli, loading
from kerasaudio.cli import catalog
from kerasaudio.cli.common import choose_model, complain
from kerasaudio.extras import install
from support import esc_folder, sound_folder

CHECKOUT = Path(__file__).parents[2]
GROOVE = CHECKOUT / "examples" / "groove.ogg"
SENSIBLE = {"guitar", "techno", "electronic", "synth", "drums", "beat", "fast"}
MUSIC = ("--model", "MusiCNN/mtat")
USING = (
    "kerasaudio: Using YAMNet/audioset; --model names another network, such as MusiCNN "
    "for music.\n"
)


@pytest.fixture
def folder(tmp_path):
    """Two good files, of which one is odd, and two bad ones."""
    sound = soundfile.read(GROOVE, frames=5 * 44_100, dtype="float32")[0]
    soundfile.write(tmp_path / "a good one.flac", sound, 44_100)
    (tmp_path / "deep").mkdir()
    odd = tmp_path / "deep" / 'zwölf\n, "quoted".wav'
    soundfile.write(odd, sound[: 44_100 // 2], 44_100)
    (tmp_path / "text.wav").write_text("this is no sound")
    (tmp_path / "empty.mp3").touch()
    return tmp_path


def test_without_a_model_yamnet_answers_and_says_so(run, build):
    status, out, err = run("tag", GROOVE, "--json", "--top", 3)

    assert (status, err) == (0, USING)
    found = json.loads(out)
    expected = build("YAMNet", None).tag(GROOVE, top=3)
    assert [tag["label"] for tag in found["tags"]] == [label for label, _ in expected]
    assert found["tags"][0]["label"] == "Music"


@pytest.mark.parametrize(
    ("model", "weights", "says"),
    [
        (None, None, USING),
        (None, "mine.h5", "Using YAMNet --weights mine.h5; --model names another"),
        ("YAMNet", None, ""),
        ("MusicVGG", None, "Using MusicVGG/mtat; --weights can be: mtat, msd."),
        ("MusicVGG", "msd", ""),
        ("MusicVGG/msd", None, ""),
        ("mine.keras", None, ""),
    ],
)
def test_what_the_command_does_not_name_is_told(model, weights, says, capsys):
    options = SimpleNamespace(model=model, weights=weights)
    choose_model(options)
    assert options.model == (model or "YAMNet")
    said = capsys.readouterr().err
    assert (says in said) if says else not said


@pytest.mark.parametrize(
    "words",
    [
        ["tag", "a.wav"],
        ["listen", "--raw", "--rate", "8000"],
        ["embed", "a.wav", "--out", "a.npz"],
        ["nearest", "a.wav", "a.wav"],
        ["train", "sounds", "--out", "mine.keras"],
        ["evaluate", "esc10", "set"],
    ],
)
def test_every_command_has_the_same_default(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sound_folder.make(tmp_path / "sounds", clips=2)
    esc_folder.make(tmp_path / "set", clips=1, folds=2)
    soundfile.write("a.wav", np.zeros(8_000), 8_000)
    asked = []

    def load(name, *arguments, **others):
        asked.append(name)
        raise ValueError("enough")

    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr("kerasaudio.training.start.load", load)
    assert cli.main(words) == 1
    assert capsys.readouterr().err == f"{USING}kerasaudio: enough\n"
    assert asked == ["YAMNet"]


def test_tag_prints_the_top_tags(run):
    status, out, err = run("tag", GROOVE, *MUSIC)
    assert (status, err) == (0, "")
    name, *lines = out.splitlines()
    assert name == str(GROOVE)
    scores = [float(line.split(None, 1)[0]) for line in lines]
    labels = [line.split(None, 1)[1] for line in lines]
    assert len(labels) == 5
    assert scores == sorted(scores, reverse=True)
    assert len(SENSIBLE & set(labels)) >= 3


def test_tag_gives_what_the_model_gives(run, build):
    found = json.loads(run("tag", GROOVE, *MUSIC, "--json", "--top", 3)[1])
    model = build("MusiCNN/mtat", None)
    assert model.spec.preset == "MusiCNN/mtat"
    expected = model.tag(GROOVE, top=3)
    assert [tag["label"] for tag in found["tags"]] == [label for label, _ in expected]
    np.testing.assert_allclose(
        [tag["score"] for tag in found["tags"]], [s for _, s in expected], atol=1e-6
    )
    assert found["error"] is None
    assert "timeline" not in found


def test_timeline(run):
    status, out, _ = run("tag", GROOVE, *MUSIC, "--timeline", "--json", "--top", 2)
    found = json.loads(out)
    assert status == 0
    moments = found["timeline"]
    assert len(moments) == 4  # the rest fills no patch
    assert all(len(moment["tags"]) == 2 for moment in moments)
    assert moments[0]["start"] == 0
    for before, after in itertools.pairwise(moments):
        assert after["start"] == pytest.approx(before["end"])
    text = run("tag", GROOVE, *MUSIC, "--timeline", "--top", 2)[1].splitlines()
    assert len(text) == 1 + 2 + 4
    assert text[3].split()[:4] == ["0.00", "-", "2.99", "s"]


def test_bad_files_do_not_stop_the_rest(run, folder):
    status, out, err = run("tag", folder, "--json")
    assert status == 1
    found = [json.loads(line) for line in out.splitlines()]
    names = [Path(result["path"]).name for result in found]
    assert names == [
        "a good one.flac",
        "empty.mp3",
        "text.wav",
        'zwölf\n, "quoted".wav',
    ]
    assert [bool(result["tags"]) for result in found] == [True, False, False, True]
    assert "empty file" in found[1]["error"]
    assert err.count("text.wav") == 1
    assert "this is no sound" in err
    assert "2 of 4 files could not be tagged" in err


def test_csv(run, folder):
    status, out, err = run("tag", folder, "--csv", "--top", 2)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 1
    assert "text.wav" in err
    assert [list(row) for row in rows] == [["path", "label", "score"]] * 4
    assert Path(rows[2]["path"]).name == 'zwölf\n, "quoted".wav'
    assert 0 < float(rows[0]["score"]) < 1
    timed = run("tag", GROOVE, *MUSIC, "--csv", "--top", 1, "--timeline")[1]
    rows = list(csv.DictReader(io.StringIO(timed)))
    assert [row["start"] for row in rows] == ["0.000", *(r["end"] for r in rows[:-1])]


def test_text_of_many(run, folder):
    status, out, err = run("tag", folder, "--top", 1)
    names = [line for line in out.splitlines() if not line.startswith("  ")]
    assert names[0] == str(folder / "a good one.flac")
    assert len(names) == 2
    assert "\\n" in names[1]  # escaped
    assert status == 1
    assert "text.wav" in err


@pytest.mark.parametrize(
    ("name", "says"),
    [("absent.wav", "no file or folder"), ("hollow", r"contains no audio")],
)
def test_a_path_that_leads_nowhere(run, tmp_path, name, says):
    (tmp_path / "hollow").mkdir()
    status, out, err = run("tag", GROOVE, tmp_path / name, "--top", 1)
    assert status == 1
    assert len(out.splitlines()) == 2
    assert says in err
    status, out, err = run("tag", tmp_path / name)
    assert (status, out) == (1, "")
    assert says in err


def test_a_saved_model(run, tmp_path):
    model = kerasaudio.MusiCNN(weights="mtat", labels=["knock", "bark", "nothing"])
    model.save(tmp_path / "mine.keras")
    status, out, err = run("tag", GROOVE, "--model", tmp_path / "mine.keras")
    assert (status, err) == (0, "")
    assert {line.split()[1] for line in out.splitlines()[1:]} == {
        "knock", "bark", "nothing",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--top", "522"], "--top must be from 1 to 521.* of YAMNet. Received: 522"),
        (["--model", "Musicn"], "Unknown model 'Musicn'. Did you mean 'MusiCNN'"),
        (["--weights", "audiset"], "Did you mean 'audioset'"),
        (["--model", "SoundEventCRNN"], "no published weights"),
        (["--model", "absent.keras"], "^kerasaudio: No such file.*: 'absent.keras'"),
        (
            ["--model", "absent.keras", "--weights", "mtat"],
            "contains its weights: leave out",
        ),
    ],
)
def test_tag_that_cannot_start(run, arguments, says):
    status, out, err = run("tag", GROOVE, *arguments)
    assert (status, out) == (1, "")
    assert re.search(says, err, re.DOTALL), err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["tag"],
        ["sing"],
        ["tag", "a.wav", "--top", "0"],
        ["tag", "a.wav", "--top", "five"],
        ["tag", "a.wav", "--json", "--csv"],
    ],
)
def test_wrong_commands(run, capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: kerasaudio" in err


def test_an_unknown_option_shows_the_usage_of_its_command(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["tag", "a.wav", "--zzz", "1"])
    err = capsys.readouterr().err
    assert err.startswith("usage: kerasaudio tag ")
    assert err.endswith("kerasaudio tag: error: unrecognized arguments: --zzz 1\n")


@pytest.mark.parametrize("name", ["refit", "bundled"])
def test_an_option_and_its_opposite_are_refused(name, capsys):
    command = {"refit": ["train", "sounds", "--out", "a.keras"], "bundled": ["list"]}
    for words in ([f"--{name}", f"--no-{name}"], [f"--no-{name}", f"--{name}"]):
        with pytest.raises(SystemExit, match="2"):
            cli.main([*command[name], *words])
        err = capsys.readouterr().err
        assert f"argument --{name}/--no-{name}: give only one of the two" in err


def test_weights_without_a_choice_are_not_announced(run):
    assert run("tag", GROOVE, "--model", "LogMelCNN")[2] == ""
    assert (
        "Using MusicVGG/mtat; --weights can be: mtat, msd."
        in run("tag", GROOVE, "--model", "MusicVGG")[2]
    )


def test_warnings_are_lines_without_our_code(run, monkeypatch):
    def warn(*arguments, **_):
        warnings.warn("the disk is slow", stacklevel=2)
        return [kerasaudio.weights.find("YAMNet", "audioset")]

    monkeypatch.setattr(catalog, "list_weights", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        status, _, err = run("list")
    assert (status, err) == (0, "kerasaudio: the disk is slow\n")


def test_complaints_of_several_threads_are_a_line_each(monkeypatch):
    pieces = []
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=pieces.append))
    complain("one")
    assert pieces == ["kerasaudio: one\n"]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_missing_backend_is_named_with_what_to_install(backend):
    hidden = (
        "import importlib.abc, sys\n"
        "class Hide(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {backend!r}:\n"
        "            raise ModuleNotFoundError(name=name)\n"
        "sys.meta_path.insert(0, Hide())\n"
        "import kerasaudio\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        capture_output=True,
        cwd=CHECKOUT,
        env=os.environ | {"KERAS_BACKEND": backend},
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert install(backend) in done.stderr
    assert done.stderr.count("Traceback") == 1


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.strip() == kerasaudio.__version__


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_reader_that_leaves_early_is_no_error():
    command = [sys.executable, "-m", "kerasaudio.cli", "list", "--json"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        err = process.stderr.read().decode()
        assert process.wait(timeout=120) in (0, 1)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_everyday_sounds_are_tagged_in_a_fresh_process_without_network():
    alone = (
        "import sys\n"
        "def refuse(event, arguments):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo'):\n"
        "        raise OSError('no network here')\n"
        "sys.addaudithook(refuse)\n"
        "from kerasaudio.cli import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", alone, "tag", GROOVE, "--json"],
        capture_output=True,
        cwd=CHECKOUT,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["tags"][0]["label"] == "Music"
    assert found["tags"][0]["score"] > 0.9
