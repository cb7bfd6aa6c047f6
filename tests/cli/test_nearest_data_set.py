"""`kerasaudio nearest` in a Parquet data set: by its index, or without one."""

import json
import re
import tarfile

import numpy as np
import pytest
import soundfile

from kerasaudio import FeatureExtractor, ZeroShot, cli, corpus
from kerasaudio.similarity import DiskIndex, Index, StaleIndexError
from support.clap import write_clap
from support.tiny import RATE, tiny_model

pytest.importorskip("faiss")
pytest.importorskip("pyarrow")

PITCHES = (400, 420, 900, 2_000)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Tones in sounds/, their windows in vectors/ (two files), and the network."""
    monkeypatch.setenv("KERASAUDIO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sounds").mkdir()
    time = np.arange(2 * RATE) / RATE
    for pitch in PITCHES:
        tone = 0.3 * np.sin(2 * np.pi * pitch * time * (1 + time / 9))
        soundfile.write(f"sounds/{pitch}.wav", tone, RATE)
    tiny_model().save("tiny.keras")
    (tmp_path / "vectors").mkdir()
    extractor = FeatureExtractor("tiny.keras", pool=None)
    extractor.write(["sounds/400.wav", "sounds/420.wav"], "vectors/a.parquet")
    extractor.write(["sounds/900.wav", "sounds/2000.wav"], "vectors/b.parquet")
    return tmp_path


@pytest.fixture
def run(capsys):
    def call(*words, model="tiny.keras"):
        status = cli.main(["nearest", *map(str, words), "--model", model])
        return status, *capsys.readouterr()

    return call


def records(said):
    return [json.loads(line) for line in said.splitlines()]


@pytest.fixture
def windows(folder):
    """The vectors of the data set."""
    rows = FeatureExtractor("tiny.keras", pool=None)(
        [f"sounds/{pitch}.wav" for pitch in PITCHES]
    )
    return np.concatenate(rows)


def test_with_an_index_as_without(run, windows, folder):
    before = run("sounds/400.wav", "vectors", "--json", "--top", 3)
    assert before[0] == 0
    index = DiskIndex.build("vectors")
    assert len(index) == len(windows)
    assert run("sounds/400.wav", "vectors", "--json", "--top", 3) == before
    query = FeatureExtractor("tiny.keras")("sounds/400.wav")
    exact = Index()
    exact.add(windows[len(windows) // 4 :])  # all but the query's own
    for record, wanted in zip(records(before[1]), exact.nearest(query, 3), strict=True):
        assert record["distance"] == pytest.approx(wanted.distance, abs=2e-6)
        assert record["end"] > record["start"]
        assert record["path"] != "sounds/400.wav"
    text = run("sounds/400.wav", "vectors", "--top", 1)[1]
    assert re.fullmatch(r"0\.\d{3}  sounds/420\.wav  \d\.\d\d to \d\.\d\d s\n", text)
    index.add(query[None], paths=["mine.wav"])
    index.save()
    first = records(run("sounds/400.wav", "vectors", "--json")[1])[0]
    assert first == {"path": "mine.wav", "distance": pytest.approx(0, abs=1e-6)}
    farthest = records(run("sounds/400.wav", "vectors", "--json", "--farthest")[1])
    assert farthest[0]["distance"] == pytest.approx(
        exact.farthest(query, 1)[0].distance, abs=2e-6
    )


def test_a_large_set_is_indexed_once_and_again_when_it_changes(
    run, windows, monkeypatch, folder
):
    monkeypatch.setattr("kerasaudio.similarity.index.FAISS_FROM", 3)
    exact = run("sounds/400.wav", "vectors", "--farthest", "--top", 99)
    assert not (folder / "vectors" / "_index").exists()
    first = run("sounds/400.wav", "vectors", "--top", 99)
    assert first[1].splitlines() == exact[1].splitlines()[::-1]
    assert len(first[1].splitlines()) == len(windows) * 3 // 4 > 9
    assert f"Indexing {len(windows)} vectors, once." in first[2]
    again = run("sounds/400.wav", "vectors", "--top", 99)
    assert again[1] == first[1]
    assert "Indexing" not in again[2]
    extractor = FeatureExtractor("tiny.keras", pool=None)
    extractor.write("sounds/900.wav", "vectors/c.parquet")
    changed = run("sounds/400.wav", "vectors", "--top", 9)
    assert changed[0] == 0
    assert "'c.parquet' is new" in changed[2]
    monkeypatch.setattr("kerasaudio.similarity.search.has_faiss", lambda: False)
    assert run("sounds/400.wav", "vectors", "--top", 9)[1] == changed[1]


def test_a_place_that_cannot_be_written(run, windows, monkeypatch, folder):
    monkeypatch.setattr("kerasaudio.similarity.index.FAISS_FROM", 3)
    (folder / "vectors" / "_index").mkdir()
    (folder / "vectors" / "_index" / "mine.txt").touch()
    status, said, err = run("sounds/400.wav", "vectors")
    assert status == 0
    assert len(said.splitlines()) == 5
    assert "is not an index" in err
    assert "All vectors are compared instead." in err


def test_the_sound_itself_is_left_out(run, folder):
    extractor = FeatureExtractor("tiny.keras")
    extractor.write("sounds", "all.parquet")
    for indexed in (False, True):
        status, said, _ = run("sounds/400.wav", "all.parquet", "--top", 9)
        names = [line.split("/")[-1] for line in said.splitlines()]
        assert (status, names[0], len(names)) == (0, "420.wav", 3)  # without times
        if not indexed:
            DiskIndex.build("all.parquet")
    extractor.write("sounds/400.wav", "one.parquet")
    status, _, err = run("sounds/400.wav", "one.parquet")
    assert status == 1
    assert "nothing to compare with" in err


def test_a_folder_of_sounds_with_a_table_is_searched_as_sounds(run, folder):
    FeatureExtractor("tiny.keras").write("sounds/400.wav", "sounds/x.parquet")
    said = run("sounds/400.wav", "sounds")[1]
    assert len(said.splitlines()) == 3


def test_windows_of_other_lengths(run, folder):
    extractor = FeatureExtractor("tiny.keras", pool=None, hop_seconds=0.25)
    extractor.write("sounds", "fine.parquet")
    said = run("sounds/400.wav", "fine.parquet", "--json", "--top", 40)[1]
    starts = {record["start"] for record in records(said)}
    assert {0.0, 0.25, 0.5} <= starts


@pytest.mark.parametrize("what", ["x.parquet", "x"])
@pytest.mark.parametrize("pool", ["max", None])
def test_vectors_of_another_network_are_refused(run, folder, what, pool):
    other = tiny_model(seed=1) if pool is None else tiny_model()
    (folder / "x").mkdir()
    for path in ("x.parquet", "x/y.parquet"):
        FeatureExtractor(other, pool=pool).write("sounds", path)
    status, said, err = run("sounds/400.wav", what)
    assert (status, said) == (1, "")
    assert "of another version" in err


def test_tables_of_other_programs(run, folder):
    import pyarrow as pa
    from pyarrow import parquet

    extractor = FeatureExtractor("tiny.keras")
    vectors = extractor(["sounds/400.wav", "sounds/900.wav"])
    flat = pa.array(vectors.ravel(), pa.float32())
    lists = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    columns = {"path": ["one.wav", "two.wav"], "embedding": lists}
    parquet.write_table(pa.table(columns), "x.parquet")
    assert "of an unknown network" in run("sounds/900.wav", "x.parquet")[2]
    ours = {"weights_hash": [extractor.origin["weights_hash"]] * 2}
    parquet.write_table(pa.table(columns | ours), "x.parquet")
    said = run("sounds/900.wav", "x.parquet", "--top", 1)
    assert said == (0, "0.000  two.wav\n", "")
    theirs = {"weights_hash": ["sha256:00"] * 2}
    parquet.write_table(pa.table(columns | theirs), "x.parquet")
    assert "other settings" in run("sounds/900.wav", "x.parquet")[2]
    parquet.write_table(pa.table({"path": ["one.wav"]}), "x.parquet")
    assert "no column 'embedding'" in run("sounds/900.wav", "x.parquet")[2]


def test_words_in_an_index(run, folder):
    write_clap(folder / "clap")
    clap = ZeroShot("clap")
    FeatureExtractor(clap.audio).write("sounds", "clap.parquet")
    slow = run("a dog", "clap.parquet", "--text", "--json", model="clap")
    index = DiskIndex.build("clap.parquet")
    status, said, _ = run("a dog", "clap.parquet", "--text", "--json", model="clap")
    assert (status, said) == (0, slow[1])
    vectors = np.array([clap.embed(f"sounds/{pitch}.wav") for pitch in PITCHES])
    cosines = np.sort(1 - vectors @ clap.text("a dog"))
    found = [record["distance"] for record in records(said)]
    np.testing.assert_allclose(found, cosines, atol=1e-5)
    assert index.nearest(clap.text(["a dog", "rain"]), 2)[0][0].path.endswith(".wav")


def test_the_output_of_a_corpus(run, folder):
    with tarfile.open("more.tar", "w") as tar:
        tar.add("sounds/400.wav", "deep/again.wav")
    report = corpus.run(["sounds", "more.tar"], "tiny.keras", out="out", progress=False)
    assert report.rows == 5
    slow = run("sounds/400.wav", "out", "--json")
    first = records(slow[1])[0]
    assert first["path"].endswith("more.tar/deep/again.wav")
    assert first["distance"] == pytest.approx(0, abs=1e-6)
    index = DiskIndex.build("out")
    assert index.origin["model"] == "Tiny"
    assert run("sounds/400.wav", "out", "--json") == slow
    soundfile.write("sounds/new.wav", np.ones(RATE), RATE)
    corpus.run(["sounds", "more.tar"], "tiny.keras", out="out", progress=False)
    with pytest.raises(StaleIndexError, match="is new"):
        DiskIndex("out")
    status, said, err = run("sounds/new.wav", "out", "--json")
    assert (status, len(records(said))) == (0, 5)
    assert "Indexing 6 vectors, once" in err
