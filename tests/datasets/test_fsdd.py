"""FSDD: what it reads, its splits, and what is wrong with a folder."""

import numpy as np
import pytest

from kerasaudio.datasets import FSDD
from support import data_sets


@pytest.fixture
def folder(tmp_path):
    recordings = tmp_path / "digits of mine" / "recordings"
    recordings.mkdir(parents=True)
    for name in ("3_zoe_0", "3_zoe_12", "3_zoe_5", "0_adam_4", "7_adam_5"):
        (recordings / f"{name}.wav").touch()
    (recordings / "notes.txt").touch()
    return recordings.parent


def test_reads_digits_speakers_and_takes(folder):
    data = FSDD(folder)
    assert len(data) == 5
    assert data.digits.tolist() == [0, 3, 3, 3, 7]
    assert data.speakers.tolist() == ["adam", "zoe", "zoe", "zoe", "adam"]
    assert data.takes.tolist() == [4, 0, 5, 12, 5]
    assert [path.name for path in data.paths][3:] == ["3_zoe_12.wav", "7_adam_5.wav"]
    assert data.class_names == ("0", "3", "7")
    assert data.targets.tolist() == [0, 1, 1, 1, 2]
    assert data.groups.tolist() == data.speakers.tolist()


def test_speakers_may_be_the_labels(folder):
    data = FSDD(folder, label="speaker")
    assert data.class_names == ("adam", "zoe")
    assert data.categories == ("adam", "zoe", "zoe", "zoe", "adam")
    assert data.groups is None


def test_splits_have_every_clip_on_one_side(folder):
    data = FSDD(folder)
    train, test = data.official_split()
    assert test.tolist() == [0, 1]
    assert train.tolist() == [2, 3, 4]
    train, test = data.speaker_split(["zoe"])
    assert test.tolist() == [1, 2, 3]
    assert train.tolist() == [0, 4]
    assert data.speaker_split("zoe")[1].tolist() == test.tolist()


def test_the_official_split_of_the_whole_layout(tmp_path):
    data = FSDD(data_sets.fsdd(tmp_path / "fsdd"))
    assert [len(side) for side in data.official_split()] == [2700, 300]


@pytest.mark.shared
def test_the_whole_data_set(shared):
    data = FSDD(shared / "data" / "fsdd")
    assert len(data) == 3000
    train, test = data.official_split()
    assert (len(train), len(test)) == (2700, 300)
    assert len(np.unique(np.stack([data.digits, data.takes])[:, test], axis=1).T) == 50
    names = np.unique(data.speakers)
    assert ", ".join(names) == "george, jackson, lucas, nicolas, theo, yweweler"
    train, test = data.speaker_split(names[:2])
    assert set(data.speakers[test]) == {"george", "jackson"}
    assert len(train) == 2000


def test_missing_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"recordings/DIGIT.*archive\.$"):
        FSDD(tmp_path)
    with pytest.raises(FileNotFoundError, match="itself does not exist"):
        FSDD(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name", ["x_adam_1", "10_adam_1", "1_adam", "1_a_b_2", "٣_a_1"]
)
def test_other_recordings_are_refused(folder, name):
    (folder / "recordings" / f"{name}.wav").touch()
    with pytest.raises(ValueError, match=f"7_jackson_32.*{name}"):
        FSDD(folder)


def test_unknown_label_and_speakers(folder):
    with pytest.raises(ValueError, match=r"label.*'accent'"):
        FSDD(folder, label="accent")
    data = FSDD(folder)
    for held_out in (["eve"], [], "eve"):
        with pytest.raises(ValueError, match=r"among adam, zoe\. Received"):
            data.speaker_split(held_out)
    with pytest.raises(ValueError, match="All of the 5 clips have a held-out"):
        data.speaker_split(["adam", "zoe"])


def test_an_official_split_needs_takes_of_both_sorts(folder):
    for name in ("3_zoe_0", "0_adam_4"):
        (folder / "recordings" / f"{name}.wav").unlink()
    with pytest.raises(ValueError, match="None of the 3 clips have a take below 5"):
        FSDD(folder).official_split()
