"""Text of files and servers does not steer a terminal."""

import numpy as np
import pytest

from kerasaudio.cli import main
from kerasaudio.plot.figure import plain
from kerasaudio.report import Writer, columns
from kerasaudio.tagging import Moment, Tagged
from kerasaudio.text import escaped

EVIL = "dog\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202e"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("Föhn 雨 'it' \\ x", "Föhn 雨 'it' \\ x"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\rb\x00", "a\\rb\\x00"),
        ("\x9b", "\\x9b"),
        ("\u202e", "\\u202e"),
        ("\udcff", "\\udcff"),
    ],
)
def test_only_what_steers_a_terminal_is_escaped(text, wanted):
    assert escaped(text) == wanted


def is_safe(text):
    return all(c.isprintable() or c in "\n\t" for c in text)


def test_tables_and_pictures(tmp_path):
    assert is_safe(columns([("class", "clips"), (EVIL, EVIL)]))
    assert is_safe(plain(EVIL))


def test_tags_of_a_file(capsys):
    import sys

    tags = [(EVIL, 0.5)]
    with Writer(sys.stdout, "text", True) as writer:
        writer.write(Tagged(EVIL, tags, [Moment(0.0, 1.0, tags)]))
    said = capsys.readouterr().out
    assert said.count("dog") == 3
    assert is_safe(said)


def test_errors_of_the_command_line(capsys):
    assert main(["tag", f"{EVIL}.wav"]) == 1
    said = capsys.readouterr().err
    assert "dog" in said
    assert is_safe(said)


def test_a_picture_of_names_that_are_no_text(tmp_path):
    pytest.importorskip("matplotlib")
    from kerasaudio.plot import confusion_matrix

    path = confusion_matrix(np.eye(2, dtype=int), ["a\udcff", EVIL], tmp_path / "a.png")
    assert path.stat().st_size
