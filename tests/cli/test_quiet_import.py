"""What TensorFlow logs while it is imported late, on another backend."""

import importlib
import sys

import pytest

from kerasaudio.cli.backend import QuietImport

LOGGED = "I0000 00:00:1795967278.763864   18828 port.cc:153] oneDNN operations are on."


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    """Return the name of a package that logs and warns when it is imported."""

    def make(last):
        name = f"noisy_{last[:5]}"
        lines = f"{LOGGED}\\nanother line\\n"
        (tmp_path / f"{name}.py").write_text(
            f"import os\nos.write(2, b'{lines}')\n{last}\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(sys, "meta_path", [QuietImport(name), *sys.meta_path])
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
        return name

    return make


def test_its_lines_are_left_out(noisy, capfd):
    module = importlib.import_module(noisy("value = 3"))
    assert module.value == 3
    assert capfd.readouterr().err == "another line\n"


def test_all_is_shown_if_it_fails(noisy, capfd):
    with pytest.raises(ZeroDivisionError):
        importlib.import_module(noisy("fails = 1 / 0"))
    assert LOGGED in capfd.readouterr().err
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("noisy_and_missing")
