"""ESC-50 and UrbanSound8K as published: folds that share recordings are told of."""

import importlib
import warnings

import numpy as np
import pytest

from kerasaudio.datasets import ESC50, UrbanSound8K, k_fold
from support import esc_folder, official

ESC50_SHARED = "131943 (2, 3), 134049 (2, 3), 209698 (4, 5), 234879 (4, 5)"
URBAN_SHARED = (
    "106905 (1, 8), 132016 (1, 4), 176638 (1, 4), 180937 (1, 9), 77751 (2, 7)"
)


@pytest.fixture(scope="module")
def esc50(tmp_path_factory):
    return official.esc50(tmp_path_factory.mktemp("esc50") / "ESC-50-master")


@pytest.fixture(scope="module")
def urbansound8k(tmp_path_factory):
    return official.urbansound8k(tmp_path_factory.mktemp("us8k") / "UrbanSound8K")


def told(make):
    """Give what is made and the one warning, which must name this file."""
    with pytest.warns(UserWarning, match="published folds") as warned:
        made = make()
    (warning,) = warned
    assert warning.filename == __file__
    return made, str(warning.message)


def test_esc50_is_used_as_published(esc50):
    clips, warning = told(lambda: ESC50(esc50))
    assert clips.name == "ESC-50"
    assert np.bincount(clips.folds).tolist() == [0] + [400] * 5
    assert np.bincount(clips.targets).tolist() == [40] * 50
    assert ESC50_SHARED in warning.replace("\n", " ")
    assert "k_fold" in warning


def test_urbansound8k_is_used_as_published(urbansound8k):
    clips, warning = told(lambda: UrbanSound8K(urbansound8k))
    sizes = [873, 888, 925, 990, 936, 823, 838, 806, 816, 837]
    assert np.bincount(clips.folds)[1:].tolist() == sizes
    recordings = warning.split("sides: ")[1].split(". They")[0]
    assert sorted(recordings.split("), ")) == sorted(URBAN_SHARED.split("), "))


def test_esc10_shares_no_recording(esc50):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clips = ESC50(esc50, esc10=True)
    assert len(clips) == 400


def test_published_folds_are_held_out_without_another_warning(esc50):
    clips, _ = told(lambda: ESC50(esc50))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for fold in range(1, 6):
            training, testing = clips.hold_out(fold)
            assert (len(training), len(testing)) == (1600, 400)


def test_folds_of_ones_own_making_share_no_recording(esc50):
    clips, _ = told(lambda: ESC50(esc50))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dealt = k_fold(clips, 5)
    pairs = {(g, f) for g, f in zip(clips.groups, dealt.folds, strict=True)}
    assert len(pairs) == len(set(clips.groups))


@pytest.mark.parametrize(
    ("clip", "fold"),
    [("1-100032-A-0.wav", "2"), ("2-131943-A-38.wav", "5")],
    ids=["another recording", "a known recording in another fold"],
)
def test_folds_that_were_changed_are_refused(tmp_path, clip, fold):
    names = official.names("esc50")[1]
    extra = ["1-100032-A-0", "1-100032-B-0"]  # a second clip of one recording
    folder = official.esc50(tmp_path / "set", dict.fromkeys([*names, *extra]))
    rows = esc_folder.read_table(folder)
    for row in rows:
        if row[0] == clip:
            row[1] = fold
    esc_folder.write_table(folder, rows)
    recording = clip.split("-")[1]
    with pytest.raises(ValueError, match=f"the recording {recording} are in the folds"):
        ESC50(folder)


@pytest.mark.parametrize(
    ("data_set", "recording_of"),
    [
        ("esc50", lambda name: (name.split("-")[1], int(name[0]))),
        (
            "urbansound8k",
            lambda name: (name.split("/")[1].split("-")[0], int(name.split("/")[0])),
        ),
    ],
)
def test_the_known_recordings_are_those_of_the_published_tables(data_set, recording_of):
    folds = {}
    for name in official.names(data_set)[1]:
        recording, fold = recording_of(name)
        folds.setdefault(recording, set()).add(fold)
    shared = {r: tuple(sorted(on)) for r, on in folds.items() if len(on) > 1}
    assert shared == importlib.import_module(f"kerasaudio.datasets.{data_set}").SHARED
