"""Text of files and servers does not steer a terminal."""

import sys
from pathlib import Path

import numpy as np
import pytest

from kerasaudio.cli import main
from kerasaudio.cli.tagged import Moment, Tagged
from kerasaudio.cli.writer import TagWriter
from kerasaudio.core import AudioSpec
from kerasaudio.datasets import from_folder
from kerasaudio.datasets.rows import require_columns
from kerasaudio.files.whole_file import write_csv
from kerasaudio.plot.figure import plain
from kerasaudio.plot.page import write_page
from kerasaudio.plot.project import Projection
from kerasaudio.text import cell, columns, escaped, warn
from support import sounds
from support.tiny import tiny_model

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
    tags = [(EVIL, 0.5)]
    with TagWriter(sys.stdout, "text", True) as writer:
        writer.write(Tagged(EVIL, tags, [Moment(0.0, 1.0, tags)]))
    said = capsys.readouterr().out
    assert said.count("dog") == 3
    assert is_safe(said)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("Föhn 雨, 'it' \\ x", "Föhn 雨, 'it' \\ x"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31m\x9b\u202e", "\\x1b[31m\\x9b\\u202e"),
        ("bad-\udcff.wav", "bad-\udcff.wav"),  # the bytes of a name are kept
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-x", "'-x"),
        ("-0.5", "-0.5"),
        ("+1e-3", "+1e-3"),
        ("\t=1+1", "'\t=1+1"),
        ("a=b", "a=b"),
    ],
)
def test_cells_of_csv_files(text, wanted):
    assert cell(text) == wanted


def test_csv_files(tmp_path):
    write_csv(tmp_path / "a.csv", [("label", "score"), (EVIL, -0.5), ("=1+1", 3)])
    said = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert is_safe(said)
    assert said.splitlines()[2] == "'=1+1,3"
    assert said.splitlines()[1].endswith(",-0.5")
    write_csv(tmp_path / "b.csv", [("path",), (Path(EVIL),)])
    assert is_safe((tmp_path / "b.csv").read_text(encoding="utf-8"))


def test_a_name_takes_one_line_of_a_table():
    assert columns([("dog\n\x1b", "1"), ("\t", "2")]) == "dog\\n\\x1b  1\n\\t         2"


@pytest.mark.parametrize("with_timeline", [False, True])
def test_tags_as_csv(with_timeline, capsys):
    tags = [(EVIL, 0.5), ("=1+1", 0.25)]
    with TagWriter(sys.stdout, "csv", with_timeline) as writer:
        writer.write(Tagged(EVIL, tags, [Moment(0.0, 1.0, tags)]))
    said = capsys.readouterr().out
    assert is_safe(said)
    assert ",'=1+1,0.250000" in said


def test_warnings():
    with pytest.warns(UserWarning, match="dog") as told:
        warn(EVIL, stacklevel=1)
    assert is_safe(str(told[0].message))
    assert told[0].filename == __file__


def test_clips_that_are_left_out(tmp_path):
    sounds.class_folders(tmp_path, {"a": 1, "b": 1})
    (tmp_path / "a" / f"{EVIL.replace('/', '')}.wav").write_bytes(b"no sound")
    clips = from_folder(tmp_path)
    with pytest.warns(UserWarning, match="left out") as told:
        clips.batches(AudioSpec.of_fixed_clips(8_000, 400), errors="skip", cache=False)
    assert all(is_safe(str(warning.message)) for warning in told)


def test_names_in_errors_about_tables():
    with pytest.raises(ValueError, match="lacks") as info:
        require_columns([EVIL], ["path"], "table")
    assert is_safe(str(info.value))


def test_a_page_of_names(tmp_path):
    projection = Projection(np.zeros((1, 2)), ("x", "y"))
    write_page(tmp_path / "a.html", projection, [EVIL], np.zeros(1), [EVIL], None, EVIL)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert is_safe(page)
    assert "dog" in page


def test_what_training_says_first(tmp_path, capsys):
    for name in (f"a{EVIL}", "b"):
        for take in range(4):
            sounds.write(tmp_path / "set" / name / f"{take}.wav")
    tiny_model().save(tmp_path / "start.keras")
    words = ["train", str(tmp_path / "set"), "--model", str(tmp_path / "start.keras")]
    short = ["--freeze-epochs", "1", "--unfreeze-epochs", "0"]
    assert main([*words, *short, "--out", str(tmp_path / "out.keras")]) == 0
    said = capsys.readouterr().out
    assert "dog" in said
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
