"""from_table reads label tracks of Audacity and selection tables of Raven."""

import numpy as np
import pytest

from kerasaudio.datasets import from_table
from support import sounds

RAVEN = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\t"
    "High Freq (Hz)"
)


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "deep/c.d"):
        sounds.write(tmp_path / f"{name}.wav")
    return tmp_path


def write(folder, name, *lines):
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_label_track(folder):
    track = write(
        folder,
        "a.txt",
        "0.000000\t0.250000\tdog, small",
        "\\\t100.000000\t900.000000",  # frequencies of the label above
        "0.1\t1\tcat",
        "",
        "12.5\t13\tcafe\u0301",
    )

    clips = from_table(track)

    assert clips.paths == (folder / "a.wav",) * 3
    assert clips.starts.tolist() == [0, 0.1, 12.5]
    assert clips.ends.tolist() == [0.25, 1, 13]
    assert clips.categories == ("dog, small", "cat", "caf\u00e9")
    assert clips.name == "a"
    several = write(folder, "b.txt", "0\t1\tdog;loud", "1\t2\t")
    assert from_table(several, separator=";").targets.sum(axis=1).tolist() == [2, 0]


def test_a_track_beside_or_apart_from_its_sound(folder):
    (folder / "labels").mkdir()
    track = write(folder, "labels/c.d.txt", "0\t0.25\tdog", "0.25\t0.5\tcat")
    assert len(from_table(track, folder / "deep")) == 2
    with pytest.raises(FileNotFoundError, match=r"no sound 'c\.d'.*folder="):
        from_table(track)
    with pytest.raises(FileNotFoundError, match="no sound"):
        from_table(track, folder / "none")
    sounds.write(folder / "deep" / "c.d.flac")
    with pytest.raises(ValueError, match=r"any of c\.d\.flac, c\.d\.wav in"):
        from_table(track, folder / "deep")


@pytest.mark.parametrize("accent", ["\u00e9", "e\u0301"])
def test_accents_in_the_two_names_may_be_encoded_in_different_ways(folder, accent):
    other = {"\u00e9": "e\u0301", "e\u0301": "\u00e9"}[accent]
    sound = sounds.write(folder / "deep" / f"caf{other}.wav")
    track = write(folder, f"caf{accent}.txt", "0\t0.25\tdog", "0.25\t0.5\tcat")
    assert from_table(track, folder / "deep").paths == (sound, sound)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["0\t1\tdog", "soon\t2\tdog"], r"line 2, is not a label.*soon"),
        (["0\t1\tdog", "1,2,dog"], "line 2, is not a label"),
        (["0\t1\tdog", "\\\t5\t9", "1\t2\t "], "no label, the first in line 3"),
        (["0\t1"], "no label, the first in line 1"),
        (["1\t1\tdog"], "1 s to 1 s"),
        (["2\t1\tdog"], "2 s to 1 s"),
        (["-1\t1\tdog"], "start at 0 s or later"),
        (["0\t\xff1\tdog"], "lacks the columns path"),
        (["0" + "\t" * 100_000], "lacks the columns path"),  # not in hours
    ],
)
def test_bad_tracks(folder, lines, message):
    track = write(folder, "a.txt", *lines)
    with pytest.raises(ValueError, match=message) as info:
        from_table(track)
    assert str(track) in str(info.value)


def test_a_selection_table_of_one_sound(folder):
    table = write(
        folder,
        "a.Table.1.selections.txt",
        f"{RAVEN}\tAnnotation",
        "1\tWaveform 1\t1\t0.0\t0.25\t0.0\t100.0\tdog",
        "1\tSpectrogram 1\t1\t0.0\t0.25\t0.0\t100.0\tdog",
        "2\tWaveform 1\t1\t0.125\t0.5\t0.0\t100.0\tcat",
        "2\tSpectrogram 1\t1\t0.125\t0.5\t0.0\t100.0\tcat",
    )

    clips = from_table(table)

    assert clips.paths == (folder / "a.wav",) * 2  # once, not for each view
    assert clips.categories == ("dog", "cat")
    assert clips.starts.tolist() == [0, 0.125]
    assert clips.ends.tolist() == [0.25, 0.5]


def test_a_selection_table_of_a_sequence_of_sounds(folder):
    table = write(
        folder,
        "all.txt",
        f"{RAVEN}\tBegin Path\tBegin File\tFile Offset (s)\tSpecies",
        f"1\tS\t1\t0.1\t0.3\t0\t9\t{folder / 'a.wav'}\ta.wav\t0.1\towl",
        "2\tS\t1\t0.6\t0.8\t0\t9\tC:\\field\\b.wav\tb.wav\t0.1\tjay",
        f"3\tS\t1\t1.0\t1.1\t0\t9\t{folder / 'deep/c.d.wav'}\tc.d.wav\t0\towl",
    )

    clips = from_table(table, label="Species")

    assert [path.name for path in clips.paths] == ["a.wav", "b.wav", "c.d.wav"]
    np.testing.assert_allclose(clips.starts, [0.1, 0.1, 0])
    np.testing.assert_allclose(clips.ends, [0.3, 0.3, 0.1])
    with pytest.raises(ValueError, match=r"lacks the columns label\. Received: path"):
        from_table(table)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [
                f"{RAVEN}\tBegin File\tAnnotation",
                "1\tS\t1\t0\t1\t0\t9\ta.wav\towl",
                "2\tS\t1\t0\t1\t0\t9\tb.wav\towl",
            ],
            r"2 sounds, but no column File Offset \(s\)",
        ),
        (
            [
                f"{RAVEN}\tBegin File\tFile Offset (s)\tAnnotation",
                "1\tS\t1\t0\t1\t0\t9\ta.wav\tsoon\towl",
            ],
            r"File Offset \(s\), .* must hold seconds.*soon",
        ),
        (
            [f"{RAVEN}\tAnnotation", "1\tS\t1\tsoon\t1\t0\t9\towl"],
            "start must hold seconds",
        ),
        ([f"{RAVEN}\tAnnotation"], "lists no clips"),
        ([f"{RAVEN}\tAnnotation", "1\tS\t1\t\t\t0\t9\towl"], "lists no clips"),
        ([f"{RAVEN}\tAnnotation", "1\tS\t1\t0\t1\t0\t9"], "fewer fields"),
        (
            [f"{RAVEN}\tBegin File\tAnnotation", "1\tS\t1\t0\t1\t0\t9\t../x.wav\towl"],
            "leads out of it",
        ),
        (
            [
                f"{RAVEN}\tAnnotation",
                "1\tS\t1\t0\t1\t0\t9\towl",
                "1\tT\t1\t0\t1\t0\t9\towl",
                "2\tS\t1\t1\t2\t0\t9\t",
            ],
            "no label, the first in line 4",
        ),
    ],
)
def test_bad_selection_tables(folder, lines, message):
    table = write(folder, "a.selections.txt", *lines)
    with pytest.raises(ValueError, match=message) as info:
        from_table(table)
    assert str(table) in str(info.value)


def test_a_missing_sound_of_a_selection_table(folder):
    table = write(
        folder,
        "x.txt",
        f"{RAVEN}\tBegin File\tAnnotation",
        "1\tS\t1\t0\t1\t0\t9\tgone.wav\towl",
    )
    with pytest.raises(FileNotFoundError, match=r"gone\.wav"):
        from_table(table)


def test_other_text_tables_are_read_as_before(folder):
    table = write(folder, "tabs.txt", "path\tlabel\tstart", "a.wav\tx\t0.1")
    assert from_table(table).starts.tolist() == [0.1]
