"""from_table: CSV files and DataFrames, spans, folds, several labels."""

import numpy as np
import pandas
import pytest

from kerasaudio.datasets import from_table
from support import sounds


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "c"):
        sounds.write(tmp_path / "audio" / f"{name}.wav")
    return tmp_path


def table(folder, text):
    path = folder / "mine.csv"
    path.write_text(text)
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
    assert clips.labels.tolist() == [1, 0, 0, 1]
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
    assert clips.labels.tolist() == [[True, True], [False, False], [False, True]]
    assert clips.categories == ("quiet;slow", "", "slow")


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
    assert clips.labels.tolist() == [[False, True], [True, False], [True, True]]
    assert clips.folds.tolist() == [1, 2, 2]
    assert clips.ends.tolist() == [0.1, np.inf, np.inf]
    lists = pandas.DataFrame({"path": frame["path"], "label": [["x"], [], ["x", "y"]]})
    assert from_table(lists, separator=";").labels.sum(axis=1).tolist() == [1, 0, 2]


def test_order_of_classes(folder):
    path = table(folder, "path,label\naudio/a.wav,x\naudio/b.wav,y\n")
    assert from_table(path, classes=["y", "x"]).labels.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"not in classes: x\. Classes: y"):
        from_table(path, classes=["y"])
    with pytest.raises(ValueError, match="No clip has: z"):
        from_table(path, classes=["x", "y", "z"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\n", "lists no clips"),
        ("file,label\na,b\n", r"lacks the columns path\. Received: file, label"),
        ("path,label\naudio/a.wav,\n", "no label, the first in line 2"),
        ("path,label\n../../etc/passwd,x\n", "leads out of it"),
        ("path,label\n/etc/passwd,x\n", "leads out of it"),
        ("path,label\n,x\n", "no name of a file"),
        ("path,label\naudio/a.wav\n", "line 2, is cut short"),
        ("path,label,start\naudio/a.wav,x,soon\n", "start must hold seconds"),
        ("path,label,start,end\naudio/a.wav,x,2,1\n", "2 s to 1 s of"),
        ("path,label,start\naudio/a.wav,x,-1\n", "start at 0 s or later"),
        ("path,label,fold\naudio/a.wav,x,1.5\n", "whole numbers.*1.5"),
        ("path,label,fold\naudio/a.wav,x,\n", "fold must hold whole numbers"),
        ("path,label,fold\naudio/a.wav,x,1\naudio/b.wav,x,3\n", "gaps.*1, 3"),
        ("path,label,part\naudio/a.wav,x,dev\n", "parts are training.*dev"),
        (
            "path,label,group,part\naudio/a.wav,x,g,training\naudio/b.wav,x,g,testing\n",
            "recording g are in the parts testing, training",
        ),
    ],
)
def test_bad_tables(folder, text, message):
    with pytest.raises(ValueError, match=message):
        from_table(table(folder, text))


def test_missing_files_and_tables(folder):
    with pytest.raises(FileNotFoundError, match=r"1 of the 1 clips.*gone\.wav"):
        from_table(table(folder, "path,label\ngone.wav,x\n"))
    with pytest.raises(FileNotFoundError, match="no table named"):
        from_table(folder / "no.csv")
    with pytest.raises(ValueError, match=r"CSV file, or a DataFrame\. Received: int"):
        from_table(3)
    with pytest.raises(ValueError, match="lacks the columns when"):
        from_table(table(folder, "path,label\naudio/a.wav,x\n"), start="when")
    with pytest.raises(ValueError, match=r"must hold 0 or 1.*'2' in line 2"):
        from_table(table(folder, "path,x,y\naudio/a.wav,2,0\n"), label=["x", "y"])
