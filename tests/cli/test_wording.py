"""Errors on the command line name its options, not the library's arguments."""

import io
import re
import shutil
import types
import warnings

import numpy as np
import pytest
import soundfile

import kerasaudio
from kerasaudio.cli.common import warnings_as_lines
from kerasaudio.cli.wording import in_options

WORDS = {
    "weights": "--weights",
    "input_seconds": "--seconds",
    "overwrite": "--overwrite",
    "channels": "--channels",
    "filters": "--set filters=",
    "verify=False": "--no-verify",
    'input_seconds="dynamic"': "--dynamic",
    "; kerasaudio.get() gets it": "",
}
PYTHON = re.compile(r"(?<!--set )\b[a-z_]+=|\bkerasaudio\.[a-z_]+|\b[a-z_]+\(")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Received: input_seconds=0.01.", "Received: --seconds 0.01."),
        ("Received: input_seconds=1e-09.", "Received: --seconds 1e-09."),
        ("leave out weights='a b'.", "leave out --weights 'a b'."),
        ('Unknown weights="mtta" here', "Unknown --weights mtta here"),
        ("Pass overwrite=True to replace it.", "Pass --overwrite to replace it."),
        ("Received: weights=None.", "Received: no --weights."),
        ("give weights=, a file", "give --weights, a file"),
        ("input_seconds must be above 0", "--seconds must be above 0"),
        ("channels must be 1", "--channels must be 1"),
        ("2 channels must be 1", "2 channels must be 1"),
        ("It has no weights: name a file", "It has no weights: name a file"),
        ("verify=False keeps it", "--no-verify keeps it"),
        ('input_seconds="dynamic" is', "--dynamic is"),
        ("filters=3 contradicts", "--set filters=3 contradicts"),
        ("filters must be 1 or more", "--set filters must be 1 or more"),
        ("--set filters= takes a number", "--set filters= takes a number"),
        ("as in the archive; kerasaudio.get() gets it.", "as in the archive."),
        ("'weights=3.wav' is a folder", "'weights=3.wav' is a folder"),
        (
            "my_weights=3, a.overwrite=3",
            "my_weights=3, a.overwrite=3",
        ),
        ("Keras' own weights='x'", "Keras' own --weights x"),
        ("a/weights=3/b.wav: bad", "a/weights=3/b.wav: bad"),
        ("in/input_seconds/b.wav: bad", "in/input_seconds/b.wav: bad"),
    ],
)
def test_arguments_become_options(text, said):
    assert in_options(text, WORDS) == said
    assert in_options(said, WORDS) == said
    assert in_options(text, {}) == text


@pytest.fixture(scope="module")
def place(tmp_path_factory, saved):
    """A folder of sounds, tables and models to go wrong with."""
    folder = tmp_path_factory.mktemp("place")
    rng = np.random.default_rng(0)
    for name in ("sounds/a/1", "sounds/a/2", "sounds/b/1", "sounds/b/2"):
        path = folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.1 * rng.normal(size=8_000), 8_000)
    whole = (folder / "sounds/a/1.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    for name in ("a", "b"):
        bad = folder / "bad" / name
        bad.mkdir(parents=True)
        (bad / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "hollow").mkdir()
    (folder / "gaps.csv").write_text("path,label\nsounds/a/1.wav,a\nsounds/b/1.wav,\n")
    (folder / "others.csv").write_text(
        "path,label\nsounds/a/1.wav,owl\nsounds/b/1.wav,b\n"
    )
    for name in ("there.keras", "there.npz", "there.tflite", "there.csv"):
        (folder / name).write_text("mine")
    shutil.copy(saved, folder / "tiny.keras")
    kerasaudio.SoundEventCRNN(labels=["a", "b"]).save(folder / "any.keras")
    kerasaudio.LeNetMFCC(classes=2, classifier_activation=None, labels=["a", "b"]).save(
        folder / "logits.keras"
    )
    kerasaudio.LeNetMFCC(include_top=False).save(folder / "body.keras")
    return folder


NEEDS_INT8 = "--quantize int8 needs --calibrate"
LISTEN = "listen --raw --rate 8000"
TRAIN = "train sounds --out new.keras --model"
RAISES = [
    ("tag sounds --model MusiCNN/mtta", "Unknown --weights mtta"),
    (
        "tag sounds --model MusiCNN/mtat --weights msd",
        "already names its weights.*--weights msd",
    ),
    ("tag sounds --model tiny.keras --weights a", "leave out --weights a."),
    ("tag sounds --weights absent.pth", "see kerasaudio list."),
    ("tag sounds --model tiny.keras --repeat-to 9", "--repeat-to must be at most"),
    (
        "tag cut.wav --model tiny.keras",
        "To use the part that can be read: --errors salvage.",
    ),
    ("detect sounds --model MusiCNN/mtta", "Unknown --weights mtta"),
    (
        "detect sounds --model MusiCNN/mtat --labels d",
        "All 50 are shown by kerasaudio info",
    ),
    ("detect sounds --model tiny.keras --labels a,a", "--labels names 'a' twice"),
    ("detect sounds --model tiny.keras --labels ,", "--labels has an empty label"),
    ("detect sounds --model tiny.keras --out there.csv", "or pass --overwrite."),
    ("detect sounds --model tiny.keras --out a.txt", "--format audacity. For one"),
    ("detect sounds --model tiny.keras --out new.npz", "--out must be a file with"),
    ("detect sounds --model tiny.keras --format raven", "--format and --overwrite"),
    ("detect cut.wav --model tiny.keras", "can be read: --errors salvage."),
    (
        "detect sounds --model tiny.keras --window 0.001",
        "Received: --window 0.001.",
    ),
    ("detect sounds --model tiny.keras --hop 1e9", "--hop, in samples"),
    (
        "detect sounds --model any.keras --hop 0.1",
        "neither --window nor --hop.*Received: --hop 0.1.",
    ),
    ("detect sounds --model body.keras", "body.keras has no labels to look for"),
    ("detect sounds --model logits.keras", "not probabilities.*Use a model with"),
    (f"{LISTEN} tiny.keras --window 0.01", "Received: --window 0.01."),
    (f"{LISTEN} tiny.keras --hop 1e9", "--hop, in samples, must be"),
    ("listen --raw --rate 1 tiny.keras", "--rate must be a whole number"),
    (f"{LISTEN} tiny.keras --channels 9999", "--channels must be a whole number"),
    (
        f"{LISTEN} any.keras --smoothing average --smoothing-seconds 1e9",
        r"--smoothing-seconds 1e\+09 covers .*--smoothing exponential",
    ),
    ("embed sounds --out there.npz --model tiny.keras", "pass --overwrite."),
    (
        "embed sounds --out new.npz --model tiny.keras --window 0.001",
        "Received: --window 0.001.",
    ),
    (
        "embed cut.wav --out new.npz --model tiny.keras",
        "can be read: --errors salvage.",
    ),
    ("nearest cut.wav sounds --model tiny.keras", "salvage with kerasaudio tag"),
    ("train sounds --out there.keras", "pass --overwrite."),
    ("train sounds --out new.h5", "^kerasaudio: --out must be a .keras file."),
    (f"{TRAIN} LogMelCNN --weights nope", "--weights also takes the path"),
    (f"{TRAIN} LogMelCNN --weights none --set filters=0", "--set filters must be"),
    (
        f"{TRAIN} LogMelCNN --set clip_samples=9",
        "--set clip_samples=9 contradicts .*, or use --weights none.$",
    ),
    (
        f"{TRAIN} LogMelCNN --head kept --freeze-epochs 0 --unfreeze-epochs 0",
        "--freeze-epochs and",
    ),
    (f"{TRAIN} LogMelCNN --clip-seconds 0.001", "Received: --clip-seconds 0.001."),
    (f"{TRAIN} LogMelCNN --silence-db 0", "is below --silence-db 0."),
    (
        f"{TRAIN} LogMelCNN --recording (",
        "--recording must be a valid regular expression",
    ),
    (f"{TRAIN} LogMelCNN --recording zz", "--recording zz matches nothing"),
    ("train gaps.csv --out new.keras", "pass --separator."),
    ("train gaps.csv --out new.keras --separator ''", "--separator must not be empty"),
    ("evaluate any.keras sounds --clip-seconds 1e-3", "--clip-seconds 0.001."),
    ("evaluate tiny.keras others.csv", "`kerasaudio train` makes a model"),
    ("evaluate any.keras bad", "Repair or remove them, or pass --errors skip."),
    ("evaluate esc50 hollow", "as in the official archive."),
    ("export tiny.keras new.tflite --quantize int8", f"{NEEDS_INT8}.*no --calibrate"),
    ("export tiny.keras new.tflite --calibrate sounds", f"{NEEDS_INT8}.*no --quantize"),
    ("export tiny.keras new.tflite --dynamic", "--dynamic is for networks"),
    ("export tiny.keras new.tflite --seconds 0.01", "Received: --seconds 0.01."),
    ("export tiny.keras there.tflite", "pass --overwrite."),
    ("export tiny.keras new.tflite --format onnx", "--format onnx needs"),
    ("export tiny.keras new --quantize float16", "It takes no --quantize."),
    ("list Nope", "no published weights for 'Nope'"),
    ("info MusiCNN nope", "Unknown tag nope for MusiCNN"),
    ("download MusiCNN/nope", "Unknown tag nope for MusiCNN"),
]


@pytest.mark.parametrize(("line", "says"), RAISES, ids=[line for line, _ in RAISES])
def test_errors_name_options(run, place, monkeypatch, line, says):
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=io.BytesIO()))
    monkeypatch.setattr("kerasaudio.exporting.exporting.check_installed", lambda *_: 0)
    words = [word.strip("'") for word in line.split()]

    status, out, err = run(*words)

    assert status == 1
    assert "Traceback" not in out + err
    assert re.search(says, err, re.DOTALL), err
    assert not PYTHON.search(err), err


def test_an_interrupted_training_names_options(run, place, monkeypatch):
    monkeypatch.chdir(place)
    line = "train sounds --model any.keras --out half.keras --freeze-epochs 1"

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kerasaudio.cli.train.epoch_line", stop)
        assert run(*line.split())[0] == 130
    status, _, err = run(*line.split(), "--batch-size", 3)

    assert status == 1
    assert "--batch-size" in err
    assert "start again with --restart." in err
    assert not PYTHON.search(err), err


def test_json_names_options(run, place, monkeypatch):
    monkeypatch.chdir(place)
    out = run("tag", "cut.wav", "--model", "tiny.keras", "--json")[1]
    assert "To use the part that can be read: --errors salvage." in out
    assert not PYTHON.search(out)


def test_warnings_name_options(capsys):
    with warnings.catch_warnings(), warnings_as_lines(WORDS):
        warnings.simplefilter("always")
        warnings.warn("slow: overwrite=True", stacklevel=1)
    assert capsys.readouterr().err == "kerasaudio: slow: --overwrite\n"
