"""ESC50: what it reads, and that it says what is wrong with a folder."""

import numpy as np
import pytest

from kerasaudio.datasets import ESC50, LabeledClips
from support import esc_folder


@pytest.fixture
def folder(tmp_path):
    return esc_folder.make(tmp_path / "set", clips=1)


def test_reads_the_official_layout(folder):
    clips = ESC50(folder)
    assert len(clips) == len(clips.paths) == 15
    assert clips.class_names == ("low sine", "high sine", "noise")
    assert clips.paths[1] == folder / "audio" / "1-107-A-7.wav"
    assert clips.official_targets[:3].tolist() == [0, 7, 30]
    assert clips.targets[:3].tolist() == [0, 1, 2]
    assert clips.categories[:3] == clips.class_names
    assert clips.folds[:4].tolist() == [1, 1, 1, 2]
    assert clips.src_file[:2].tolist() == ["100", "107"]
    assert all(path.is_file() for path in clips.paths)


def test_esc10_chooses_the_subset(folder):
    clips = ESC50(folder, esc10=True)
    assert clips.class_names == ("low sine", "high sine")
    assert set(clips.official_targets.tolist()) == {0, 7}
    assert len(clips) == 10
    with pytest.raises(ValueError, match="3 classes, not the 50"):
        ESC50(folder, esc10=False)


@pytest.mark.shared
def test_reads_esc10_as_it_stands(shared):
    clips = ESC50(shared / "data" / "esc10")
    assert clips.name == "ESC-10"
    assert len(clips) == 400
    assert len(clips.class_names) == 10
    assert clips.class_names[-1] == "chainsaw"
    pairs = np.stack([clips.folds, clips.targets], axis=1)
    assert np.unique(pairs, axis=0, return_counts=True)[1].tolist() == [8] * 50
    assert set(clips.official_targets.tolist()) == {
        0,
        1,
        10,
        11,
        12,
        20,
        21,
        38,
        40,
        41,
    }


def test_missing_table(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"audio/ and meta.esc50\.csv"):
        ESC50(tmp_path)
    with pytest.raises(FileNotFoundError, match="itself does not exist"):
        ESC50(tmp_path / "nowhere")


def test_missing_clips_are_counted_and_named(folder):
    for path in sorted((folder / "audio").iterdir())[:4]:
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"4 of the 15 .*1-100-A-0\.wav.*4 in"):
        ESC50(folder)


def _change(folder, change):
    rows = esc_folder.read_table(folder)
    esc_folder.write_table(folder, change(rows))


def _set(column, value, line=0):
    def change(rows):
        rows[line][esc_folder.COLUMNS.index(column)] = value
        return rows

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [], "lists no clips"),
        (lambda rows: rows + rows[:1], "lists clips twice"),
        (lambda rows: [row for row in rows if row[1] != "3"], "without gaps.*1, 2, 4"),
        (_set("fold", "two"), "column fold must hold whole numbers.*'two'"),
        (_set("fold", "0"), "folds must be numbered 1"),
        (_set("target", ""), "column target must hold whole numbers"),
        (_set("category", "bark"), "target 0 is both 'bark' and 'low sine'"),
        (_set("filename", "../../secret.wav"), "not a name of a file in audio/"),
        (_set("filename", r"..\secret.wav"), "not a name of a file in audio/"),
        (_set("filename", ""), "not a name of a file in audio/"),
        (_set("src_file", "200"), "the recording 200 are in the folds 1, 2"),
        (lambda rows: [*rows[:1], rows[1][:3]], "line 3, has fewer fields"),
    ],
)
def test_bad_tables(folder, change, message):
    _change(folder, change)
    with pytest.raises(ValueError, match=message):
        ESC50(folder)


def test_two_targets_of_one_category(folder):
    rows = esc_folder.read_table(folder)
    for row in rows:
        row[3] = "sine"
    esc_folder.write_table(folder, rows)
    with pytest.raises(
        ValueError, match="two values of target have the same class name"
    ):
        ESC50(folder)


def test_unknown_columns(folder):
    rows = [row[:3] for row in esc_folder.read_table(folder)]
    esc_folder.write_table(folder, rows, ("file", "fold", "label"))
    with pytest.raises(ValueError, match=r"lacks .*filename, target.*file, fold, lab"):
        ESC50(folder)


def test_a_table_that_is_no_text(folder):
    (folder / "meta" / "esc50.csv").write_bytes(b"\xff\xfe\x00\x01" * 50)
    with pytest.raises(ValueError, match="not a text table"):
        ESC50(folder)


def test_no_clip_of_esc10(folder):
    rows = [row for row in esc_folder.read_table(folder) if row[4] == "False"]
    esc_folder.write_table(folder, rows)
    with pytest.raises(ValueError, match="no clip whose esc10 is True"):
        ESC50(folder, esc10=True)


HOT = np.eye(2, dtype=bool)[[0, 1, 0, 1]]


def _clips(tmp_path, **changes):
    fields = {
        "name": "mine",
        "paths": tuple(tmp_path / f"{i}.wav" for i in range(4)),
        "targets": np.array([0, 1, 0, 1]),
        "class_names": ("a", "b"),
        "folds": np.array([1, 1, 2, 2]),
    }
    return LabeledClips(**(fields | changes))


def test_clips_are_told_in_a_line_without_their_arrays(tmp_path, folder):
    assert repr(ESC50(folder)) == "ESC50('ESC-50', clips=15, classes=3, folds=5)"
    clips = _clips(tmp_path, name="two\nlines\x1b", folds=None)
    told = r"LabeledClips('two\nlines\x1b', clips=4, classes=2)"
    assert repr(clips) == str(clips) == told
    one_fold = _clips(tmp_path).take([0, 1])
    assert repr(one_fold) == "LabeledClips('mine', clips=2, classes=2, folds=1)"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"paths": ()}, "has no clips"),
        ({"targets": np.array([0, 1])}, r"targets must have one entry.*\(2,\)"),
        ({"targets": np.array([0.0, 1, 0, 1])}, "must be integers"),
        ({"targets": np.array([0, 2, 0, 1])}, "Targets without a class: 2"),
        ({"class_names": ("a", "b", "c")}, "Classes without a clip: c"),
        ({"folds": np.array([1, 1, 3, 3])}, "without gaps"),
        ({"groups": np.array(list("xyxy"))}, "recording x are in the folds 1, 2"),
        ({"known": np.ones((4, 2), bool)}, "known must be bool"),
        ({"targets": HOT, "known": np.ones((4, 3), bool)}, "known must be bool"),
        ({"targets": HOT, "known": np.ones((4, 2))}, "known must be bool"),
        ({"targets": HOT, "known": ~HOT}, "must be known. Received: 4 targets"),
        ({"events": np.empty(3, object)}, "events must have one entry"),
    ],
)
def test_clips_that_do_not_fit_together(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        _clips(tmp_path, **changes)


def test_folds_are_required_where_they_are_used(tmp_path):
    assert _clips(tmp_path).require_folds().tolist() == [1, 1, 2, 2]
    with pytest.raises(ValueError, match="no folds for cross-validation"):
        _clips(tmp_path, folds=None).require_folds()
    with pytest.raises(ValueError, match="class 'b' are in fold 2"):
        _clips(tmp_path, targets=np.array([0, 0, 0, 1])).require_folds()
