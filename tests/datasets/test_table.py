"""from_table: CSV files and DataFrames, spans, folds, several labels."""

import csv
import unicodedata

import numpy as np
import pandas
import pytest

from kerasaudio.datasets import from_table
from support import sounds

COMPOSED = unicodedata.normalize("NFC", "caf\u00e9")
APART = unicodedata.normalize("NFD", COMPOSED)


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "c"):
        sounds.write(tmp_path / "audio" / f"{name}.wav")
    return tmp_path


def table(folder, text):
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_in_a_csv(folder):
    path = table(
        folder,
        "path,label,start,end,fold,group,part\n"
        "audio/a.wav,knock,,0.2,1,x,training\n"
        "audio/a.wav,bark,0.25,,1,x,training\n"
        "audio/b.wav,bark,0,0.5,2,y,testing\n"
        r"audio\c.wav,knock,,,2,z,testing" + "\n",
    )
    clips = from_table(path)
    assert clips.name == "mine"
    assert clips.class_names == ("bark", "knock")
    assert clips.targets.tolist() == [1, 0, 0, 1]
    assert clips.starts.tolist() == [0, 0.25, 0, 0]
    assert clips.ends.tolist() == [0.2, np.inf, 0.5, np.inf]
    assert clips.folds.tolist() == [1, 1, 2, 2]
    assert clips.groups.tolist() == list("xxyz")
    training, testing = clips.published_split()
    assert (len(training), len(testing)) == (2, 2)
    assert all(path.is_file() for path in clips.paths)


def test_parts_of_a_file_are_one_recording(folder):
    clips = from_table(table(folder, "path,label\naudio/a.wav,x\naudio/a.wav,y\n"))
    assert clips.recordings.tolist() == [0, 0]


def test_several_labels(folder):
    text = "file,tags\naudio/a.wav,slow; quiet\naudio/b.wav,\naudio/c.wav,slow\n"
    clips = from_table(table(folder, text), path="file", label="tags", separator=";")
    assert clips.multi_label
    assert clips.class_names == ("quiet", "slow")
    assert clips.targets.tolist() == [[True, True], [False, False], [False, True]]
    assert clips.categories == ("quiet;slow", "", "slow")


def test_an_empty_separator_is_named(folder):
    with pytest.raises(ValueError, match="separator must not be empty"):
        from_table(table(folder, "path,label\naudio/a.wav,x\n"), separator="")


def test_columns_of_flags_in_a_frame(folder):
    frame = pandas.DataFrame(
        {
            "path": [folder / "audio" / f"{n}.wav" for n in "abc"],
            "slow": [1, 0, 1],
            "loud": [0.0, 1.0, 1.0],
            "fold": [1.0, 2.0, 2.0],
            "end": [0.1, np.nan, None],
        }
    )
    clips = from_table(frame, label=["slow", "loud"], classes=["loud", "slow"])
    assert clips.targets.tolist() == [[False, True], [True, False], [True, True]]
    assert clips.folds.tolist() == [1, 2, 2]
    assert clips.ends.tolist() == [0.1, np.inf, np.inf]
    lists = pandas.DataFrame({"path": frame["path"], "label": [["x"], [], ["x", "y"]]})
    assert from_table(lists, separator=";").targets.sum(axis=1).tolist() == [1, 0, 2]


def test_order_of_classes(folder):
    path = table(folder, "path,label\naudio/a.wav,x\naudio/b.wav,y\n")
    assert from_table(path, classes=["y", "x"]).targets.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"not in classes: x\. Classes: y"):
        from_table(path, classes=["y"])
    with pytest.raises(ValueError, match="Classes without a clip: z"):
        from_table(path, classes=["x", "y", "z"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n", "lists no clips"),
        ("file,label\na,b\n", r"lacks the columns path\. Received: file, label"),
        ("path,label\naudio/a.wav,\n", "no label, the first in line 2"),
        ("path,label\n../../etc/passwd,x\n", "leads out of it"),
        ("path,label\n/etc/passwd,x\n", "leads out of it"),
        ("path,label\n,x\n", "not a name of a file"),
        ("path,label\naudio/\0.wav,x\n", "not a name of a file"),
        ("path,label\naudio/a.wav\n", "line 2, has fewer fields"),
        ("path,label,start\naudio/a.wav,x,soon\n", "start must hold seconds"),
        ("path,label,start,end\naudio/a.wav,x,2,1\n", "2 s to 1 s of"),
        ("path,label,start\naudio/a.wav,x,-1\n", "start at 0 s or later"),
        ("path,label,fold\naudio/a.wav,x,1.5\n", "whole numbers.*1.5"),
        ("path,label,fold\naudio/a.wav,x,\n", "fold must hold whole numbers"),
        ("path,label,fold\naudio/a.wav,x,1\naudio/b.wav,x,3\n", "gaps.*1, 3"),
        (
            "path,label,fold\naudio/a.wav,x,20240131\naudio/b.wav,x,20240201\n",
            r"gaps\. Received: 20240131, 20240201.*rename the column",
        ),
        ("path,label,fold\naudio/a.wav,x,1000000000\n", "without gaps.*1000000000"),
        ("path,label,fold\naudio/a.wav,x,1e300\n", r"whole numbers.*1e\+300"),
        ("path,label,fold\naudio/a.wav,x,inf\n", "whole numbers.*inf"),
        (
            "path,label\naudio/a.wav,x\naudio/b.wav,dog, small\n",
            r"line 3, has 3 fields, but the heading names 2 columns\. Received: "
            "'audio/b.wav,dog, small'. Put double quotes around a field that contains "
            "a comma",
        ),
        ("path,label\naudio/a.wav,dog, small\naudio/b.wav,x\n", "line 2, has 3 fields"),
        ('path,label\naudio/a.wav,"two\nlines"\naudio/b.wav,x,y\n', "line 4, has 3"),
        ("path;label\naudio/a.wav;x;y\n", "contains a semicolon"),
        ("path,label,label\naudio/a.wav,x,y\n", "two columns named 'label'"),
        ("path,label,part\naudio/a.wav,x,dev\n", "parts must be among training.*dev"),
        (
            "path,label,group,part\naudio/a.wav,x,g,training\naudio/b.wav,x,g,testing\n",
            "recording g are in the parts testing, training",
        ),
    ],
)
def test_bad_tables(folder, text, message):
    with pytest.raises(ValueError, match=message) as info:
        from_table(table(folder, text))
    assert str(folder / "mine.csv") in str(info.value)


def test_missing_files_and_tables(folder):
    with pytest.raises(FileNotFoundError, match=r"1 of the 1 clips.*gone\.wav"):
        from_table(table(folder, "path,label\ngone.wav,x\n"))
    with pytest.raises(FileNotFoundError, match=r"mine\.csv lists are not in"):
        from_table(table(folder, f"path,label\n{'a' * 5_000}.wav,x\n"))
    with pytest.raises(FileNotFoundError, match="There is no table"):
        from_table(folder / "no.csv")
    with pytest.raises(ValueError, match=r"CSV file, or a DataFrame\. Received: int"):
        from_table(3)
    with pytest.raises(ValueError, match="lacks the columns when"):
        from_table(table(folder, "path,label\naudio/a.wav,x\n"), start="when")
    with pytest.raises(ValueError, match=r"must hold 0 or 1.*'2' in line 2"):
        from_table(table(folder, "path,x,y\naudio/a.wav,2,0\n"), label=["x", "y"])


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_separators_of_columns_are_told_apart(folder, delimiter):
    rows = [("file", "label", "start"), ("audio/a.wav", "x, y", "0.1")]
    rows += [("audio/b.wav", "z;q", ""), ("audio/c.wav", "x\ty", "")]
    path = folder / "mine.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    clips = from_table(path, path="file")
    assert clips.categories == ("x, y", "z;q", "x\ty")
    assert clips.starts.tolist() == [0.1, 0, 0]


def test_empty_fields_behind_the_last_column_are_nothing(folder):
    clips = from_table(table(folder, "path,label\naudio/a.wav,x,,\naudio/b.wav,y\n"))
    assert clips.categories == ("x", "y")


MISSING = [None, np.nan, pandas.NA, pandas.NaT, ""]


@pytest.mark.parametrize("missing", MISSING, ids=repr)
def test_missing_values_of_a_frame(folder, missing):
    paths = [folder / "audio" / f"{name}.wav" for name in "ab"]
    frame = pandas.DataFrame(
        {"path": paths, "label": ["x", missing], "start": [0.1, missing]}, dtype=object
    )
    with pytest.raises(ValueError, match="1 clips have no label, the first in line 3"):
        from_table(frame)
    clips = from_table(frame, separator=";")
    assert clips.class_names == ("x",)
    assert clips.targets.tolist() == [[True], [False]]
    assert clips.starts.tolist() == [0.1, 0]
    for column in ("path", "fold"):
        with pytest.raises(ValueError, match=f"no path|{column} must hold"):
            from_table(frame.assign(label="x", **{column: missing}))
    with pytest.raises(ValueError, match="must hold 0 or 1"):
        from_table(frame.assign(x=[1, missing]), label=["x"])
    frame["label"] = [["x", missing], [missing]]
    assert from_table(frame, separator=";").class_names == ("x",)


def test_pandas_own_types_with_missing_values(folder):
    paths = [str(folder / "audio" / f"{name}.wav") for name in "ab"]
    frame = pandas.DataFrame({"path": paths, "label": ["x", None]}).convert_dtypes()
    with pytest.raises(ValueError, match="no label, the first in line 3"):
        from_table(frame)


def test_accents_written_in_two_ways_are_one_class(folder):
    text = f"path,label\naudio/a.wav,{COMPOSED}\naudio/b.wav,{APART}\n"
    clips = from_table(table(folder, text), classes=[APART])
    assert clips.class_names == (COMPOSED,)
    assert clips.targets.tolist() == [0, 0]
    text = f"path,label\naudio/a.wav,x;{COMPOSED}\naudio/b.wav,{APART}\n"
    clips = from_table(table(folder, text), separator=";")
    assert clips.class_names == (COMPOSED, "x")
    text = f"path,{APART},b\naudio/a.wav,1,0\naudio/b.wav,0,1\n"
    clips = from_table(table(folder, text), label=[APART, "b"], classes=["b", COMPOSED])
    assert clips.class_names == ("b", COMPOSED)
    assert clips.targets.tolist() == [[False, True], [True, False]]
