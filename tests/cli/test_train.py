"""`kerasaudio train`, and `evaluate` of a model: what they print, and bad input."""

import json
import shlex
import shutil
import sys
import warnings

import keras
import pytest

from kerasaudio.cli import main
from kerasaudio.datasets import from_folder, split
from kerasaudio.datasets.learned import fingerprints
from support import sound_folder

QUICK = (
    *("--model", "LeNetMFCC", "--weights", "none"),
    *("--batch-size", "4", "--unfreeze-epochs", "2"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return sound_folder.make(tmp_path_factory.mktemp("sounds") / "sounds", clips=4)


@pytest.fixture
def run(capsys):
    def call(*words):
        return main([str(word) for word in words]), *capsys.readouterr()

    return call


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "mine.keras"
    assert main(["train", str(folder), "--out", str(out), *QUICK]) == 0
    return out


def test_train_tells_what_it_learns_and_saves_a_model(run, folder, tmp_path):
    out = tmp_path / "mine.keras"
    words = ("--recording", "(.*)-take", "--validation", "0.5", *QUICK)

    status, printed, err = run("train", folder, "--out", out, *words)

    assert (status, err) == (0, "")
    lines = printed.splitlines()
    assert lines[0] == (
        "sounds: 6 clips to learn from, 6 to choose the epoch (high 4, low 4, noise 4)"
    )
    assert lines[1].startswith("LeNetMFCC, no published weights, ")
    epochs = [line for line in lines if line.startswith("epoch ")]
    assert [line[:11] for line in epochs] == ["epoch  1/2 ", "epoch  2/2 "]
    assert "macro F1" in printed
    assert str(out) in lines[-1]
    model = keras.saving.load_model(out)
    assert model.spec.labels == ("high", "low", "noise")
    assert list(tmp_path.iterdir()) == [out]


def test_clips_held_out_are_measured_in_two_commands(run, folder, tmp_path):
    out = tmp_path / "mine.keras"
    words = ("--hold-out", "0.25", "--recording", "(.*)", "--seed", "3")
    status, printed, err = run("train", folder, "--out", out, *words, *QUICK)
    assert (status, err) == (0, "")
    first, *_, command = printed.splitlines()
    assert first.startswith(
        "sounds: 6 clips to learn from, 3 to choose the epoch, 3 held out"
    )
    assert shlex.split(command) == [
        *("kerasaudio", "evaluate", str(out), str(folder)),
        *("--hold-out", "0.25", "--seed", "3", "--recording", "(.*)"),
    ]
    assert "To measure it on the 3 clips held out:" in printed

    status, printed, err = run(*shlex.split(command)[1:], "--json")

    assert (status, err) == (0, "")
    found = json.loads(printed)
    assert (found["clips"], found["learned"]) == (3, 0)
    learned = set(keras.saving.load_model(out).spec.learned_files)
    _, measured = split(from_folder(folder, group="(.*)"), (0.75, 0.25), seed=3)
    assert len(learned) == 6
    assert not learned & set(fingerprints(measured.paths).values())

    status, _, err = run("evaluate", out, folder, "--hold-out", "0.75")
    assert status == 0
    assert "has learned from clips that --hold-out selects" in err


def test_half_precision_and_batches_learned_at_once(run, folder, tmp_path):
    out = tmp_path / "mine.keras"
    words = ("--precision", "mixed_bfloat16", "--accumulate", "2", "--devices", "1")
    status, printed, err = run("train", folder, "--out", out, *QUICK, *words)
    assert (status, err) == (0, "")
    assert "epoch  2/2" in printed
    assert keras.saving.load_model(out).dtype_policy.name == "float32"


def test_devices_in_the_words_of_the_command(run, folder, tmp_path, capsys):
    out = tmp_path / "mine.keras"
    status, _, err = run("train", folder, "--out", out, *QUICK, "--devices", "99")
    assert status == 1
    assert "--devices 99 was asked for, but " in err
    assert "Pass --devices all, or a smaller number." in err
    with pytest.raises(SystemExit):
        run("train", folder, "--out", out, "--devices", "some")
    assert "'some' is neither all nor a whole number above 0" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("train", folder, "--out", out, "--precision", "float8")


def test_held_out_clips_are_of_a_model(run, folder):
    for words in (("--hold-out", "0.5"), ("--recording", "(.*)")):
        status, _, err = run("evaluate", "esc10", folder, *words)
        assert status == 1
        assert "--hold-out and --recording are for MODEL, not for esc10" in err


def test_json(run, folder, tmp_path):
    out = tmp_path / "mine.keras"
    status, printed, err = run("train", folder, "--out", out, *QUICK, "--json")
    assert status == 0
    assert "epoch  1/2" in err
    found = json.loads(printed)
    assert [epoch["number"] for epoch in found["epochs"]] == [1, 2]
    best = max(found["epochs"], key=lambda e: (e["score"], -e["validation_loss"]))
    assert found["accuracy"] == pytest.approx(best["score"])


def test_training_goes_on_from_a_saved_model(run, folder, trained, tmp_path):
    other = sound_folder.make(tmp_path / "other", clips=2, kinds=("low", "noise"))
    words = ("--out", tmp_path / "two.keras", "--validation", "0.5")
    words += ("--model", trained, "--freeze-epochs", "1", "--unfreeze-epochs", "0")
    status, printed, err = run("train", other, *words)
    assert (status, err) == (0, "")
    assert "frozen" in printed
    model = keras.saving.load_model(tmp_path / "two.keras")
    assert model.spec.labels == ("low", "noise")


def test_a_published_network_starts_from_the_probe(run, folder, tmp_path):
    out = tmp_path / "mine.keras"
    words = ("--model", "LeNetMFCC", "--weights", "fsdd", "--out", out)
    words += ("--unfreeze-epochs", "1", "--learning-rate", "1e-4")

    status, printed, err = run("train", folder, *words)

    assert (status, err) == (0, "")
    epochs = [line for line in printed.splitlines() if line.startswith("epoch ")]
    assert [line[:17] for line in epochs] == ["epoch  0/1  probe", "epoch  1/1  full "]
    if epochs[1].endswith("best"):
        assert "more epochs than --unfreeze-epochs 1." in printed
        assert "To go on, start again with" in printed
    status, printed, _ = run("evaluate", out, folder)
    assert status == 0
    assert "12 of these 12 clips are from files" in printed
    status, _, err = run("train", folder, *words, "--overwrite", "--set", "filters=4")
    assert status == 1


def test_a_start_that_is_not_possible_is_told(run, folder, tmp_path):
    words = ("--out", tmp_path / "mine.keras", "--head", "probe", *QUICK)
    table = folder.with_name("tags.csv")
    clips = [path.relative_to(folder.parent) for path in sorted(folder.rglob("*.wav"))]
    rows = [f"{path},{path.parent.name};all" for path in clips]
    table.write_text("\n".join(["path,label", *rows]))
    status, _, err = run("train", table, "--separator", ";", *words)
    assert status == 1
    assert "--head kept" in err


def test_evaluate_prints_a_report(run, folder, trained):
    status, printed, err = run("evaluate", trained, folder)

    assert (status, err) == (0, "")
    lines = printed.splitlines()
    assert lines[0] == f"sounds, 12 clips: {trained}"
    assert [line.split("  ")[0] for line in lines[2:6]] == [
        *("accuracy", "macro F1", "ROC-AUC", "PR-AUC")
    ]


def test_evaluate_json_and_pictures(run, folder, trained, tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "report"
    status, printed, err = run("evaluate", trained, folder, "--json", "--out", out)
    assert status == 0
    found = json.loads(printed)
    assert found == json.loads((out / "report.json").read_text())
    assert found["clips"] == 12
    for name in ("accuracy", "macro_f1", "roc_auc", "pr_auc"):
        assert 0 <= found[name] <= 1
    assert (out / "confusion.png").read_bytes()[1:4] == b"PNG"
    mistakes = (out / "mistakes.csv").read_text().splitlines()
    assert mistakes[0] == "path,label,predicted,score,true_score"
    assert len(mistakes) - 1 == round(12 * (1 - found["accuracy"]))
    assert str(out) in err


def test_evaluate_takes_some_of_the_classes(run, trained, tmp_path):
    few = sound_folder.make(tmp_path / "few", clips=1, kinds=("low", "noise"))
    status, printed, _ = run("evaluate", trained, few, "--json")
    assert status == 0
    assert json.loads(printed)["clips"] == 2
    other = sound_folder.make(tmp_path / "x" / "o", clips=1, kinds=("low", "high"))
    (other / "high").rename(other / "shriek")
    status, _, err = run("evaluate", trained, other)
    assert status == 1
    assert "shriek" in err


def test_a_corrupt_file_is_named_before_or_left_out(run, folder, trained, tmp_path):
    bad = tmp_path / "bad"
    shutil.copytree(folder, bad)
    (bad / "low" / "broken.wav").write_bytes(b"RIFF....WAVEnothing")
    status, _, err = run("train", bad, "--out", tmp_path / "mine.keras", *QUICK)
    assert status == 1
    assert "broken.wav" in err
    assert not (tmp_path / "mine.keras").exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        status, printed, err = run("evaluate", trained, bad, "--errors", "skip")
    assert status == 0
    assert "12 clips" in printed
    assert "broken.wav was left out" in err


def test_folders_that_cannot_be_learned_from(run, folder, tmp_path):
    out = ("--out", tmp_path / "mine.keras")
    (tmp_path / "empty").mkdir()
    status, _, err = run("train", tmp_path / "empty", *out)
    assert (status, "two classes" in err) == (1, True)
    one = tmp_path / "one"
    shutil.copytree(folder, one)
    for path in sorted((one / "noise").iterdir())[1:]:
        path.unlink()
    status, _, err = run("train", one, *out)
    assert (status, "'noise' has 1 clip" in err) == (1, True)
    next((one / "noise").iterdir()).unlink()
    status, _, err = run("train", one, *out)
    assert (status, "without audio: noise" in err) == (1, True)
    status, _, err = run("train", tmp_path / "nowhere", *out)
    assert (status, "nowhere" in err) == (1, True)


def test_what_cannot_be_written_or_loaded_is_told_at_once(run, folder, trained):
    status, _, err = run("train", folder, "--out", trained, *QUICK)
    assert (status, "--overwrite" in err) == (1, True)
    status, _, err = run("train", "nowhere", "--out", "mine.h5")
    assert (status, "mine.h5" in err) == (1, True)
    out = trained.with_name("other.keras")
    status, _, err = run("train", folder, "--out", out, "--model", "NoNet")
    assert (status, "NoNet" in err) == (1, True)
    status, _, err = run("evaluate", trained.with_name("no.keras"), folder)
    assert (status, "no.keras" in err) == (1, True)


def test_options_of_the_other_kind_are_refused(run, folder, trained):
    status, _, err = run("evaluate", trained, folder, "--probe", "mlp", "--seed", "1")
    assert (status, "--probe, --seed" in err) == (1, True)
    status, _, err = run("evaluate", "esc50", folder, "--errors", "skip")
    assert (status, "--errors" in err) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("train", "folder"),
        ("train", "folder", "--out", "a.keras", "--validation", "1"),
        ("train", "folder", "--out", "a.keras", "--hold-out", "0"),
        ("evaluate", "a.keras", "folder", "--hold-out", "2"),
        ("train", "folder", "--out", "a.keras", "--freeze-epochs", "-1"),
        ("train", "folder", "--out", "a.keras", "--learning-rate", "0"),
        ("train", "folder", "--out", "a.keras", "--silence-db", "3"),
        ("train", "folder", "--out", "a.keras", "--errors", "ignore"),
        ("evaluate", "mine.h5", "folder"),
    ],
)
def test_wrong_commands(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_versions_of_the_clips_are_told(run, folder, tmp_path, monkeypatch):
    pytest.importorskip("python_stretch")
    from kerasaudio.audio.versions import GRID
    from kerasaudio.cli.train_options import VERSIONS

    assert tuple(GRID) == VERSIONS
    words = ("--out", tmp_path / "mine.keras", *QUICK, "--unfreeze-epochs", "1")
    words += ("--augment", "pitch")
    status, printed, err = run("train", folder, *words)
    assert (status, err) == (0, "")
    lines = printed.splitlines()
    assert lines[2] == (
        "4 versions of each clip to learn from (pitch): 36 more, 45 in an epoch"
    )
    (told,) = (line for line in lines if "were learned from, too" in line)
    assert told.startswith("4 versions of each of 9 clips")
    assert "36 were made now" in told
    _, printed, _ = run("train", folder, *words, "--overwrite", "--json")
    (told,) = json.loads(printed)["notes"][:1]
    assert "0 were made now" in told

    monkeypatch.setitem(sys.modules, "python_stretch.Signalsmith", None)
    status, _, err = run("train", folder, *words, "--overwrite")
    assert status == 1
    assert "--augment needs python-stretch: pip install" in err


@pytest.mark.parametrize("names", ["wow", "stretch,", "stretch pitch", ""])
def test_unknown_versions_are_refused(folder, tmp_path, capsys, names):
    out = tmp_path / "mine.keras"
    with pytest.raises(SystemExit):
        main(["train", str(folder), "--out", str(out), "--augment", names])
    assert "is not one of stretch, pitch" in capsys.readouterr().err
