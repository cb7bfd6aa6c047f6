"""Distances between rows of NumPy arrays, and what such arrays must be."""

from typing import Any

import numpy as np

METRICS = ("cosine", "euclidean")


def distances(queries: np.ndarray, vectors: np.ndarray, metric: str) -> np.ndarray:
    """Return all distances, float64 (queries, vectors), of checked arrays.

    Args:
        queries: (queries, features).
        vectors: (vectors, features).
        metric: "cosine" (1 - cosine, 0 to 2) or "euclidean".
    """
    # Products of float32 in float64 are exact: equal vectors are 0 apart to 1e-8.
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
    """Return vectors as float32 (rows, features), or say what is wrong.

    Args:
        vectors: Anything NumPy reads as (rows, features).
        metric: "cosine" refuses vectors of length 0, which have no direction.
        width: Features they must have; None for any.
        name: What the errors call them.

    Raises:
        ValueError: Not two axes, no features, another width, not numbers, NaN or
            infinite (in float32, too), or of length 0.
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
            f"{name} must have {width} features. Received: {array.shape[1]}. Are they "
            "from another model or layer?"
        )
    with np.errstate(over="ignore"):  # reported below
        array = np.ascontiguousarray(array, "float32")
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"{name} must be finite. Received: NaN or infinity in "
            f"{int((~finite).sum())} rows, the first of them {int(np.argmin(finite))}."
        )
    if metric == "cosine" and not array.any(axis=1).all():
        raise ValueError(
            f"{name} of length 0 have no direction, so no cosine. Received: row "
            f"{int(np.argmin(array.any(axis=1)))}. Leave such rows out, or use "
            "metric='euclidean'."
        )
    return array
