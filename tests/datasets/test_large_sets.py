"""FSD50K, DESED, OpenMIC-2018, NSynth and BirdSet in their official layouts."""

import json

import pytest

from kerasaudio.core import AudioSpec
from kerasaudio.datasets import DESED, FSD50K, BirdSet, NSynth, OpenMIC2018
from support import large_sets
from support.data_sets import write_table
from support.large_sets import BIRD_COLUMNS, BIRDS, lines, touch


@pytest.fixture
def fsd50k(tmp_path):
    return large_sets.fsd50k(tmp_path)


def test_fsd50k(fsd50k):
    clips = FSD50K(fsd50k)
    assert clips.class_names == ("Bark", "Crying_and_sobbing", "Dog")
    assert [len(part) for part in clips.published_split()] == [3, 1, 2]
    assert clips.categories[-2:] == ("Crying_and_sobbing", "Dog")
    assert clips.paths[0] == fsd50k / "FSD50K.dev_audio" / "64760.wav"
    assert clips.paths[-1] == fsd50k / "FSD50K.eval_audio" / "175151.wav"
    (fsd50k / "FSD50K.eval_audio" / "37199.wav").unlink()
    assert len(FSD50K(fsd50k, splits=("train", "val"))) == 4
    with pytest.raises(FileNotFoundError, match=r"1 of the 6 clips .*37199\.wav"):
        FSD50K(fsd50k)
    (fsd50k / "FSD50K.eval_audio" / "37199.wav").touch()
    with pytest.warns(UserWarning, match="of 6 clips, 1 are empty files"):
        assert len(FSD50K(fsd50k)) == 5


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([("1", "Bark", "/m/none", "train")], "ids that are not in vocabulary"),
        ([("1", "Dog", "/m/05tny_", "train")], "labels and mids of clip 1 differ"),
        ([("1", "Dog", "/m/0bt9lr", "test")], "split must be train or val"),
        ([("../1", "Dog", "/m/0bt9lr", "train")], "leads out of it"),
        ([("1", "Dog", "/m/0bt9lr", "train")] * 2, "lists clips twice: 1"),
    ],
)
def test_fsd50k_with_a_wrong_table(fsd50k, rows, match):
    heading = ("fname", "labels", "mids", "split")
    write_table(fsd50k / "FSD50K.ground_truth" / "dev.csv", [heading, *rows])
    with pytest.raises(ValueError, match=match):
        FSD50K(fsd50k)


def test_fsd50k_in_another_state(fsd50k):
    truth = fsd50k / "FSD50K.ground_truth"
    with pytest.raises(ValueError, match="splits must be among train, val, eval"):
        FSD50K(fsd50k, splits=["dev"])
    write_table(truth / "eval.csv", [("fname", "mids"), ("1", "/m/05tny_")])
    with pytest.raises(ValueError, match="lacks the columns labels"):
        FSD50K(fsd50k)
    lines(truth / "vocabulary.csv", "index,label,mid", "0,Bark,/m/05tny_")
    with pytest.raises(ValueError, match="without a heading"):
        FSD50K(fsd50k)
    (truth / "vocabulary.csv").unlink()
    with pytest.raises(FileNotFoundError, match="zip -s 0"):
        FSD50K(fsd50k)


@pytest.fixture
def desed(tmp_path):
    return large_sets.desed(tmp_path)


def test_desed(desed):
    clips = DESED(desed)
    assert len(clips.class_names) == 10
    assert [len(part) for part in clips.published_split()] == [4, 3, 1]
    assert clips.categories[0] == "Dog;Speech"
    assert clips.events[0] is None
    assert clips.events[2] == (("Cat", 1.5, 3.25), ("Dishes", 2.0, 2.5))
    nothing = DESED(desed, subsets=["validation"]).take([1])
    assert nothing.categories == ("",)
    assert nothing.events.tolist() == [()]
    assert len(DESED(desed, subsets=["strong", "public"])) == 2


def test_desed_of_other_years(desed):
    (desed / "metadata/train/synhtetic21_train").rename(
        desed / "metadata/train/synthetic21_train"
    )
    inner = desed / "audio" / "validation" / "validation"
    for path in inner.iterdir():
        path.rename(desed / "audio" / "validation" / path.name)
    inner.rmdir()
    assert len(DESED(desed)) == 8
    (desed / "audio/train/weak/Y-a_50.000_60.000.wav").unlink()
    with pytest.raises(FileNotFoundError, match="None of the 1 clips"):
        DESED(desed)
    (desed / "audio/validation/Yc_30.000_40.000.wav").write_bytes(b"")
    with pytest.warns(UserWarning, match="of 2 clips, 1 are empty files"):
        assert len(DESED(desed, subsets=["validation"])) == 1


def test_desed_in_another_state(desed):
    public = desed / "metadata" / "eval" / "public.tsv"
    heading = "filename\tonset\toffset\tevent_label"
    lines(public, heading, "Yb_0.000_10.000.wav\t0\t1\tDog")
    touch(desed / "audio" / "eval" / "public" / "Yb_0.000_10.000.wav")
    with pytest.raises(ValueError, match=r"recording Yb_0\.000_10\.000\.wav are in"):
        DESED(desed)
    for row, match in {
        "../a.wav\t0\t1\tDog": "leads out of it",
        "a.wav\t0\t1\tWolf": "classes must be among .* Received: 'Wolf'",
        "a.wav\t0\tlate\tDog": "must be seconds from 0",
        "a.wav\t0\t1\t": "classes must be among .* Received: ''",
    }.items():
        lines(public, heading, row)
        with pytest.raises(ValueError, match=match):
            DESED(desed, subsets=["public"])
    lines(desed / "metadata/train/weak.tsv", "filename\tevent_labels", *["a\tDog"] * 2)
    with pytest.raises(ValueError, match="lists clips twice: a"):
        DESED(desed, subsets=["weak"])
    public.unlink()
    with pytest.raises(FileNotFoundError, match=r"public\.tsv\. DESED needs"):
        DESED(desed, subsets=["public"])
    with pytest.raises(FileNotFoundError, match="no tables of DESED"):
        DESED(desed / "audio")
    (desed / "audio" / "train").rename(desed / "elsewhere")
    assert set(DESED(desed).parts) == {"validation"}


@pytest.fixture
def openmic(tmp_path):
    return large_sets.openmic(tmp_path / "openmic-2018")


def test_openmic(openmic):
    clips = OpenMIC2018(openmic)
    assert clips.class_names == ("accordion", "banjo")
    assert clips.targets.tolist() == [[1, 0], [0, 1], [0, 0], [1, 0]]
    assert clips.known.tolist() == [[1, 0], [0, 1], [1, 0], [1, 1]]
    training, testing = clips.published_split()
    assert (len(training), testing.known.tolist()) == (3, [[True, True]])
    assert clips.groups[0] == "000046"
    spec = AudioSpec.of_fixed_clips(8_000, 160)
    with pytest.warns(UserWarning, match="38% of the labels are unknown"):
        clips.batches(spec, 4)
    clips.batches(spec, 4, training=False)
    clips.batches(spec, 4, unknown="nan")


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (["000046_3840,harp,1,3"], r"class-map\.json lacks harp"),
        (["000046_3840,banjo,1.5,3"], "relevance must be from 0 to 1"),
        (["000046_3840,banjo,,3"], "relevance must be from 0 to 1"),
        (["000046_3840,banjo,1,3", "000046_3840,banjo,0,3"], "lists clips twice"),
        (["000000_0,banjo,1,3"], "in no list of partitions"),
        (["000999_0,banjo,1,3"], "in no list of partitions"),
    ],
)
def test_openmic_with_a_wrong_table(openmic, rows, match):
    heading = "sample_key,instrument,relevance,num_responses"
    lines(openmic / "openmic-2018-aggregated-labels.csv", heading, *rows)
    with pytest.raises(ValueError, match=match):
        OpenMIC2018(openmic)


def test_openmic_in_another_state(openmic):
    (openmic / "audio" / "155" / "155311_453120.ogg").write_bytes(b"")
    with pytest.warns(UserWarning, match="of 4 clips, 1 are empty files"):
        assert len(OpenMIC2018(openmic)) == 3
    (openmic / "audio" / "155" / "155311_453120.ogg").unlink()
    with pytest.raises(FileNotFoundError, match="1 of the 4 clips"):
        OpenMIC2018(openmic)
    lines(openmic / "partitions" / "split01_test.csv", "000046_3840")
    with pytest.raises(ValueError, match="lists clips of training: 000046_3840"):
        OpenMIC2018(openmic)
    for text in ('{"banjo": 1}', "[]", "{", '{"banjo": [0]}'):
        (openmic / "class-map.json").write_text(text)
        with pytest.raises(ValueError, match=r"class-map\.json"):
            OpenMIC2018(openmic)
    with pytest.raises(FileNotFoundError, match="OpenMIC2018 needs"):
        OpenMIC2018(openmic / "audio")


@pytest.fixture
def nsynth(tmp_path):
    return large_sets.nsynth(tmp_path)


def test_nsynth(nsynth):
    notes = NSynth(nsynth)
    assert notes.categories == ("guitar", "bass", "synth_lead", "reed", "reed")
    assert [len(part) for part in notes.published_split()] == [3, 1, 1]
    assert notes.shared == {"reed_acoustic_037": ("testing", "validation")}
    assert NSynth(nsynth, target="source").categories[:2] == ("acoustic", "synthetic")
    qualities = NSynth(nsynth, target="qualities", splits=["train"])
    assert qualities.categories == ("bright;percussive", "tempo-synced", "")


def test_nsynth_shares_instruments_as_published(nsynth):
    table = nsynth / "nsynth-train" / "examples.json"
    notes = json.loads(table.read_text())
    for source in ("acoustic", "electronic", "synthetic"):
        facts = large_sets.note(f"organ_{source}_000", source, "organ")
        notes[facts["note_str"]] = facts
        touch(table.parent / "audio" / f"{facts['note_str']}.wav")
    table.write_text(json.dumps(notes))
    with pytest.warns(UserWarning, match=r"reed_acoustic_037 \(testing, validation\)"):
        NSynth(nsynth, target="source")
    notes |= json.loads((nsynth / "nsynth-test" / "examples.json").read_text())
    touch(table.parent / "audio" / "reed_acoustic_037-083-050.wav")
    table.write_text(json.dumps(notes))
    with pytest.raises(ValueError, match="reed_acoustic_037 are in the parts"):
        NSynth(nsynth, target="source")


def test_nsynth_in_another_state(nsynth):
    with pytest.raises(ValueError, match=r"target must be one of family, .*'pitch'"):
        NSynth(nsynth, target="pitch")
    table = nsynth / "nsynth-valid" / "examples.json"
    whole = table.read_text()
    facts = '{"a": {"instrument_str": "a", "instrument_family_str": "reed"}'
    for text, match in {
        "[]": "must hold an object",
        "{": "examples.json",
        facts + ', "a": {}}': "lists clips twice: a",
        facts.replace('"reed"', '"harp"') + "}": "family must be among .* harp",
        '{"a": {}}': "each note needs instrument_str",
        '{"../../a": {}}': "leads out of it",
    }.items():
        touch(table.parent / "audio" / "a.wav")
        table.write_text(text)
        with pytest.raises(ValueError, match=match):
            NSynth(nsynth, splits=["valid"])
    table.write_text(whole)
    next((nsynth / "nsynth-train" / "audio").glob("bass*")).unlink()
    with pytest.raises(FileNotFoundError, match="1 of the 3 clips"):
        NSynth(nsynth)
    assert len(NSynth(nsynth, splits=["valid", "test"])) == 2
    with pytest.raises(FileNotFoundError, match="no notes of NSynth"):
        NSynth(nsynth / "nsynth-train")


@pytest.fixture
def birdset(tmp_path):
    return large_sets.birdset(tmp_path)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_birdset(birdset, form):
    if form == "parquet":
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        for split, rows in BIRDS.items():
            columns = dict(
                zip(BIRD_COLUMNS, map(list, zip(*rows, strict=True)), strict=True)
            )
            file = birdset / f"HSN_metadata_{split}.parquet"
            parquet.write_table(pa.table(columns), file)
            file.with_suffix(".csv").unlink()
    clips = BirdSet(birdset, "HSN")
    assert clips.categories == ("amerob", "foxspa", "amerob;foxspa", "")
    assert clips.groups[2] == clips.groups[3] == "HSN_001_20150708_061805"
    assert clips.events is None
    assert [len(part) for part in clips.published_split()] == [2, 2]
    whole = BirdSet(birdset, "HSN", splits=["test"])
    assert whole.events[0] == (("foxspa", 1.0, 2.5), ("amerob", 2.0, 4.0))


def test_tables_like_birdsets(birdset):
    columns = "filepath\tebird_code\tquality"
    lines(birdset / "HSN_metadata_train.csv", columns, "other/XC2.ogg\tfoxspa\tA")
    assert BirdSet(birdset, "HSN", splits=["train"]).categories == ("foxspa",)
    codes = "filepath,ebird_code_multilabel"
    name = BIRDS["test_5s"][0][0]
    for text in ("['amerob' 'x00051']", '"[""amerob"", ""x00051""]"', "amerob;x00051"):
        lines(birdset / "HSN_metadata_test_5s.csv", codes, f"{name},{text}")
        clips = BirdSet(birdset, "HSN", splits=["test_5s"])
        assert clips.categories == ("amerob;x00051",)
    lines(birdset / "HSN_metadata_test_5s.csv", codes, f"{name},[]")
    assert BirdSet(birdset, "HSN").categories == ("foxspa", "")
    with pytest.raises(ValueError, match="no clip of BirdSet's region HSN has a label"):
        BirdSet(birdset, "HSN", splits=["test_5s"])


def test_birdset_in_another_state(birdset):
    (birdset / "HSN_train_shard_0001" / "XC1.ogg").unlink()
    with pytest.warns(UserWarning, match="of 4 clips, 1 are not there"):
        assert len(BirdSet(birdset, "HSN")) == 3
    touch(birdset / "copy" / "XC2.ogg")
    with pytest.raises(ValueError, match=r"two files named XC2\.ogg"):
        BirdSet(birdset, "HSN")
    with pytest.raises(FileNotFoundError, match="None of the 2 recordings"):
        BirdSet(birdset, "HSN", splits=["test_5s"], audio=birdset / "copy")
    train = birdset / "HSN_metadata_train.csv"
    for rows, match in {
        ("filepath,species", "XC2.ogg,foxspa"): "lacks the columns ebird_code_multi",
        ("filepath,ebird_code_multilabel", "XC2.ogg,[]"): "without a label: XC2",
        ("filepath,ebird_code_multilabel", "XC2.ogg,nan"): "without a label: XC2",
        ("filepath,ebird_code_multilabel", "a/,['foxspa']"): "a row without filepath",
    }.items():
        lines(train, *rows)
        with pytest.raises(ValueError, match=match):
            BirdSet(birdset, "HSN", audio=birdset / "copy", splits=["train"])
    with pytest.raises(FileNotFoundError, match="no tables of the region PER"):
        BirdSet(birdset, "PER", audio=birdset / "copy")
    pytest.importorskip("pyarrow")
    (birdset / "HSN_metadata_train.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match="is not a Parquet table"):
        BirdSet(birdset, "HSN", audio=birdset / "copy", splits=["train"])
