"""An index of vectors that finds the most and the least similar sounds."""

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from kerasaudio.similarity import index_file
from kerasaudio.similarity.distances import check_metric, check_queries, check_vectors
from kerasaudio.similarity.neighbor import Neighbor, marks_of, paths_of
from kerasaudio.similarity.search import FaissSearch, has_faiss, search_numpy

BACKENDS = ("auto", "numpy", "faiss")
FAISS_FROM = 100_000  # vectors


class Index:
    """Find the nearest and the farthest vectors exactly.

    NumPy compares the query with every vector, in blocks of bounded memory. With more
    than 100,000 vectors, faiss (the extra ``[faiss]``) does the same with an exhaustive
    IndexFlatIP or IndexFlatL2 in float32, on a copy of the vectors; without faiss,
    NumPy is used. The farthest vectors are always found by NumPy.

    Args:
        metric: "cosine" (1 - cosine, 0 to 2, independent of length) or "euclidean".
        backend: "numpy", "faiss", or "auto" to choose by the number of vectors.

    Raises:
        ValueError: The metric or backend is unknown.
        ImportError: In the first search, if backend "faiss" is not installed.

    Examples:
        >>> model = kerasaudio.MusiCNN("mtat")
        >>> names = ["bark", "knock", "rain"]
        >>> index = kerasaudio.similarity.Index()
        >>> index.add(model.embed([f"sounds/{name}.wav" for name in names]), ids=names)
        >>> index
        Index(3 x 200, metric='cosine')
        >>> [found.id for found in index.nearest(model.embed("sounds/rain.wav"), k=1)]
        ['rain']
    """

    def __init__(self, metric: str = "cosine", *, backend: str = "auto") -> None:
        if backend not in BACKENDS:
            raise ValueError(
                f"backend must be one of {BACKENDS}. Received: {backend!r}."
            )
        self.metric, self.backend = check_metric(metric), backend
        self._blocks: list[np.ndarray] = []
        self._ids: dict[int | str, None] = {}  # ordered, and quick to look up
        self._paths: list[str | None] = []
        self._labels: list[int | str | None] = []
        self._faiss: FaissSearch | None = None

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self._ids)

    def __repr__(self) -> str:
        """Return the size and the metric in one line."""
        size = f"{len(self)} x {self.width}" if len(self) else "empty"
        return f"{type(self).__name__}({size}, metric={self.metric!r})"

    @property
    def width(self) -> int | None:
        """Number of features of the vectors; None while the index is empty."""
        return self._blocks[0].shape[1] if self._blocks else None

    @property
    def vectors(self) -> np.ndarray:
        """All vectors in the order of adding, float32 (rows, features)."""
        self._need_vectors()
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)]
        return self._blocks[0]

    def add(
        self,
        vectors: ArrayLike,
        *,
        ids: Sequence[int | str] | None = None,
        paths: Sequence[str | PathLike[str]] | None = None,
        labels: Sequence[int | str] | None = None,
    ) -> None:
        """Add vectors with their ids, paths and labels.

        Args:
            vectors: Vectors, (rows, features), with as many features as earlier ones.
            ids: Id of each row, integers or strings, all different; None for positions.
            paths: File of each row; None if unknown.
            labels: Label of each row, integers or strings; None if unknown.

        Raises:
            ValueError: Vectors are unusable (another width, NaN, length 0 with cosine);
                ids, paths or labels have another number or type; or an id occurs twice.
                Nothing is added then.
        """
        rows = check_vectors(vectors, self.metric, width=self.width)
        first, size = len(self), len(rows)
        positions = range(first, first + size)
        names = list(positions) if ids is None else marks_of(ids, size, "ids")
        kinds = [None] * size if labels is None else marks_of(labels, size, "labels")
        files = [None] * size if paths is None else paths_of(paths, size)
        self._check_new(names)
        if not size:
            return
        self._blocks.append(rows.copy())
        self._ids.update(dict.fromkeys(names))
        self._paths += files
        self._labels += kinds
        self._faiss = None

    def nearest(self, query: ArrayLike, k: int = 5) -> list[Any]:
        """Find the vectors nearest to a query.

        A query that is in the index finds itself first.

        Args:
            query: One vector (features,), or several (queries, features).
            k: Number of vectors to find, at most the size of the index.

        Returns:
            `Neighbor` objects, nearest first; for several queries a list of such lists.

        Raises:
            ValueError: The index is empty, `k` is larger than the index, or the query
                has another width, NaN, or (with cosine) length 0.
            ImportError: Backend "faiss" is not installed.
        """
        return self._find(query, k, farthest=False)

    def farthest(self, query: ArrayLike, k: int = 5) -> list[Any]:
        """Find the vectors farthest from a query, farthest first; see `nearest`."""
        return self._find(query, k, farthest=True)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the index to one ``.npz`` file, completely or not at all.

        Args:
            path: Path of the file; no suffix is added.

        Raises:
            ValueError: The index is empty.
            OSError: The file cannot be written.
        """
        index_file.write(
            path, self.vectors, self.metric, list(self._ids), self._paths, self._labels
        )

    @classmethod
    def load(cls, path: str | PathLike[str], *, backend: str = "auto") -> Self:
        """Read an index that `save` wrote. Nothing is unpickled.

        Args:
            path: Path of the file.
            backend: As for the constructor.

        Raises:
            ValueError: The file is not an index, is damaged, or has a newer format.
            OSError: The file cannot be read.
        """
        stored = index_file.read(path)
        try:
            index = cls(stored.metric, backend=backend)
            index.add(stored.vectors, ids=stored.ids)
        except ValueError as error:
            raise ValueError(f"{fspath(path)} is not a valid index: {error}") from error
        index._paths, index._labels = stored.paths, stored.labels
        return index

    def _find(self, query: ArrayLike, k: int, farthest: bool) -> list[Any]:
        self._need_vectors()
        rows, number, single = check_queries(
            query, k, len(self), self.width, self.metric
        )
        if not len(rows):
            return []
        if not farthest and self._uses_faiss():
            if self._faiss is None:
                self._faiss = FaissSearch(self.vectors, self.metric)
            positions, found = self._faiss.nearest(rows, number)
        else:
            positions, found = search_numpy(
                rows, self.vectors, number, self.metric, farthest=farthest
            )
        ids = list(self._ids)
        results = [
            [
                Neighbor(int(p), float(d), ids[p], self._paths[p], self._labels[p])
                for p, d in zip(row, away, strict=True)
            ]
            for row, away in zip(positions, found, strict=True)
        ]
        return results[0] if single else results

    def _uses_faiss(self) -> bool:
        if self.backend == "auto":
            return len(self) > FAISS_FROM and has_faiss()
        return self.backend == "faiss"

    def _need_vectors(self) -> None:
        if not self._blocks:
            raise ValueError("The index is empty. Add vectors with index.add(...).")

    def _check_new(self, names: Sequence[int | str]) -> None:
        seen: set[int | str] = set()
        for name in names:
            if name in self._ids or name in seen:
                raise ValueError(
                    f"ids must be all different. Received twice: {name!r}."
                )
            seen.add(name)
