"""The file of an Index: all of it comes back, and nothing odd is read."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kerasaudio.similarity import Index
from support.damage import COUNT, damaged, read_or_named


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_file_keeps_everything(metric, tmp_path, rng):
    found = Index(metric)
    vectors = rng.normal(size=(5, 3))
    odd = ["neu\nline.wav", "Föhn 雨.wav", "bad-\udcff.wav", "", "nul\0.wav"]
    found.add(vectors, ids=["x", 7, "7", -1, ""], paths=odd, labels=list("aabbc"))
    path = tmp_path / "no suffix"
    found.save(path)
    found.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["no suffix"]
    again = Index.load(path)
    assert again.metric == metric
    assert again.nearest(vectors, 5) == found.nearest(vectors, 5)
    assert [
        n.path for n in sorted(again.nearest(vectors[0], 5), key=lambda n: n.position)
    ] == odd
    again.add(vectors[:1])
    assert again.nearest(vectors[0], 2)[1].id == 5
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive) == {"vectors", "facts"}


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    found = Index()
    found.add(np.eye(2))
    path = tmp_path / "index.npz"
    found.save(path)
    before = path.read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        found.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def saved(tmp_path):
    found = Index()
    found.add(np.eye(3), labels=[1, 2, 3])
    found.save(tmp_path / "index.npz")
    return tmp_path / "index.npz"


def rewrite(path, vectors=None, **changes):
    with np.load(path) as archive:
        stored, facts = archive["vectors"], json.loads(archive["facts"].tobytes())
    text = np.frombuffer(json.dumps(facts | changes).encode(), np.uint8)
    np.savez(path, vectors=stored if vectors is None else vectors, facts=text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kerasaudio_index": 2}, "format is 2"),
        ({"metric": "hamming"}, "hamming"),
        ({"ids": [0, 1]}, "ids do not have one entry per vector"),
        ({"ids": [0, 1, 1]}, "Received twice: 1"),
        ({"ids": [0, 1, None]}, "ids have the wrong type"),
        ({"paths": [1, 2, 3]}, "paths have the wrong type"),
        ({"labels": "abc"}, "labels do not have one entry per vector"),
        ({"vectors": np.eye(3)}, "float64"),
        ({"vectors": np.zeros((3, 2), "float32")}, "length 0"),
        ({"vectors": np.full((3, 2), np.nan, "float32")}, "NaN"),
        ({"vectors": np.zeros(3, "float32")}, r"\(3,\)"),
    ],
)
def test_files_that_make_no_sense_are_refused(saved, changes, message):
    rewrite(saved, **changes)
    with pytest.raises(ValueError, match=message):
        Index.load(saved)


def test_nothing_is_unpickled(saved, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "caught",))

    np.savez(saved, vectors=np.array([Trap()]), facts=np.zeros(1, np.uint8))
    with pytest.raises(ValueError, match="allow_pickle"):
        Index.load(saved)
    assert not (tmp_path / "caught").exists()


def test_damaged_files_are_refused_or_read_right(saved):
    wanted = Index.load(saved)
    refused = 0
    for content in damaged(saved.read_bytes(), COUNT):
        saved.write_bytes(content)
        found = read_or_named(Index.load, saved)
        refused += found is None
        if found is not None:  # the bytes do not matter, such as a time in the archive
            np.testing.assert_array_equal(found.vectors, wanted.vectors)
            assert found.nearest([1, 2, 3], 3) == wanted.nearest([1, 2, 3], 3)
    assert COUNT / 2 < refused < COUNT


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.npz").write_text("no index")
    np.save(tmp_path / "b.npz.npy", np.eye(2))
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as archive:
        archive.writestr("vectors.npy", b"\x93NUMPY")
    for name in ("a.npz", "b.npz.npy", "c.npz"):
        with pytest.raises(ValueError, match=f"{name}.*Index.save"):
            Index.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        Index.load(tmp_path / "d.npz")
