"""DiskIndex: what is found, how much of it, adding, saving, and several threads."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.similarity import DiskIndex, Index, Neighbor
from support.vector_tables import ORIGIN, clustered, write, write_set

pytest.importorskip("faiss")
pytest.importorskip("pyarrow")

METRICS = ("cosine", "euclidean")
TOOLS = Path(__file__).parents[2] / "tools"


def positions(found):
    return [[neighbor.position for neighbor in row] for row in found]


def distances(found):
    return np.array([[neighbor.distance for neighbor in row] for row in found])


def recall(found, true):
    pairs = zip(positions(found), positions(true), strict=True)
    return np.mean([len({*got} & {*wanted}) / len(wanted) for got, wanted in pairs])


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """20,000 vectors of 64 features that overlap much, and their index."""
    vectors = clustered(20_000, 64, noise=0.8)
    folder = write_set(tmp_path_factory.mktemp("large") / "set", vectors)
    return vectors, DiskIndex.build(folder)


@pytest.mark.parametrize("k", [1, 10, 100])
def test_recall_against_exact_search(large, k):
    vectors, index = large
    queries = clustered(50, 64, noise=0.8, seed=1)
    exact = Index()
    exact.add(vectors)
    true = exact.nearest(queries, k)
    found = index.nearest(queries, k)
    assert recall(found, true) >= 0.95
    slow = index.nearest(queries, k, exact=True)
    assert positions(slow) == positions(true)
    np.testing.assert_allclose(distances(slow), distances(true), atol=1e-12)


def test_the_candidates_matter(large):
    """The recall is what the exact comparison of candidates gives, not the codes."""
    _, index = large
    queries = clustered(50, 64, noise=0.8, seed=1)
    true = index.nearest(queries, 10, exact=True)
    few = recall(index.nearest(queries, 10, candidates=10), true)
    one = recall(index.nearest(queries, 10, probes=1), true)
    many = recall(index.nearest(queries, 10, candidates=1000, probes=200), true)
    assert few < 0.95
    assert one < many
    assert many == 1


def test_few_vectors_are_held_in_memory(large):
    _, index = large
    folder = index.folder
    # 2 bits a feature, 20 bytes of each vector's own, and its number.
    (codes,) = (path.stat().st_size for path in folder.glob("*.npz"))
    assert codes < 20_000 * (64 / 4 + 20 + 8) + 141 * 64 * 4 + 64 * 64 * 4 + 10_000


@settings(max_examples=12)
@given(
    size=st.integers(1, 120),
    width=st.integers(1, 9),
    share=st.floats(0, 1),
    power=st.sampled_from([-20, 0, 15, 30]),
    metric=st.sampled_from(METRICS),
    seed=st.integers(0, 99),
)
def test_few_vectors_are_found_exactly(
    tmp_path_factory, size, width, share, power, metric, seed
):
    """At any scale, with equal vectors, and in the same order as by `Index`."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(size, width)).astype("float32") * np.float32(10.0**power)
    vectors[size // 2 :: 7] = vectors[0]
    data = write(tmp_path_factory.mktemp("few") / "x.parquet", vectors)
    index = DiskIndex.build(data, metric=metric)
    exact = Index(metric)
    exact.add(vectors)
    k = 1 + int(share * (size - 1))
    queries = vectors[rng.integers(size, size=5)] * np.float32(1.5)
    found, true = index.nearest(queries, k), exact.nearest(queries, k)
    scale = max(1.0, distances(true).max())
    np.testing.assert_allclose(distances(found), distances(true), atol=1e-6 * scale)
    assert all(len(set(row)) == k for row in positions(found))
    assert (np.diff(distances(found)) >= 0).all()


def test_euclidean_of_unit_vectors_is_cosine(large, tmp_path):
    vectors, by_cosine = large
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    data = write(tmp_path / "x.parquet", vectors)
    index = DiskIndex.build(data, metric="euclidean")
    queries = vectors[::997]
    ours, theirs = index.nearest(queries, 5), by_cosine.nearest(queries, 5)
    assert recall(ours, theirs) >= 0.95
    mine = index.nearest(queries, 5, exact=True)
    one = by_cosine.nearest(queries, 5, exact=True)
    np.testing.assert_allclose(distances(mine) ** 2 / 2, distances(one), atol=1e-6)


def test_neighbors_carry_file_and_times(tmp_path):
    vectors = np.eye(6, dtype="float32")
    folder = write_set(tmp_path / "set", vectors, files=2)
    index = DiskIndex.build(folder)
    assert (len(index), index.width, index.metric) == (6, 6, "cosine")
    assert repr(index) == "DiskIndex(6 x 6, metric='cosine')"
    assert dict(index.origin) == ORIGIN
    zero = pytest.approx(0, abs=1e-6)
    assert index.nearest(vectors[1], 1) == [
        Neighbor(1, zero, 1, "a/0.wav", None, 0.5, 1.0)
    ]
    assert index.nearest(vectors[[5]], 1) == [
        [Neighbor(5, zero, 5, "z0/1.wav", None, 0.0, 0.5)]
    ]
    assert index.nearest(np.empty((0, 6)), 2) == []


def test_a_file_name_that_is_no_text_comes_back(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    lists = pa.FixedSizeListArray.from_arrays(pa.array([1, 0, 0, 1], pa.float32()), 2)
    table = pa.table({"path": ["ü\n.wav", ""], "embedding": lists})
    parquet.write_table(table, tmp_path / "x.parquet")
    index = DiskIndex.build(tmp_path / "x.parquet")
    first, second = index.nearest([1, 0], 2)
    assert (first.path, first.start, second.path) == ("ü\n.wav", None, "")
    assert dict(index.origin) == {}
    index.add([[1, 1]], paths=["odd\udcff.wav"])
    index.save()
    again = DiskIndex(tmp_path / "x.parquet")
    assert again.nearest([1, 1], 1)[0].path == "odd\udcff.wav"


@pytest.mark.parametrize("metric", METRICS)
def test_added_vectors_are_found_before_and_after_saving(tmp_path, metric):
    vectors = clustered(700, 16)
    data = write(tmp_path / "x.parquet", vectors[:300])
    index = DiskIndex.build(data, metric=metric)
    exact = Index(metric)
    exact.add(vectors)
    index.add(vectors[300:301], paths=["new.wav"], starts=[1], ends=[2.5])
    found = index.nearest(vectors[300], 1)[0]
    assert (found.position, found.path, found.start, found.end) == (
        *(300, "new.wav", 1.0),
        2.5,
    )
    index.save()
    index.save()  # there is nothing to do
    index.add(vectors[301:500])
    index.save()
    index.add(vectors[500:])
    true = exact.nearest(vectors[::70], 9)
    assert positions(index.nearest(vectors[::70], 9, candidates=700)) == positions(true)
    assert positions(index.nearest(vectors[::70], 9, exact=True)) == positions(true)
    again = DiskIndex(data)
    assert len(again) == 500
    assert again.nearest(vectors[300], 1)[0] == found
    assert again.nearest(vectors[499], 1)[0].position == 499
    assert len([*(tmp_path / "_x.parquet.index").iterdir()]) == 7


def test_a_search_while_others_are_added_is_of_one_moment(tmp_path):
    """Vectors come in pairs of equal ones: a search finds both, or none."""
    vectors = np.eye(8, dtype="float32")
    index = DiskIndex.build(write(tmp_path / "x.parquet", vectors))
    done = threading.Event()
    wrong = []

    def search():
        while not done.is_set():
            k = len(index)
            found = index.nearest(vectors[0], k)
            if found[0].position != 0 or len({one.position for one in found}) != k:
                wrong.append(found)
            near = sum(one.distance < 1e-6 for one in index.nearest(vectors[0], 8))
            if near not in (1, 3, 5, 7, 8):
                wrong.append(near)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(60):
        index.add(np.repeat(vectors[:1], 2, axis=0) * (number + 1))
        if number % 20 == 0:
            index.save()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(index) == 128
    index.save()
    assert len(DiskIndex(tmp_path / "x.parquet")) == 128


def test_building_again_keeps_what_is_up_to_date(tmp_path, monkeypatch):
    data = write(tmp_path / "x.parquet", clustered(50))
    DiskIndex.build(data)
    manifest = tmp_path / "_x.parquet.index" / "manifest.json"
    before = manifest.stat().st_mtime_ns
    assert len(DiskIndex.build(data)) == 50
    assert manifest.stat().st_mtime_ns == before
    elsewhere = tmp_path / "other"
    other = DiskIndex.build(data, metric="euclidean", folder=elsewhere)
    assert other.metric == DiskIndex(data, folder=elsewhere).metric == "euclidean"
    assert DiskIndex(data).metric == "cosine"
    assert DiskIndex.build(data, metric="euclidean").metric == "euclidean"
    assert not [*tmp_path.glob(".kerasaudio-*")]


def test_a_copy_with_other_times_is_the_same_data(tmp_path):
    folder = write_set(tmp_path / "set", clustered(60))
    DiskIndex.build(folder)
    shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copy)
    assert len(DiskIndex(tmp_path / "copy")) == 60


def test_searching_needs_no_keras(tmp_path):
    data = write(tmp_path / "x.parquet", clustered(60))
    DiskIndex.build(data)
    said = subprocess.run(
        [sys.executable, "-c", _ALONE, str(TOOLS), str(data)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "60 False False\n"


_ALONE = """
import sys
sys.path.append(sys.argv[1])
import measure_search
index = measure_search.bare()(sys.argv[2])
index.nearest([1.0] * index.width)
print(len(index), "keras" in sys.modules, "pyarrow" in sys.modules)
"""
