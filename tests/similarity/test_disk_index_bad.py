"""DiskIndex with bad input: other files, changed and damaged ones, killed builders."""

import builtins
import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from kerasaudio.files.workplace import BusyError, workplace
from kerasaudio.similarity import DiskIndex, StaleIndexError
from kerasaudio.similarity.disk import codes as codes_file
from kerasaudio.similarity.disk import index as disk_index
from kerasaudio.similarity.disk import store
from support.vector_tables import ORIGIN, clustered, write, write_set

pytest.importorskip("faiss")
pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "x.parquet", clustered(90, 8))


@pytest.fixture
def home(data):
    return data.with_name("_x.parquet.index")


def part_file(home, suffix):
    """Give the file of the part of the data."""
    (path,) = home.glob(f"data*{suffix}")
    return path


@pytest.mark.parametrize(
    ("query", "k", "says"),
    [
        (np.ones(8), 91, "k must be at most 90, the number of vectors in the index"),
        (np.ones(8), 0, "k must be a whole number, 1 or more"),
        (np.ones(7), 1, "query must have 8 features. Received: 7"),
        (np.full(8, np.nan), 1, "query must be finite"),
        (np.zeros(8), 1, "query must not have length 0"),
        (["a"] * 8, 1, "query must hold numbers"),
        (np.ones((1, 1, 8)), 1, "query must have the shape"),
    ],
)
def test_queries(data, query, k, says):
    with pytest.raises(ValueError, match=says):
        DiskIndex.build(data).nearest(query, k)


@pytest.mark.parametrize("name", ["probes", "candidates"])
def test_numbers_of_the_search(data, name):
    with pytest.raises(ValueError, match=f"{name} must be a whole number"):
        DiskIndex.build(data).nearest(np.ones(8), **{name: 0})


@pytest.mark.parametrize(
    ("added", "says"),
    [
        ({"vectors": np.ones((2, 7))}, "vectors must have 8 features"),
        ({"vectors": np.zeros((1, 8))}, "must not have length 0"),
        ({"vectors": np.ones((2, 8)), "paths": ["a"]}, "paths must have one entry"),
        ({"vectors": np.ones((1, 8)), "paths": [3]}, "paths must be strings"),
        ({"vectors": np.ones((1, 8)), "starts": [np.nan]}, "starts must be finite"),
        ({"vectors": np.ones((1, 8)), "ends": ["x"]}, "ends must be finite"),
        ({"vectors": np.ones((1, 8)), "ends": [1, 2]}, "ends must have one entry"),
    ],
)
def test_what_cannot_be_added(data, added, says):
    index = DiskIndex.build(data)
    with pytest.raises(ValueError, match=says):
        index.add(**added)
    assert len(index) == 90


def _table(**columns):
    rows = pa.array(np.ones(6, np.float32))
    lists = pa.FixedSizeListArray.from_arrays(rows, 3)
    return pa.table({"path": ["a", "b"], "embedding": lists} | columns)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pa.table({"path": ["a"]}), "there is no column 'embedding', only"),
        (_table().drop_columns("path"), "there is no column 'path'"),
        (_table(embedding=[[1.0], [2.0]]), "not lists of float32 of a fixed length"),
        (_table(embedding=[1.0, 2.0]), "not lists of float32"),
        (_table(start=["1 s", "2 s"]), "its column 'start' is string"),
        (_table(path=["a", None]), "its paths are not text"),
        (_table(path=[1, 2]), "its paths are not text"),
        (_table(model=["A", "B"]), "its rows differ in model"),
        (
            _table(embedding=pa.array([[1] * 3, None], pa.list_(pa.float32(), 3))),
            "its embeddings have nulls",
        ),
        (
            _table(embedding=pa.array([[1] * 3, [0] * 3], pa.list_(pa.float32(), 3))),
            r"row 0 in this message\) must not have length 0.*\n?.*row 1",
        ),
    ],
)
def test_tables_of_another_schema(tmp_path, table, says):
    parquet.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(ValueError, match=rf"x\.parquet' is not a table.*{says}"):
        DiskIndex.build(tmp_path / "x.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_vectors_that_are_no_numbers(tmp_path):
    vectors = clustered(30, 4)
    vectors[17, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN or infinity in 1 rows.*row 17"):
        DiskIndex.build(write(tmp_path / "x.parquet", vectors))


def test_vectors_of_several_models(tmp_path):
    folder = write_set(tmp_path / "set", clustered(30, 4))
    other = ORIGIN | {"model": "Other", "fingerprint": "4567"}
    write(folder / "late.parquet", clustered(4, 4), other)
    with pytest.raises(ValueError, match=r"of Other, but .* of Tiny: their"):
        DiskIndex.build(folder)
    write(folder / "late.parquet", clustered(4, 5))
    with pytest.raises(ValueError, match=r"vectors of 5 features, but .* of 4"):
        DiskIndex.build(folder)


def test_places_without_vectors(tmp_path, data):
    with pytest.raises(FileNotFoundError, match="no file or folder named"):
        DiskIndex(tmp_path / "absent.parquet")
    with pytest.raises(FileNotFoundError, match="no file or folder named"):
        DiskIndex.build(tmp_path / "absent.parquet")
    with pytest.raises(FileNotFoundError, match=r"no index for.*DiskIndex\.build"):
        DiskIndex(data)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"There are no \.parquet files in"):
        DiskIndex.build(tmp_path / "empty")
    write(tmp_path / "none.parquet", np.empty((0, 3), "float32"))
    with pytest.raises(ValueError, match="There are no vectors in"):
        DiskIndex.build(tmp_path / "none.parquet")
    with pytest.raises(ValueError, match="metric must be one of"):
        DiskIndex.build(data, metric="manhattan")
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a complete Parquet file"):
        DiskIndex.build(data)


def test_a_place_that_is_missing(tmp_path, data):
    with pytest.raises(FileNotFoundError, match=r"cannot be written.*another folder="):
        DiskIndex.build(data, folder=tmp_path / "absent" / "index")


def test_an_index_that_is_replaced_while_it_is_opened(data, home, monkeypatch):
    DiskIndex.build(data)
    write(data, clustered(50, 8, seed=5))
    real, replaced = store.Part, []

    def late(*words):
        if not replaced:
            replaced.append(words)
            DiskIndex.build(data)
        return real(*words)

    monkeypatch.setattr(store, "Part", late)
    assert len(DiskIndex(data)) == 50


def test_another_folder_is_not_replaced(tmp_path, data):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep")
    for overwrite in (False, True):
        with pytest.raises(FileExistsError, match="is not an index"):
            DiskIndex.build(data, folder=tmp_path / "mine", overwrite=overwrite)
    assert (tmp_path / "mine" / "note.txt").read_text() == "keep"
    with pytest.raises(FileExistsError, match="is not an index"):
        DiskIndex.build(data, folder=data)


def test_changed_data_are_noticed(tmp_path):
    folder = write_set(tmp_path / "set", clustered(60, 8))
    DiskIndex.build(folder)
    late = write(folder / "late.parquet", clustered(5, 8))
    with pytest.raises(StaleIndexError, match=r"'late\.parquet' is new.*Build"):
        DiskIndex(folder)
    assert len(DiskIndex.build(folder)) == 65
    late.unlink()
    with pytest.raises(StaleIndexError, match=r"'late\.parquet' is missing"):
        DiskIndex(folder)
    assert len(DiskIndex.build(folder)) == 60
    file = folder / "z0.parquet"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)  # of the same size
    with pytest.raises(StaleIndexError, match=r"'z0\.parquet' has changed"):
        DiskIndex(folder)


def test_what_was_added_is_not_dropped_by_chance(data, home):
    index = DiskIndex.build(data)
    index.add(np.ones((3, 8)))
    index.save()
    write(data, clustered(50, 8))
    with pytest.raises(FileExistsError, match=r"added and saved.*overwrite=True"):
        DiskIndex.build(data)
    with pytest.raises(FileExistsError, match="added and saved"):
        DiskIndex.build(data, metric="euclidean")
    (home / "manifest.json").write_text("{")
    with pytest.raises(FileExistsError, match="added and saved"):
        DiskIndex.build(data)
    assert len(DiskIndex.build(data, overwrite=True)) == 50


def _flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("name", [".npz", ".rows", ".paths", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "missing", "flipped"])
def test_damaged_files(data, home, name, damage):
    DiskIndex.build(data)
    path = home / name if name == "manifest.json" else part_file(home, name)
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    else:
        _flip(path, path.stat().st_size // 2)
    with pytest.raises(
        (ValueError, FileNotFoundError), match=r"damaged|no index|cannot"
    ):
        DiskIndex(data).nearest(clustered(5, 8), 90)
    if name != ".paths" and (name, damage) != (".rows", "flipped"):
        assert len(DiskIndex.build(data)) == 90  # built again
    assert len(DiskIndex.build(data, overwrite=True).nearest(np.ones(8), 90)) == 90


def test_a_row_in_the_place_of_another(data, home):
    DiskIndex.build(data)
    path = part_file(home, ".rows")
    size = path.stat().st_size // 90
    content = path.read_bytes()
    path.write_bytes(content[size : 2 * size] + content[:size] + content[2 * size :])
    index = DiskIndex(data)
    with pytest.raises(ValueError, match=r"row [01] of .* is damaged"):
        index.nearest(np.ones(8), 90)


def test_a_manifest_of_later_or_for_elsewhere(data, home):
    from kerasaudio.similarity.disk import manifest

    DiskIndex.build(data)
    read = json.loads((home / "manifest.json").read_text())["content"]

    def write_manifest(**changes):
        content = read | changes
        text = {"content": content, "sha256": manifest._hash(content)}
        (home / "manifest.json").write_text(json.dumps(text))

    for changes, says in (
        ({"kerasaudio_disk_index": 2}, "its format is 2"),
        ({"parts": {"../data": 90}}, "its parts are"),
        ({"parts": {"data": -1}}, "its sizes are"),
        ({"metric": "x"}, "its metric is 'x'"),
        ({"width": 9}, "has 12,240 bytes|instead of"),
        ({"parts": dict.fromkeys(read["parts"], 91)}, "instead of"),
        ({"sources": [[1]]}, "cannot be read"),
    ):
        write_manifest(**changes)
        with pytest.raises(ValueError, match=says):
            DiskIndex(data)


def test_codes_that_this_faiss_reads_in_another_way(data, home, monkeypatch):
    DiskIndex.build(data)
    with monkeypatch.context() as patch:
        patch.setattr(disk_index, "faiss_version", lambda: "9.9")
        assert len(DiskIndex(data)) == 90  # the codes are the same
    path = part_file(home, ".npz")
    part = store.Part(home, path.stem, "cosine", 8, 90)
    assert part.finds_itself()
    lists, codes = part.codes.encode(clustered(90, 8)[::-1])
    path.unlink()
    codes_file.write(path, part.codes.space, lists, codes)
    assert len(DiskIndex(data)) == 90
    with monkeypatch.context() as patch:
        patch.setattr(disk_index, "faiss_version", lambda: "9.9")
        patch.setattr("kerasaudio.similarity.disk.part.CANDIDATES", 3)
        with pytest.raises(ValueError, match=r"made with faiss .* faiss 9\.9 reads"):
            DiskIndex(data)


def test_two_builders(data, tmp_path, monkeypatch):
    monkeypatch.setattr("kerasaudio.files.workplace._WAIT_SECONDS", 0.05)
    with workplace(tmp_path, only="_x.parquet.index"), pytest.raises(BusyError):
        DiskIndex.build(data)
    index = DiskIndex.build(data)
    index.add(np.ones((1, 8)))
    with workplace(tmp_path, only="_x.parquet.index"), pytest.raises(BusyError):
        index.save()
    assert len(index) == 91
    other = DiskIndex(data)
    index.save()
    other.add(np.ones((1, 8)))
    with pytest.raises(ValueError, match="Another process has changed"):
        other.save()
    assert len(other) == 91


_KILLED = """
import sys
from kerasaudio.similarity import DiskIndex
from kerasaudio.similarity.disk import part

def write(*_):
    print("encoding", flush=True)
    sys.stdin.read()

from kerasaudio.similarity.disk import build
build.write_codes = write
DiskIndex.build(sys.argv[1])
"""


def test_a_killed_builder_leaves_no_index(data, home, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as builder:
        assert builder.stdout.readline() == b"encoding\n"
        builder.send_signal(signal.SIGKILL)
    assert not home.exists()
    with pytest.raises(FileNotFoundError, match="no index"):
        DiskIndex(data)
    assert len(DiskIndex.build(data)) == 90
    assert sorted(path.name for path in tmp_path.iterdir()) == [home.name, data.name]


def test_data_that_change_meanwhile(data, monkeypatch):
    from kerasaudio.similarity.disk import build

    checked = build.data_set.changes

    def changed(*words):
        data.write_bytes(data.read_bytes() + b"x")
        return checked(*words)

    monkeypatch.setattr(build.data_set, "changes", changed)
    with pytest.raises(ValueError, match="changed while it was indexed"):
        DiskIndex.build(data)


def test_faiss_is_missing_or_old(data, monkeypatch):
    import faiss

    monkeypatch.delattr(faiss.RaBitQuantizer, "nb_bits")
    with pytest.raises(
        ImportError, match=r"needs faiss 1\.13\.2 or later: pip install"
    ):
        DiskIndex.build(data)
    real = builtins.__import__

    def without(name, *words, **named):
        if name == "faiss":
            raise ImportError(name)
        return real(name, *words, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'DiskIndex: pip install "faiss-cpu'):
        DiskIndex(data)


def test_an_index_is_open_while_it_is_replaced(data):
    old = DiskIndex.build(data)
    found = old.nearest(np.ones(8), 3)
    write(data, clustered(50, 8, seed=5))
    assert len(DiskIndex.build(data)) == 50
    assert old.nearest(np.ones(8), 3) == found
