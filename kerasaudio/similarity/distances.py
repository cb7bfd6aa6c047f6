"""Distances between rows of NumPy arrays, and checks of such arrays."""

from typing import Any

import numpy as np

from kerasaudio.arguments import whole_number

METRICS = ("cosine", "euclidean")


def distances(queries: np.ndarray, vectors: np.ndarray, metric: str) -> np.ndarray:
    """Return all distances, float64 (queries, vectors), of checked arrays.

    Args:
        queries: Vectors, (queries, features).
        vectors: Vectors to compare with, (vectors, features).
        metric: "cosine" (1 - cosine, 0 to 2) or "euclidean".
    """
    # Products of float32 are exact in float64: equal vectors have a distance of 0 to
    # 1e-8.
    a, b = np.asarray(queries, "float64"), np.asarray(vectors, "float64")
    if metric == "cosine":
        a = a / np.linalg.norm(a, axis=1, keepdims=True)
        b = b / np.linalg.norm(b, axis=1, keepdims=True)
        return np.clip(1 - a @ b.T, 0, 2)
    squared = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0))


def check_metric(metric: Any) -> str:
    """Return the metric, or raise a ValueError."""
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {METRICS}. Received: {metric!r}.")
    return str(metric)


def check_vectors(
    vectors: Any, metric: str, *, width: int | None = None, name: str = "vectors"
) -> np.ndarray:
    """Return vectors as float32 (rows, features), or raise if they are invalid.

    Args:
        vectors: Anything that NumPy can convert to (rows, features).
        metric: "cosine" refuses vectors of length 0, which have no direction.
        width: Number of features that they must have; None for any.
        name: Name of the argument, for error messages.

    Raises:
        ValueError: The array does not have two axes, has no features or another width,
            does not hold numbers, has NaN or infinity (also after conversion to
            float32), or with "cosine" a vector of length 0.
    """
    array = np.asarray(vectors)
    if array.dtype.kind not in "fiu" and array.dtype.name != "bfloat16":
        raise ValueError(f"{name} must hold numbers. Received: {array.dtype.name}.")
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"{name} must have the shape (rows, features). Received: {array.shape}."
        )
    if width is not None and array.shape[1] != width:
        raise ValueError(
            f"{name} must have {width} features. Received: {array.shape[1]}. Check "
            "that they are from the same model and layer."
        )
    with np.errstate(over="ignore"):  # reported below
        array = np.ascontiguousarray(array, "float32")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"{name} must be finite. Received: NaN or infinity in "
            f"{int((~finite).sum())} rows, the first is row {int(np.argmin(finite))}."
        )
    if metric == "cosine" and not array.any(axis=1).all():
        raise ValueError(
            f"{name} must not have length 0, which has no direction and no cosine. "
            f"Received: row {int(np.argmin(array.any(axis=1)))}. Leave out such rows, "
            "or use metric='euclidean'."
        )
    return array


def check_queries(
    query: Any, k: Any, size: int, width: int | None, metric: str
) -> tuple[np.ndarray, int, bool]:
    """Return queries as float32 (rows, features), k, and whether there is only one.

    Args:
        query: One vector (features,), or several (queries, features).
        k: Number of vectors to find.
        size: Number of vectors in the index.
        width: Number of their features.
        metric: "cosine" or "euclidean".

    Raises:
        ValueError: `k` is larger than the index, or a query is invalid.
    """
    number = whole_number(k, "k")
    if number > size:
        raise ValueError(
            f"k must be at most {size}, the number of vectors in the index. "
            f"Received: {k}."
        )
    queries = np.asarray(query)
    single = queries.ndim == 1
    if single:
        queries = queries[None]
    return check_vectors(queries, metric, width=width, name="query"), number, single
