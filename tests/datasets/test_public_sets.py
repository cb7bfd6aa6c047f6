"""Speech Commands, UrbanSound8K, MagnaTagATune, GTZAN in their official layouts."""

import csv

import numpy as np
import pytest

from kerasaudio.core import AudioSpec
from kerasaudio.datasets import GTZAN, MagnaTagATune, SpeechCommands, UrbanSound8K
from kerasaudio.datasets.gtzan import SPLIT
from kerasaudio.datasets.magnatagatune import EMPTY
from kerasaudio.datasets.speech_commands import COMMANDS
from support import data_sets, sounds
from support.data_sets import SHORT, write_table

PARTS = ("training", "validation", "testing")


@pytest.fixture
def speech(tmp_path):
    return data_sets.speech_commands(tmp_path)


def test_speech_commands_all_words(speech):
    clips = SpeechCommands(speech)
    assert len(clips) == 120
    assert clips.class_names == tuple(sorted((*COMMANDS, "cat", "wow")))
    assert [len(part) for part in clips.published_split()] == [72, 24, 24]
    assert clips.starts is None
    with pytest.raises(ValueError, match="has 12 words, not 35"):
        SpeechCommands(speech, classes=35)


def test_speech_commands_twelve_classes(speech):
    clips = SpeechCommands(speech, classes=12)
    assert clips.class_names == (*COMMANDS, "_silence_", "_unknown_")
    parts = clips.published_split()
    for part, commands in zip(parts, (60, 20, 20), strict=True):
        counts = np.bincount(part.targets, minlength=12)
        tenth = commands // 10
        assert counts.tolist() == [tenth] * 10 + [tenth, tenth]
    noises = [
        {p.stem for p in part.paths if p.parent.name == "_background_noise_"}
        for part in parts
    ]
    assert not noises[0] & noises[1] | noises[0] & noises[2] | noises[1] & noises[2]
    is_noise = clips.targets == 10
    np.testing.assert_allclose((clips.ends - clips.starts)[is_noise], 1)
    assert (clips.ends[is_noise] <= 3.001).all()
    assert np.isinf(clips.ends[~is_noise]).all()
    again, other = (SpeechCommands(speech, classes=12, seed=s) for s in (0, 1))
    assert again.paths == clips.paths != other.paths
    spec = AudioSpec.of_fixed_clips(16_000, 16_000)
    sound, _ = clips.batches(spec, 200, training=False)[0]
    assert sound.shape == (len(clips), 16_000)


def test_speech_commands_in_another_state(speech):
    with pytest.raises(ValueError, match="classes must be"):
        SpeechCommands(speech, classes=11)
    with pytest.raises(ValueError, match="version must be 1 or 2"):
        SpeechCommands(speech, version=3)
    (speech / "_background_noise_" / "a.wav").unlink()
    (speech / "_background_noise_" / "b.wav").unlink()
    with pytest.raises(FileNotFoundError, match=r"one for each part\. Received: 2"):
        SpeechCommands(speech, classes=12)
    (speech / "cat" / f"{9:08x}_nohash_0.wav").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 clips in the lists .*cat/00000009"):
        SpeechCommands(speech)
    (speech / "testing_list.txt").write_text("../../etc/passwd\n")
    with pytest.raises(ValueError, match="must list WORD/FILE"):
        SpeechCommands(speech)
    (speech / "testing_list.txt").write_bytes(b"cat/\xff.wav\n")
    with pytest.raises(ValueError, match=r"testing_list\.txt.*codec"):
        SpeechCommands(speech)
    (speech / "testing_list.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"There is no .*testing_list\.txt"):
        SpeechCommands(speech)


def test_urbansound8k(tmp_path):
    rows = []
    for fold in (1, 2, 3):
        for number, name in ((3, "dog_bark"), (7, "jackhammer")):
            file = f"{fold}0{number}-{number}-0-0.wav"
            sounds.write(tmp_path / "audio" / f"fold{fold}" / file, SHORT)
            rows.append((file, f"{fold}0{number}", 9.5, 13.5, 1, fold, number, name))
    heading = ("slice_file_name", "fsID", "start", "end", "salience", "fold")
    table = tmp_path / "metadata" / "UrbanSound8K.csv"
    write_table(table, [(*heading, "classID", "class"), *rows])
    clips = UrbanSound8K(tmp_path)
    assert clips.class_names == ("dog_bark", "jackhammer")
    assert clips.targets.tolist() == [0, 1] * 3
    assert clips.groups[:2].tolist() == ["103", "107"]
    training, testing = clips.hold_out(2)
    assert (len(training), len(testing)) == (4, 2)
    assert clips.starts is None
    for fold in (8, 11):  # a folder may have only some of the folds, 1 to 10
        other = [(*r[:5], fold, *r[6:]) if r[5] == 2 else r for r in rows]
        folder = tmp_path / f"with-{fold}"
        write_table(
            folder / "metadata" / table.name, [(*heading, "classID", "class"), *other]
        )
        for row in other:
            sounds.write(folder / "audio" / f"fold{row[5]}" / row[0], SHORT)
        if fold == 8:
            assert np.unique(UrbanSound8K(folder).folds).tolist() == [1, 3, 8]
        else:
            with pytest.raises(ValueError, match=r"must be 1 to 10\. Received: 11\."):
                UrbanSound8K(folder)
    rows[1] = ("../../../evil.wav", *rows[1][1:])
    write_table(table, [(*heading, "classID", "class"), *rows])
    with pytest.raises(ValueError, match="leads out of it"):
        UrbanSound8K(tmp_path)
    with pytest.raises(FileNotFoundError, match="download=True gets it"):
        UrbanSound8K(tmp_path / "audio")


@pytest.fixture
def magna(tmp_path):
    return data_sets.magnatagatune(tmp_path)


def test_magnatagatune(magna):
    clips = MagnaTagATune(magna, tags=("guitar", "slow"))
    assert clips.multi_label
    assert len(clips) == 14
    assert len(MagnaTagATune(magna, tags=("guitar", "slow"), without_tags=True)) == 20
    for path, part in zip(clips.paths, clips.parts, strict=True):
        folder = path.parent.name
        assert part == {"c": "validation", "d": "testing", "f": "testing"}.get(
            folder, "training"
        )
    assert clips.groups[0] == "0/artist-song_0-01"
    assert len(clips.published_split()) == 3
    clips.paths[0].write_bytes(b"")
    assert len(MagnaTagATune(magna, tags=("guitar", "slow"))) == 13


@pytest.mark.parametrize("there", [True, False])
def test_magnatagatune_leaves_out_the_files_that_are_known_to_be_empty(magna, there):
    with (magna / "annotations_final.csv").open("a", newline="") as file:
        rows = csv.writer(file, delimiter="\t")
        rows.writerows([number, 1, 1, name] for number, name in enumerate(EMPTY))
    for name in EMPTY if there else ():
        (magna / name).parent.mkdir(exist_ok=True)
        (magna / name).touch()
    clips = MagnaTagATune(magna, tags=("guitar", "slow"), without_tags=True)
    assert len(clips) == 20
    clips.paths[3].unlink()
    with pytest.raises(FileNotFoundError, match="1 of the 20 clips"):
        MagnaTagATune(magna, tags=("guitar", "slow"))


def test_magnatagatune_in_another_state(magna):
    with pytest.raises(ValueError, match=r"lacks the columns classical, .*48 in all"):
        MagnaTagATune(magna)
    table = magna / "annotations_final.csv"
    text = table.read_text()
    table.write_text(text.replace("\t1\t", "\t2\t"))
    with pytest.raises(ValueError, match="tags must be 0 or 1"):
        MagnaTagATune(magna, tags=("guitar", "slow"))
    table.write_text(text.replace("0/artist", "../artist"))
    with pytest.raises(ValueError, match="must begin with a folder, 0 to f"):
        MagnaTagATune(magna, tags=("guitar", "slow"))
    table.unlink()
    with pytest.raises(FileNotFoundError, match="no hash has been published"):
        MagnaTagATune(magna)


@pytest.fixture
def gtzan(tmp_path):
    return data_sets.gtzan(tmp_path)


def test_gtzan(gtzan):
    clips = GTZAN(gtzan)
    assert [int((clips.parts == part).sum()) for part in PARTS] == [443, 197, 290]
    assert clips.class_names == tuple(SPLIT)
    whole = GTZAN(gtzan, filtered=False)
    assert np.bincount(whole.targets).tolist() == [100] * 10
    assert whole.parts is None


def test_gtzan_in_another_state(gtzan):
    (gtzan / "jazz" / "jazz.00054.au").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of the 930 .*jazz\.00054"):
        GTZAN(gtzan)
    assert len(GTZAN(gtzan, filtered=False)) == 999
    (gtzan / "jazz" / "rock.00001.au").write_bytes(b"")
    with pytest.raises(ValueError, match=r"must be named GENRE.*rock\.00001\.au"):
        GTZAN(gtzan)
    with pytest.raises(FileNotFoundError, match="no excerpts"):
        GTZAN(gtzan / "jazz")
