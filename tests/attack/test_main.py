"""The table of `python -m tests.attack`, and what it calls a failure."""

import pytest

from . import __main__ as command
from . import failures, fuzz


class Half:
    """An area in which every second case fails."""

    NAME = "half: cases"

    def run(self, quick):
        for number in range(4 if quick else 8):
            yield f"case {number}", "it did not hold" if number % 2 else None


class Broken:
    """An area that breaks."""

    NAME = "broken"

    def run(self, quick):
        yield "the first", None
        raise RuntimeError("no more")


@pytest.fixture(autouse=True)
def areas(monkeypatch):
    known = {"half": [Half()], "broken": [Broken()]}
    monkeypatch.setattr(command, "MODULES", tuple(known))
    monkeypatch.setattr(command, "areas", known.get)


def test_failures_are_listed():
    assert failures(Half()) == ["case 1: it did not hold", "case 3: it did not hold"]


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["half"], [("half: cases", "8", "4")]),
        (["half", "--quick"], [("half: cases", "4", "2")]),
        (["half: c"], [("half: cases", "8", "4")]),
        (["broken"], [("broken", "1", "1")]),
        ([], [("half: cases", "8", "4"), ("broken", "1", "1")]),
    ],
)
def test_the_table(words, rows, capsys):
    assert command.main(words) == 1
    told = capsys.readouterr()
    table = [line.strip("| ").split("|") for line in told.out.splitlines()[2:]]
    assert [tuple(map(str.strip, row[:3])) for row in table] == rows
    assert "it did not hold" in told.err or "no more" in told.err


def test_what_is_no_area(capsys):
    with pytest.raises(SystemExit):
        command.main(["nothing"])
    assert "no such area" in capsys.readouterr().err


def test_fuzzing_says_what_it_needs(monkeypatch, capsys):
    monkeypatch.setattr(fuzz.importlib.util, "find_spec", lambda name: None)
    assert command.main(["--fuzz", "wav"]) == 2
    assert "pip install atheris" in capsys.readouterr().err


def test_readers_are_named(monkeypatch, capsys):
    monkeypatch.setattr(fuzz.importlib.util, "find_spec", lambda name: True)
    assert command.main(["--fuzz", "nothing"]) == 2
    assert "torch-zip" in capsys.readouterr().err
