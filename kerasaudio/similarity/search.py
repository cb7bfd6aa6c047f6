"""Exact search for the k nearest or farthest vectors, with NumPy or faiss."""

import importlib.util
import warnings
from types import ModuleType

import numpy as np

from kerasaudio.extras import install
from kerasaudio.similarity.distances import distances

# One block of distances, float64, is 16 MB.
_QUERIES = 256
_VECTORS = 8192


def search_numpy(
    queries: np.ndarray, vectors: np.ndarray, k: int, metric: str, *, farthest: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Compare with every vector, block by block, in bounded memory.

    Args:
        queries: Vectors to search for, float32 (queries, features).
        vectors: Vectors to search, float32 (vectors, features).
        k: Number of vectors to find, at most the number of vectors.
        metric: "cosine" or "euclidean".
        farthest: Whether to find the farthest instead of the nearest.

    Returns:
        Positions, int64 (queries, k), best first (equal distances in the order of
        adding), and distances, float64 (queries, k).
    """
    parts = [
        _best(queries[start : start + _QUERIES], vectors, k, metric, farthest)
        for start in range(0, len(queries), _QUERIES)
    ]
    positions, found = (np.concatenate(part) for part in zip(*parts, strict=True))
    return positions, found


def _best(
    queries: np.ndarray, vectors: np.ndarray, k: int, metric: str, farthest: bool
) -> tuple[np.ndarray, np.ndarray]:
    sign = -1.0 if farthest else 1.0
    positions = np.empty((len(queries), 0), np.int64)
    costs = np.empty((len(queries), 0))
    for start in range(0, len(vectors), _VECTORS):
        block = vectors[start : start + _VECTORS]
        cost = sign * distances(queries, block, metric)
        number = np.broadcast_to(np.arange(start, start + len(block)), cost.shape)
        costs = np.concatenate([costs, cost], axis=1)
        positions = np.concatenate([positions, number], axis=1)
        if costs.shape[1] > k:
            keep = np.argpartition(costs, k - 1, axis=1)[:, :k]
            costs = np.take_along_axis(costs, keep, axis=1)
            positions = np.take_along_axis(positions, keep, axis=1)
    order = np.lexsort((positions, costs), axis=1)
    return (
        np.take_along_axis(positions, order, axis=1),
        sign * np.take_along_axis(costs, order, axis=1),
    )


class FaissSearch:
    """Search a copy of the vectors with faiss: exhaustive IndexFlatIP or IndexFlatL2.

    Args:
        vectors: Vectors to search, float32 (vectors, features).
        metric: "cosine" or "euclidean".

    Raises:
        ImportError: faiss is not installed.
    """

    def __init__(self, vectors: np.ndarray, metric: str) -> None:
        faiss = import_faiss(
            'backend="faiss"', 'backend="numpy" finds the same neighbors without it.'
        )
        self._vectors, self._metric = vectors, metric
        flat = faiss.IndexFlatIP if metric == "cosine" else faiss.IndexFlatL2
        self._index = flat(vectors.shape[1])
        for start in range(0, len(vectors), _VECTORS):
            self._index.add(self._ready(vectors[start : start + _VECTORS]))

    def nearest(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Search as `search_numpy` does; NumPy computes the returned distances.

        faiss computes in float32: among vectors whose distances are equal to seven
        digits it may choose others.
        """
        _, positions = self._index.search(self._ready(queries), k)
        found = np.stack(
            [
                distances(query[None], self._vectors[row], self._metric)[0]
                for query, row in zip(queries, positions, strict=True)
            ]
        )
        order = np.lexsort((positions, found), axis=1)
        return (
            np.take_along_axis(positions, order, axis=1),
            np.take_along_axis(found, order, axis=1),
        )

    def _ready(self, vectors: np.ndarray) -> np.ndarray:
        if self._metric != "cosine":
            return vectors
        exact = vectors.astype("float64")
        exact /= np.linalg.norm(exact, axis=1, keepdims=True)
        return exact.astype("float32")


def has_faiss() -> bool:
    """Return whether faiss is installed, without importing it."""
    return importlib.util.find_spec("faiss") is not None


def import_faiss(user: str, otherwise: str) -> ModuleType:
    """Import faiss.

    Args:
        user: What needs it, for the error.
        otherwise: What can be done without it, for the error.

    Raises:
        ImportError: faiss is not installed; the message says what to install.
    """
    try:
        with warnings.catch_warnings():
            # Its SWIG types warn on Python 3.12 and later.
            warnings.simplefilter("ignore", DeprecationWarning)
            import faiss
    except ImportError as error:
        raise ImportError(
            f"faiss is needed for {user}: {install('faiss')}. {otherwise}"
        ) from error
    return faiss
