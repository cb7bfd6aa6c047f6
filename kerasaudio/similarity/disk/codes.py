"""Vectors as short codes in inverted lists: faiss' IndexIVFRaBitQ, 2 bits a feature.

RaBitQ (Gao and Long 2024, arXiv:2405.12497; several bits: arXiv:2409.09913) codes the
difference between a rotated vector and the nearest of some centroids (k-means). A query
is compared with the codes in the lists of the centroids nearest to it. The candidates
that this gives are then compared exactly, elsewhere.

The file of codes has arrays of numbers (.npz), from which the lists are filled: faiss'
own format is a program for its C++ reader, which trusts the file.
"""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.extras import install
from kerasaudio.files.array_file import read_arrays
from kerasaudio.similarity.search import import_faiss

SUFFIX = ".npz"
BITS = 2
SEED = 0
_QUERY_BITS = 8  # of a query; full precision is 100 times slower and not better
_ROUNDS, _PER_CENTROID = 10, 64  # of k-means
_ENTRIES = 65_536  # codes in an array of the file
_AT_ONCE = 4096  # vectors
_OLDEST = "1.13.2"


def check_faiss() -> ModuleType:
    """Return faiss.

    Raises:
        ImportError: It is missing, or too old; the message says what to install.
    """
    faiss = import_faiss(
        "similarity.DiskIndex",
        "similarity.Index needs no faiss; it holds all vectors in memory.",
    )
    if not hasattr(getattr(faiss, "RaBitQuantizer", None), "nb_bits"):
        raise ImportError(
            f"similarity.DiskIndex needs faiss {_OLDEST} or later: {install('faiss')}. "
            f"Found: {faiss.__version__}."
        )
    return faiss


def faiss_version() -> str:
    """Return the version of faiss."""
    return str(check_faiss().__version__)


class Space(NamedTuple):
    """What all codes of an index share.

    Attributes:
        metric: "cosine" or "euclidean".
        rotation: Orthogonal matrix, float32 (features, features).
        centroids: Centers of the lists, rotated, float32 (lists, features).
        scale: Factor of vectors with "euclidean", which keeps squares in float32.
    """

    metric: str
    rotation: np.ndarray
    centroids: np.ndarray
    scale: float

    def coded(self, vectors: np.ndarray) -> np.ndarray:
        """Return vectors as faiss gets them, float32 (rows, features)."""
        return _turned(vectors, self.metric, self.rotation, self.scale)


def _turned(
    vectors: np.ndarray, metric: str, rotation: np.ndarray, scale: float
) -> np.ndarray:
    turned = np.empty(vectors.shape, np.float32)
    for start in range(0, len(vectors), _AT_ONCE):
        exact = vectors[start : start + _AT_ONCE].astype("float64")
        if metric == "cosine":
            exact /= np.linalg.norm(exact, axis=1, keepdims=True)
        else:
            exact *= scale
        turned[start : start + _AT_ONCE] = exact.astype("float32") @ rotation
    return turned


def lists_for(rows: int) -> int:
    """Return the number of inverted lists: the square root of the rows."""
    return max(1, round(rows**0.5))


def sample_size(rows: int) -> int:
    """Return the number of vectors that `train` needs, at most."""
    return min(rows, lists_for(rows) * _PER_CENTROID)


def train(sample: np.ndarray, metric: str, lists: int) -> Space:
    """Draw a rotation, and find the centroids of a sample by k-means.

    Args:
        sample: Vectors, float32 (rows, features).
        metric: "cosine" or "euclidean".
        lists: Number of centroids, at most the number of rows.
    """
    faiss = check_faiss()
    width = sample.shape[1]
    noise = np.random.default_rng(SEED).normal(size=(width, width))
    rotation = np.ascontiguousarray(np.linalg.qr(noise)[0], "float32")
    # The largest: none overflows, and those that count keep their digits.
    largest = float(np.abs(sample).max())
    scale = 1.0 if metric == "cosine" or not largest else 1 / largest
    turned = _turned(sample, metric, rotation, scale)
    means = faiss.Kmeans(
        width, lists, niter=_ROUNDS, seed=SEED + 1, min_points_per_centroid=1
    )
    means.train(turned)
    return Space(metric, rotation, np.array(means.centroids, "float32"), scale)


class Codes:
    """The inverted lists of some rows.

    Args:
        space: What they share with others.
        entries: ``(list, ids, codes)`` of each list that is not empty, more than once
            if it is long: int64 (rows,) and uint8 (rows, bytes).
    """

    def __init__(
        self, space: Space, entries: Iterable[tuple[int, np.ndarray, np.ndarray]] = ()
    ) -> None:
        self._faiss = faiss = check_faiss()
        self.space = space
        lists, width = space.centroids.shape
        self._centers = faiss.IndexFlatL2(width)  # the index does not own it
        self._centers.add(space.centroids)
        self._index = faiss.IndexIVFRaBitQ(
            self._centers, width, lists, faiss.METRIC_L2, True, BITS
        )
        self._index.is_trained = True
        self.rows = 0
        for number, ids, codes in entries:
            self._index.invlists.add_entries(
                number, len(ids), faiss.swig_ptr(ids), faiss.swig_ptr(codes)
            )
            self.rows += len(ids)
        self._index.ntotal = self.rows

    @property
    def code_size(self) -> int:
        """Number of bytes of a code."""
        return int(self._index.code_size)

    def encode(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lists of vectors, int64 (rows,), and their codes, uint8."""
        content = self._index.sa_encode(self.space.coded(vectors))
        prefix = content.shape[1] - self.code_size  # the list, lowest byte first
        powers = 256 ** np.arange(prefix, dtype=np.int64)
        return content[:, :prefix].astype(np.int64) @ powers, content[:, prefix:]

    def candidates(self, queries: np.ndarray, number: int, probes: int) -> np.ndarray:
        """Return the rows whose codes are nearest to queries, int64 (queries, number).

        Fewer than `number`, in the lists that were looked at, are followed by -1.
        """
        options = self._faiss.IVFRaBitQSearchParameters()
        options.nprobe = min(probes, len(self.space.centroids))
        options.qb = _QUERY_BITS
        turned = self.space.coded(queries)
        _, rows = self._index.search(turned, number, params=options)
        return np.asarray(rows)


def write(path: Path, space: Space, lists: np.ndarray, codes: np.ndarray) -> None:
    """Write the codes of rows, list by list, with all that they need.

    Args:
        path: Path of the new .npz file.
        space: What the codes share.
        lists: List of each row, (rows,).
        codes: Code of each row, uint8 (rows, bytes).

    Raises:
        OSError: The file cannot be written.
    """
    order = np.argsort(lists, kind="stable")
    starts = range(0, len(order), _ENTRIES)
    parts = [order[start : start + _ENTRIES] for start in starts]
    arrays = {
        "rotation": space.rotation,
        "centroids": space.centroids,
        "scale": np.float64(space.scale),
        "sizes": np.bincount(lists, minlength=len(space.centroids)),
    }
    with zipfile.ZipFile(path, "x") as archive:  # np.savez would hold all parts
        for name, array in arrays.items():
            _put(archive, name, array)
        for number, ids in enumerate(parts):
            _put(archive, f"ids{number}", ids)
            _put(archive, f"codes{number}", codes[ids])


def _put(archive: zipfile.ZipFile, name: str, array: Any) -> None:
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def read(path: Path, metric: str, rows: int) -> Codes:
    """Read what `write` wrote; every array is checked before it is used.

    Args:
        path: Path of the file.
        metric: "cosine" or "euclidean".
        rows: Number of rows that it must have.

    Raises:
        ValueError: The file is damaged, or is another one.
        OSError: It is missing or cannot be read.
    """
    names = ("rotation", "centroids", "scale", "sizes")
    rotation, centroids, scale, sizes = read_arrays(path, names).values()
    width = centroids.shape[-1]
    is_sound = (
        centroids.ndim == 2
        and rotation.shape == (width, width)
        and sizes.shape == centroids.shape[:1]
        and sizes.dtype == np.int64
        and rotation.dtype == centroids.dtype == np.float32
        and scale.shape == ()
        and (sizes >= 0).all()
        and sizes.sum() == rows
    )
    if not is_sound:
        raise ValueError("its arrays do not fit each other")
    space = Space(metric, rotation, centroids, float(scale))
    size = Codes(space).code_size
    return Codes(space, _entries(path, sizes, rows, size))


def _entries(
    path: Path, sizes: np.ndarray, rows: int, size: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    ends = np.cumsum(sizes)
    seen = np.zeros(rows, bool)
    for number, start in enumerate(range(0, rows, _ENTRIES)):
        stop = min(start + _ENTRIES, rows)
        names = (f"ids{number}", f"codes{number}")
        ids, codes = read_arrays(path, names).values()
        if ids.shape != (stop - start,) or codes.shape != (stop - start, size):
            raise ValueError(f"its codes have the shape {codes.shape}")
        if ids.dtype != np.int64 or codes.dtype != np.uint8:
            raise ValueError(f"its codes are {codes.dtype}")
        if len(ids) and not 0 <= ids.min() <= ids.max() < rows:
            raise ValueError("its rows do not exist")
        seen[ids] = True
        first = int(np.searchsorted(ends, start, side="right"))
        at = start
        while at < stop:
            until = min(int(ends[first]), stop)
            if until > at:
                here = slice(at - start, until - start)
                yield first, ids[here], np.ascontiguousarray(codes[here])
            at, first = until, first + 1
    if not seen.all():
        raise ValueError("some of its rows are missing")
