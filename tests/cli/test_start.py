"""The first contact: which backend is taken, what is written, and how it ends."""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import keras
import pytest

from kerasaudio import cli, start
from kerasaudio.cli.factories import description, factory_files
from kerasaudio.cli.listen import SMOOTHINGS
from kerasaudio.extras import install
from kerasaudio.models import FACTORIES
from kerasaudio.streaming import smoothing
from support import command

GROOVE = command.CHECKOUT / "examples" / "groove.ogg"
HERE = keras.backend.backend()
OTHERS = tuple(name for name in command.BACKENDS if name != HERE)
HINTS = "; or: ".join(install(name) for name in command.BACKENDS)
NONE = f"Keras needs a backend, and none is installed. Run: {HINTS}"

NOISE = "import os\nos.write(2, b'about this machine\\n')\n"
WAITS = "import os, time\nos.write(1, b'waiting\\n')\ntime.sleep(120)\n"


@pytest.fixture
def variables(monkeypatch):
    """The environment of this test, without the two that are settled."""
    settled = (start.VARIABLE, start.LOG_LEVEL)
    own = {key: value for key, value in os.environ.items() if key not in settled}
    monkeypatch.setattr(os, "environ", own)
    return own


def test_the_installed_backend_answers_and_all_that_is_written_is_ours(tmp_path):
    """Keras' own file names another backend, as it does after a change of mind."""
    (tmp_path / "keras").mkdir()
    settings = json.dumps({"backend": OTHERS[-1]})
    (tmp_path / "keras" / "keras.json").write_text(settings)

    status, out, err = command.run(tmp_path, "tag", GROOVE, hidden=OTHERS)

    assert status == 0, err
    assert out.splitlines()[1].split()[1] == "Music"
    assert err.splitlines() == [
        f"kerasaudio: Using the backend {HERE}, because {OTHERS[-1]} is not installed; "
        f"KERAS_BACKEND={HERE} says so without this message.",
        "kerasaudio: Using YAMNet/audioset; --model names another network, such as "
        "MusiCNN for music.",
    ]


def test_import_takes_the_installed_backend(tmp_path):
    program = "import kerasaudio, keras\nprint(keras.backend.backend())\n"
    program += "keras.ops.add(keras.ops.ones(1), 1.0)"
    status, out, err = command.run(tmp_path, hidden=OTHERS, python=program)
    assert (status, out) == (0, f"{HERE}\n")
    assert "kerasaudio" not in err
    if HERE == "tensorflow":
        assert err == ""  # nor what TensorFlow writes about the machine


@pytest.mark.parametrize(
    ("installed", "given", "file", "taken"),
    [
        (["jax", "torch"], None, None, "jax"),
        (["torch"], None, "tensorflow", "torch"),
        (["torch"], "", None, "torch"),
        (["tensorflow", "torch"], None, "jax", "tensorflow"),
        (["tensorflow", "torch"], None, "torch", None),
        (["tensorflow", "torch"], None, None, None),
        (["torch"], "jax", None, "jax"),
        ([], None, None, None),
    ],
)
def test_the_choice(installed, given, file, taken, tmp_path, monkeypatch, variables):
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr(start, "is_installed", lambda name: name in installed)
    variables |= {"KERAS_HOME": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "0"}
    if given is not None:
        variables["KERAS_BACKEND"] = given
    if file is not None:
        (tmp_path / "keras.json").write_text(json.dumps({"backend": file}))

    start.settle()

    assert variables.get("KERAS_BACKEND") == taken
    assert variables["TF_CPP_MIN_LOG_LEVEL"] == "0"
    assert (start.told() is not None) == (taken is not None and not given)
    assert start.told() is None


def test_how_much_tensorflow_logs(monkeypatch, variables):
    monkeypatch.delitem(sys.modules, "keras")
    variables["KERAS_BACKEND"] = HERE
    start.settle()
    assert variables["TF_CPP_MIN_LOG_LEVEL"] == "3"


LOGGED = [
    "WARNING: All log messages before absl::InitializeLog() is called are written",
    "I0000 00:00:1795936016.599534   15155 port.cc:153] oneDNN custom operations",
    "E0000 00:00:1795936034.700886   15155 cuda_platform.cc:52] failed call to cuInit",
    "2026-11-28 12:00:00.123456: I tensorflow/core/util/port.cc:113] oneDNN",
    "To enable the following instructions: AVX2 AVX512F FMA, in other operations",
    "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
]
OTHERS_LINES = ["Traceback:", "2026 is a year", "Illegal: I0000", "INFO: mine", ""]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("level", ["3", "0"])
def test_only_lines_about_the_machine_are_left_out(fails, level, variables, capfd):
    """If something fails, all of them may be the reason."""
    variables["TF_CPP_MIN_LOG_LEVEL"] = level
    lines = [line for pair in zip(LOGGED, OTHERS_LINES, strict=False) for line in pair]
    failing = pytest.raises(ImportError) if fails else contextlib.nullcontext()
    with failing, start.without_log():
        for line in lines:
            os.write(2, f"{line}\n".encode())
        if fails:
            raise ImportError("no backend")
    print("after", file=sys.stderr)
    shown = lines if fails or level == "0" else OTHERS_LINES
    assert capfd.readouterr().err.splitlines() == [*shown, "after"]


def test_what_keras_has_taken_stays(monkeypatch, variables):
    monkeypatch.setattr(start, "is_installed", lambda name: name == OTHERS[0])
    before = dict(variables)
    start.settle()
    assert variables == before
    start.check_backend()


def test_a_folder_left_behind_is_no_backend(tmp_path, monkeypatch):
    (tmp_path / "left_behind" / "lib").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    assert not start.is_installed("left_behind")
    assert start.is_installed("json")


def test_without_a_backend_one_line_says_what_to_install(tmp_path):
    got = command.run(tmp_path, "tag", GROOVE, hidden=command.BACKENDS)
    assert got == (2, "", f"kerasaudio: {NONE}\n")


def test_import_without_a_backend_says_what_to_install(tmp_path):
    status, _, err = command.run(
        tmp_path, hidden=command.BACKENDS, python="import kerasaudio"
    )
    assert status == 1
    assert err.endswith(f"BackendError: {NONE}\n")


def test_a_backend_that_keras_does_not_have(tmp_path):
    status, out, err = command.run(tmp_path, "tag", GROOVE, KERAS_BACKEND="thaeno")
    assert (status, out) == (2, "")
    assert err.startswith("kerasaudio: KERAS_BACKEND is 'thaeno', which is not an")
    assert "Choose one that is installed: KERAS_BACKEND=" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("--help", 0),
        ("--version", 0),
        ("listen --help", 0),
        ("list", 0),
        ("info YAMNet", 0),
        ("info MusiCNN/mtat --json", 0),
        ("info Yamnet", 1),
        ("sing", 2),
        ("tag a.wav --tops 3", 2),
        ("list --task crying", 2),
    ],
)
def test_help_and_lists_need_no_keras(tmp_path, words, status):
    hidden = ("keras", *command.BACKENDS)
    got, out, err = command.run(tmp_path, *words.split(), hidden=hidden)
    assert got == status
    assert bool(out) == (status == 0)
    assert bool(err) == (status != 0)
    assert "Traceback" not in err


def test_the_module_needs_no_keras_for_its_help(tmp_path):
    program = (
        "import runpy, sys\n"
        "sys.argv, sys.orig_argv = ['-m'], ['python', '-m', 'kerasaudio.cli', 'list']\n"
        "import kerasaudio\n"
        "assert 'keras' not in sys.modules\n"
    )
    assert command.run(tmp_path, python=program) == (0, "", "")


@pytest.mark.parametrize("factory", FACTORIES)
def test_descriptions_are_those_of_the_factories(factory):
    assert list(factory_files()) == list(FACTORIES)
    whole = FACTORIES[factory].__doc__.partition("\nArgs:")[0].splitlines()
    own = [line for line in whole if line[:4] != "    " and line != "Examples:"]
    assert description(factory).split() == " ".join(own).split()


def test_the_options_of_listen_are_those_of_streaming():
    assert SMOOTHINGS == smoothing.SMOOTHINGS


@pytest.mark.parametrize(
    ("ends", "status", "last"),
    [
        ("raise ImportError('no such library')", 1, "kerasaudio: no such library"),
        ("os.abort()", -signal.SIGABRT, "about this machine"),
    ],
)
def test_what_a_backend_writes_is_shown_if_it_fails(tmp_path, ends, status, last):
    got, out, err = command.run(
        tmp_path,
        *("tag", GROOVE),
        modules=[("tensorflow", NOISE + ends)],
        KERAS_BACKEND="tensorflow",
    )
    assert (got, out) == (status, "")
    assert err.splitlines()[0] == "about this machine"
    assert err.splitlines()[-1] == last


@pytest.mark.parametrize("level", ["0", "1"])
def test_ctrl_c_during_the_start_of_a_backend(tmp_path, level):
    with command.start(
        tmp_path,
        *("tag", GROOVE),
        modules=[("tensorflow", NOISE + WAITS)],
        KERAS_BACKEND="tensorflow",
        TF_CPP_MIN_LOG_LEVEL=level,
    ) as process:
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    noise = "about this machine\n" if level == "0" else ""
    assert err == f"{noise}kerasaudio: Interrupted.\n"


@pytest.mark.parametrize("module", ["argparse", "jsonschema"])
def test_ctrl_c_during_other_imports(tmp_path, module):
    manifest = str(command.CHECKOUT / "weights_manifest.json")  # which is then checked
    with command.start(
        tmp_path, "list", modules=[(module, WAITS)], KERASAUDIO_MANIFEST=manifest
    ) as process:
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
    assert (process.returncode, err) == (130, "kerasaudio: Interrupted.\n")


def test_ctrl_c_in_a_command_is_a_line(monkeypatch, capsys):
    def interrupt(*arguments, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kerasaudio.cli.catalog.list_weights", interrupt)
    assert cli.main(["list"]) == 130
    assert capsys.readouterr() == ("", "kerasaudio: Interrupted.\n")


def test_a_program_of_another_name_is_not_the_command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/home/someone/kerasaudio.py"])
    assert not start.is_command()
    monkeypatch.setattr(sys, "argv", [str(Path("bin") / "kerasaudio"), "--help"])
    assert start.is_command()
