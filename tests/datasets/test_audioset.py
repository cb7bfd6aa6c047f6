"""AudioSet by local copies, with both kinds of labels."""

import numpy as np
import pytest

from kerasaudio.core import AudioSpec
from kerasaudio.datasets import AudioSet, AudioSetStrong
from kerasaudio.datasets.youtube import YouTubeClips
from kerasaudio.metrics import segment_f1
from support import large_sets
from support.large_sets import lines, segments, touch


@pytest.fixture
def folder(tmp_path):
    return large_sets.audioset(tmp_path)


def test_the_three_lists(folder):
    clips = AudioSet(folder)
    assert clips.class_names == ("Speech", "Gush", "Keys jangling")
    assert clips.categories == (
        "Speech;Gush",
        "Keys jangling",
        "Speech",
        clips.categories[1],
    )
    assert clips.parts.tolist() == ["training"] * 3 + ["testing"]
    small = AudioSet(folder, splits=["balanced_train", "eval"], audio=folder)
    assert [path.stem for path in small.paths] == [
        "Y--PJHxphWEs",
        "-0RWZT-miFs_420.000_430.000",
    ]
    (folder / "unbalanced_train_segments.csv").unlink()
    assert AudioSet(folder).paths == small.paths


def test_clips_that_copies_lack_are_counted(folder):
    (folder / "balanced" / "Y--PJHxphWEs.wav").unlink()
    (folder / "eval" / "-0RWZT-miFs_420.000_430.000.flac").write_bytes(b"")
    with pytest.warns(UserWarning, match="of 4 clips, 1 are not there and 1 are empty"):
        clips = AudioSet(folder)
    assert len(clips) == 2
    assert clips.class_names == ("Speech", "Gush", "Keys jangling")
    with pytest.raises(FileNotFoundError, match="none of the 1 clips"):
        AudioSet(folder, splits=["eval"])


@pytest.mark.parametrize(
    "name",
    [
        *("abcdefghi_-.wav", "Yabcdefghi_-.flac", "abcdefghi_-_30.000_40.000.wav"),
        *("Yabcdefghi_-_30.000.mp3", "abcdefghi_-_30_40.wav", "abcdefghi_-_30000.ogg"),
        *("abcdefghi_-_30000_40000.wav", "Yabcdefghi_-_30.0_40.0.wav"),
    ],
)
def test_names_of_copies(tmp_path, name):
    (tmp_path / name).touch()
    copies = YouTubeClips(tmp_path)
    assert copies.find("abcdefghi_-", 30_000) == tmp_path / name
    assert copies.find("abcdefghi__", 30_000) is None


def test_two_copies_and_other_names(folder):
    touch(folder / "balanced_16k" / "--PJHxphWEs.wav")
    with pytest.raises(ValueError, match=r"two files of the same clip.*audio="):
        AudioSet(folder)
    touch(folder / "other" / "dog.wav")
    with pytest.raises(ValueError, match=r"No file in .* Received: dog\.wav"):
        AudioSet(folder, audio=folder / "other")
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        AudioSet(folder, audio=folder / "nowhere")


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ('-0RWZT-miFs, 430.000, 420.000, "/m/03v3yw"', "a later end in seconds"),
        ('-0RWZT-miFs, nan, 430.000, "/m/03v3yw"', "a later end in seconds"),
        ("-0RWZT-miFs, 420.000, 430.000", "ids of classes in quotes"),
        ('-0RWZT-miFs, 420.000, 430.000, "/m/nothing"', "table of classes lacks"),
        ('-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw', "is not a list of segments"),
        ("\0", "must be an id"),
    ],
)
def test_wrong_lists(folder, row, match):
    segments(folder / "eval_segments.csv", row)
    with pytest.raises(ValueError, match=match):
        AudioSet(folder, splits=["eval"])


def test_lists_in_another_state(folder):
    row = '-0RWZT-miFs, 420.000, 430.000, "/m/03v3yw"'
    segments(folder / "eval_segments.csv", row, count=20371)
    with pytest.raises(
        ValueError, match="lists 1 clips, but its first lines tell 20,371"
    ):
        AudioSet(folder, splits=["eval"])
    segments(folder / "eval_segments.csv", row, row)
    with pytest.raises(ValueError, match="lists clips twice: -0RWZT-miFs"):
        AudioSet(folder, splits=["eval"])
    with pytest.raises(ValueError, match=r"splits must be among .*'test'"):
        AudioSet(folder, splits=["test"])
    lines(folder / "class_labels_indices.csv", "index,mid,display_name", "1,/m/a,A")
    with pytest.raises(ValueError, match="must count from 0"):
        AudioSet(folder)
    with pytest.raises(FileNotFoundError, match=r"class_labels_indices\.csv.*download"):
        AudioSet(folder / "eval")


def test_strong_labels(folder):
    clips = AudioSetStrong(folder)
    assert clips.categories == ("Speech;Gush", "Keys jangling")
    # What is there twice counts once, and what has no length not at all.
    assert clips.events[0] == (("Speech", 0.5, 2.0), ("Gush", 1.0, 10.0))
    training, testing = clips.published_split()
    assert testing.events.tolist() == [(("Keys jangling", 0.0, 10.0),)]
    assert segment_f1(clips.events, clips.events).f1 == 1
    assert len(AudioSetStrong(folder, splits=["train"])) == len(training) == 1
    (folder / "balanced" / "Y--PJHxphWEs.wav").unlink()
    with pytest.warns(UserWarning, match="of 2 clips, 1 are not there"):
        assert len(AudioSetStrong(folder)) == 1


def test_two_ids_with_one_name(folder):
    names = folder / "mid_to_display_name.tsv"
    names.write_text(names.read_text() + "/m/0other\tGush\n")
    assert AudioSetStrong(folder).class_names == (
        *("Speech", "Gush (/t/dd00088)", "Keys jangling", "Gush (/m/0other)"),
    )


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("-0RWZT-miFs\t0\t1\t/m/03v3yw", "must be named ID_MILLISECONDS"),
        ("-0RWZT-miFs_420000\t-1\t1\t/m/03v3yw", "must be seconds from 0"),
        ("-0RWZT-miFs_420000\tinf\tinf\t/m/03v3yw", "must be seconds from 0"),
        ("-0RWZT-miFs_420000\t0\t\t/m/03v3yw", "must be seconds from 0"),
        ("-0RWZT-miFs_420000\t0\t1\t/m/no", "table of classes lacks: /m/no"),
    ],
)
def test_wrong_strong_labels(folder, row, match):
    heading = "segment_id\tstart_time_seconds\tend_time_seconds\tlabel"
    lines(folder / "audioset_eval_strong.tsv", heading, row)
    with pytest.raises(ValueError, match=match):
        AudioSetStrong(folder, splits=["eval"])


def test_strong_labels_in_another_state(folder):
    lines(
        folder / "audioset_eval_strong.tsv",
        "segment_id\tstart\tend\tlabel",
        "a\t0\t1\tb",
    )
    with pytest.raises(ValueError, match="lacks the columns start_time_seconds"):
        AudioSetStrong(folder, splits=["eval"])
    lines(folder / "mid_to_display_name.tsv", "/m/a,A")
    with pytest.raises(ValueError, match="separated by a tab"):
        AudioSetStrong(folder)
    with pytest.raises(FileNotFoundError, match=r"mid_to_display_name\.tsv"):
        AudioSetStrong(folder / "eval")


def test_batches_with_the_order_of_a_model(folder):
    labels = ("Keys jangling", "Gush", "Speech", "Dog")
    spec = AudioSpec.of_fixed_clips(8_000, 160).replace(labels=labels)
    clips = AudioSet(folder, splits=["balanced_train", "unbalanced_train"])
    sound, targets = clips.batches(spec, 3, training=False, cache=False)[0]
    assert sound.shape == (3, 160)
    np.testing.assert_array_equal(targets, [[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]])
