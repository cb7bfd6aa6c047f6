"""Index: exact neighbors, the file, faiss, and bad input."""

import builtins
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasaudio.similarity import Index, Neighbor, index, search

distance_matrix = pytest.importorskip("sklearn.metrics").pairwise_distances

METRICS = ("cosine", "euclidean")


@pytest.fixture(params=METRICS)
def metric(request):
    return request.param


def positions(found):
    return [[neighbor.position for neighbor in row] for row in found]


def distances(found):
    return [[neighbor.distance for neighbor in row] for row in found]


@settings(deadline=None, max_examples=30)
@given(
    size=st.integers(1, 60),
    width=st.integers(1, 5),
    share=st.floats(0, 1),
    metric=st.sampled_from(METRICS),
    seed=st.integers(0, 99),
)
def test_neighbors_are_those_of_sorting_all_distances(size, width, share, metric, seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(size, width)).astype("float32")
    queries = rng.normal(size=(4, width)).astype("float32")
    k = 1 + int(share * (size - 1))
    found = Index(metric)
    found.add(vectors)
    every = np.sort(distance_matrix(queries.astype("float64"), vectors, metric=metric))
    for got, wanted in (
        (found.nearest(queries, k), every[:, :k]),
        (found.farthest(queries, k), every[:, ::-1][:, :k]),
    ):
        np.testing.assert_allclose(distances(got), wanted, atol=1e-7)
        rows = np.array(positions(got))
        assert all(len(set(row)) == k for row in rows)
        again = distance_matrix(queries.astype("float64"), vectors, metric=metric)
        np.testing.assert_allclose(
            np.take_along_axis(again, rows, axis=1), wanted, atol=1e-7
        )


def test_blocks_do_not_show(metric, monkeypatch, rng):
    vectors, queries = rng.normal(size=(103, 6)), rng.normal(size=(11, 6))
    found = Index(metric)
    for part in np.array_split(vectors, 4):
        found.add(part)
    whole = found.nearest(queries, 9), found.farthest(queries, 9)
    monkeypatch.setattr(search, "_VECTORS", 10)
    monkeypatch.setattr(search, "_QUERIES", 3)
    assert positions(found.nearest(queries, 9)) == positions(whole[0])
    assert positions(found.farthest(queries, 9)) == positions(whole[1])
    assert len(found) == 103
    np.testing.assert_array_equal(found.vectors, vectors.astype("float32"))


def test_equal_vectors_are_no_distance_apart(metric, rng):
    vectors = 1e3 + rng.normal(size=(50, 30)).astype("float32")
    found = Index(metric)
    found.add(vectors)
    for row, neighbor in enumerate(found.nearest(vectors, 1)):
        assert neighbor[0].position == row
        assert neighbor[0].distance == pytest.approx(0, abs=2e-4)
    found.add(vectors)
    assert [n.position for n in found.nearest(vectors[7], 2)] == [7, 57]


def test_neighbors_carry_what_was_added():
    found = Index("euclidean")
    found.add([[0.0], [1.0]], ids=["a", "b"], paths=["x y.wav", Path("z.wav")])
    found.add([[5.0]], labels=["dog"])
    found.add(np.array([[9.0]]), ids=np.array([70]), labels=np.array([4]))
    assert found.nearest([0.9], 2) == [
        Neighbor(1, pytest.approx(0.1), "b", "z.wav", None),
        Neighbor(0, pytest.approx(0.9), "a", "x y.wav", None),
    ]
    assert found.farthest([0.9], 2) == [
        Neighbor(3, pytest.approx(8.1), 70, None, 4),
        Neighbor(2, pytest.approx(4.1), 2, None, "dog"),
    ]
    assert found.nearest(np.empty((0, 1)), 2) == []
    assert found.width == 1


def test_a_change_of_the_array_does_not_reach_the_index():
    vectors = np.eye(3, dtype="float32")
    found = Index()
    found.add(vectors)
    vectors[:] = 1
    assert found.nearest([1, 0, 0], 1)[0].distance == pytest.approx(0)


def test_faiss_agrees_with_numpy(metric, rng):
    pytest.importorskip("faiss")
    vectors, queries = rng.normal(size=(9000, 16)), rng.normal(size=(20, 16))
    by_numpy, by_faiss = Index(metric), Index(metric, backend="faiss")
    for found in (by_numpy, by_faiss):
        found.add(vectors[:5000])
        found.nearest(queries[0], 1)
        found.add(vectors[5000:])
    for way in ("nearest", "farthest"):
        got, wanted = (getattr(i, way)(queries, 7) for i in (by_faiss, by_numpy))
        assert positions(got) == positions(wanted)
        np.testing.assert_allclose(distances(got), distances(wanted), atol=1e-12)


def test_faiss_is_taken_for_many_vectors_where_it_is(monkeypatch):
    found = Index()
    found.add(np.eye(4))
    monkeypatch.setattr(search, "FaissSearch", None)  # would fail
    assert found.nearest([1, 0, 0, 0], 1)[0].position == 0
    used = []

    class Spy:
        def __init__(self, vectors, metric):
            used.append((len(vectors), metric))

        def nearest(self, queries, k):
            return np.zeros((1, 1), int), np.zeros((1, 1))

    monkeypatch.setattr(index, "FAISS_FROM", 3)
    monkeypatch.setattr(index, "FaissSearch", Spy)
    monkeypatch.setattr(index, "has_faiss", lambda: False)
    found.nearest([1, 0, 0, 0], 1)
    assert used == []
    monkeypatch.setattr(index, "has_faiss", lambda: True)
    found.nearest([1, 0, 0, 0], 1)
    found.nearest([1, 0, 0, 0], 1)
    assert used == [(4, "cosine")]


def test_missing_faiss_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "faiss":
            raise ImportError("No module named 'faiss'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    found = Index(backend="faiss")
    found.add(np.eye(2))
    with pytest.raises(ImportError, match='pip install "faiss-cpu>='):
        found.nearest([1, 0], 1)


def filled():
    found = Index()
    found.add(np.eye(3))
    return found


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Index("dot"), "metric.*'dot'"),
        (lambda: Index(backend="gpu"), "backend.*'gpu'"),
        (lambda: Index().nearest([1, 0]), "index is empty"),
        (lambda: Index().farthest([1, 0]), "index is empty"),
        (lambda: Index().save("nowhere.npz"), "index is empty"),
        (lambda: filled().nearest([1, 0], 1), "query must have 3 features.*2"),
        (lambda: filled().nearest([1, np.nan, 0], 1), "query must be finite.*row"),
        (lambda: filled().nearest([0, 0, 0], 1), "length 0"),
        (lambda: filled().nearest(["a", "b", "c"], 1), "numbers"),
        (lambda: filled().nearest(1.0, 1), r"\(rows, features\)"),
        (lambda: filled().nearest([1, 0, 0], 4), "k must be at most 3.*4"),
        (lambda: filled().nearest([1, 0, 0], 0), "k must.*0"),
        (lambda: filled().farthest([1, 0, 0], 1.5), "k must.*1.5"),
        (lambda: filled().add(np.eye(2)), "3 features.*2.*the same model"),
        (lambda: filled().add(np.full((1, 3), np.inf)), "finite"),
        (lambda: filled().add([1, 2, 3]), r"\(rows, features\).*\(3,\)"),
        (lambda: filled().add(np.ones((1, 3)), ids=[2]), "Received twice: 2"),
        (lambda: filled().add(np.ones((2, 3)), ids=[8, 8]), "Received twice: 8"),
        (
            lambda: filled().add(np.ones((2, 3)), ids=[8]),
            "ids must have one entry for each of the 2",
        ),
        (lambda: filled().add(np.ones((2, 3)), ids="ab"), "ids.*'ab'"),
        (lambda: filled().add(np.ones((1, 3)), ids=[1.5]), "ids must be integers"),
        (lambda: filled().add(np.ones((1, 3)), labels=[None]), "labels must be"),
        (lambda: filled().add(np.ones((1, 3)), paths=[b"x"]), "paths must be"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_refused_addition_leaves_nothing():
    found = filled()
    with pytest.raises(ValueError, match="labels"):
        found.add(np.ones((2, 3)), ids=[7, 8], labels=[1])
    assert len(found) == 3
    found.add(np.ones((2, 3)), ids=[7, 8])
    assert len(found) == 5


def test_the_repr_tells_size_and_metric(metric):
    index = Index(metric)
    assert repr(index) == f"Index(empty, metric='{metric}')"
    index.add(np.eye(3, 4))
    assert repr(index) == f"Index(3 x 4, metric='{metric}')"
