"""from_folder: classes, recordings, and what is wrong with a folder."""

import unicodedata

import numpy as np
import pytest

from kerasaudio.core import AudioSpec
from kerasaudio.datasets import from_folder
from kerasaudio.datasets.batching.targets import targets_for
from support import sounds

SOME = {"bark": 2, "knock": 3}


def test_classes_are_folders(tmp_path):
    root = sounds.class_folders(tmp_path / "mine", SOME)
    sounds.write(root / "bark" / "deep" / "x.flac")
    sounds.write(root / ".hidden" / "y.wav")
    (root / "notes.txt").write_text("no sound")
    clips = from_folder(root)
    assert clips.name == "mine"
    assert clips.class_names == ("bark", "knock")
    assert clips.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert clips.paths[2] == root / "bark" / "deep" / "x.flac"
    assert clips.groups is None
    assert len(np.unique(clips.recordings)) == 6


def test_recordings_by_expression_and_by_function(tmp_path):
    for name in ("bark/r1_a", "bark/r1_b", "knock/r2_a"):
        sounds.write(tmp_path / f"{name}.wav")
    assert from_folder(tmp_path, group="^(.*)_").groups.tolist() == ["r1", "r1", "r2"]
    by_letter = from_folder(tmp_path, group=lambda path: path.stem[-1])
    assert by_letter.groups.tolist() == ["a", "b", "a"]
    with pytest.raises(ValueError, match=r"matches nothing in 1 file names: r2_a\.wav"):
        from_folder(tmp_path, group="r1")
    with pytest.raises(ValueError, match="valid regular expression"):
        from_folder(tmp_path, group="(")


def test_bad_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        from_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"at least two classes\. Received: none"):
        from_folder(tmp_path)
    sounds.write(tmp_path / "bark" / "0.wav")
    with pytest.raises(ValueError, match=r"at least two classes.*bark"):
        from_folder(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("no sound")
    with pytest.raises(ValueError, match="without audio: empty, text"):
        from_folder(tmp_path)
    sounds.write(tmp_path / "loose.WAV")
    with pytest.raises(ValueError, match=r"class is unknown: loose\.WAV"):
        from_folder(tmp_path)


def test_names_meet_whatever_the_file_system_makes_of_accents(tmp_path):
    composed = unicodedata.normalize("NFC", "\u00e9clat")
    apart = unicodedata.normalize("NFD", composed)
    sounds.class_folders(tmp_path / "mac", {apart: 1, "z": 1})
    clips = from_folder(tmp_path / "mac")
    assert clips.class_names == ("z", composed)
    of_model = AudioSpec.of_fixed_clips(8000, 400).replace(labels=(apart, "z"))
    assert of_model.labels == (composed, "z")
    assert targets_for(clips, of_model, one_hot=False)[0].tolist() == [1, 0]
    sounds.class_folders(tmp_path / "both", {apart: 1, composed: 1})
    if len(list((tmp_path / "both").iterdir())) == 2:  # where the system keeps both
        with pytest.raises(ValueError, match=f"the same name: {composed}"):
            from_folder(tmp_path / "both")
