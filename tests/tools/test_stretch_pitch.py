"""The recipe for stretched and shifted versions: its draws, its rows, its tables."""

import json

import numpy as np
import pytest
import stretch_pitch
import stretch_pitch_data
import stretch_pitch_tables

from kerasaudio.datasets import ESC50
from support import esc_folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = esc_folder.make(tmp_path_factory.mktemp("esc") / "esc10", clips=2)
    return folder, ESC50(folder, esc10=True)


@pytest.mark.parametrize(("clips", "folds"), [(1, [2]), (2, [2]), (4, [2, 3])])
def test_a_draw_learns_from_its_folds_and_holds_out_the_others(data, clips, folds):
    chosen, held_out = stretch_pitch.drawn(data[1], clips, draw=1)
    assert list(chosen) == folds
    assert sorted([*folds, *held_out]) == [1, 2, 3, 4, 5]
    of_fold = data[1].targets[data[1].require_folds() == 2]
    assert np.bincount(of_fold[chosen[2]]).tolist() == [min(clips, 2)] * 2


def test_a_larger_draw_includes_the_smaller(data):
    (few,), (more,) = (
        stretch_pitch.drawn(data[1], clips, 0)[0].values() for clips in (1, 2)
    )
    assert set(few) < set(more)


def test_windows_come_in_rounds_at_places_that_are_not_silent():
    frames = np.arange(140, dtype="float16")[:, None] * np.ones(4, "float16")
    clips = [(frames, np.array([3, 7])), (frames + 1000, np.array([0]))]
    fed = stretch_pitch.Windows(clips, np.array([0, 1]), steps=3, seed=0)
    windows, targets = fed[1]
    assert windows.shape == (stretch_pitch.BATCH, 128, 4)
    assert np.bincount(targets).tolist() == [4, 4]
    assert set(windows[targets == 0, 0, 0]) <= {3, 7}
    assert set(windows[targets == 1, 0, 0]) == {1000}
    np.testing.assert_array_equal(fed[1][0], windows)


def test_silence_is_left_out_unless_there_is_nothing_else():
    assert stretch_pitch.audible(np.array([-80, -20, -61])).tolist() == [1]
    assert stretch_pitch.audible(np.array([-np.inf, -90, -80])).tolist() == [2]


@pytest.mark.slow
def test_rows_are_written_once_and_told_in_tables(data, tmp_path, monkeypatch, capsys):
    pytest.importorskip("python_stretch")
    monkeypatch.setattr(stretch_pitch, "FILTERS", 1)
    few = {"none": (), "stretch": (("stretch", 1.07),), "pitch": (), "both": ()}
    few["both"] = few["stretch"]
    for room in (stretch_pitch_data, stretch_pitch):
        monkeypatch.setattr(room, "AUGMENTATIONS", few)
    words = [str(data[0]), "--out", str(tmp_path), "--steps", "2", "--draws", "0"]
    words += ["--clips", "8", "--augment", "none", "stretch"]
    monkeypatch.setattr(stretch_pitch, "drawn", lambda *_: ({1: np.arange(4)}, [2]))
    stretch_pitch.main(words)
    rows = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert len(rows) == 4
    row = rows["scratch-8-stretch-0-2.json"]
    assert (row["learned"], row["held_out"], row["steps"]) == (8, 4, 2)
    assert sum(row["right"].values()) == row["accuracy"] * 4
    capsys.readouterr()
    stretch_pitch.main(words)
    assert capsys.readouterr().out == ""
    stretch_pitch.main(["--table", "--out", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "### From scratch, 2 steps\n" in printed
    assert printed.count("| 8 | stretch | 1 of 5 |") == 2
    assert printed.count("| 8 | both | 0 of 5 | not measured |") == 2


def test_tables_give_means_spreads_and_gains_of_the_same_draws():
    def row(augment, draw, accuracy, steps=600):
        right = {"rain": round(16 * accuracy), "sea_waves": 4}
        facts = {"how": "scratch", "clips": 8, "augment": augment, "draw": draw}
        facts |= {"steps": steps}
        facts |= {"held_out": 32, "right": right, "processor_seconds": 2.0}
        return facts | {"accuracy": accuracy}

    rows = [row("none", 0, 0.5), row("none", 1, 0.7), row("both", 1, 0.8)]
    more = [row("none", 1, 0.9, steps=2_400)]
    printed, longer = stretch_pitch_tables.tables(rows + more).split(
        "### From scratch, 2,400 steps\n"
    )
    assert "| 8 | none | 1 of 5 | 90.0 |  | 2.0 |" in longer
    assert "| 8 | none | 2 of 5 | 60.0 ± 10.0 |  | 2.0 |" in printed
    assert "| 8 | both | 1 of 5 | 80.0 | +10.0 | 2.0 |" in printed
    assert "| class | none (2) | stretch (0) | pitch (0) | both (1) |" in printed
    assert "| rain | 59.4 | not measured | not measured | 81.2 |" in printed
    assert "| sea waves | 25.0 |" in printed
