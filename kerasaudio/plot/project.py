"""Reduce features to two: PCA by NumPy, t-SNE by scikit-learn, UMAP by umap-learn."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kerasaudio.arguments import is_number, whole_number
from kerasaudio.extras import install

METHODS = ("pca", "tsne", "umap")
_PERPLEXITY = 30.0
_NEIGHBORS = 15
_EXACT = 300


class Projection(NamedTuple):
    """Points in a plane.

    Attributes:
        coordinates: Coordinates, float32 (points, 2).
        axes: Names of the two axes.
    """

    coordinates: np.ndarray
    axes: tuple[str, str]


def prepare(
    method: str,
    points: int,
    seed: int,
    perplexity: float | None,
    neighbors: int | None,
) -> Callable[[np.ndarray], Projection]:
    """Return the function that projects, or raise if it is unavailable.

    Raises:
        ValueError: The method is unknown, or settings do not fit it.
        ImportError: The library of the method is not installed.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}. Received: {method!r}.")
    for name, value, owner in (
        ("perplexity", perplexity, "tsne"),
        ("neighbors", neighbors, "umap"),
    ):
        if value is not None and method != owner:
            raise ValueError(
                f"{name} belongs to method={owner!r}. Received: {name}={value!r} with "
                f"method={method!r}."
            )
    if method == "tsne":
        return _tsne(points, seed, perplexity)
    if method == "umap":
        return _umap(points, seed, neighbors)
    return _pca


def _pca(vectors: np.ndarray) -> Projection:
    centered = vectors - vectors.mean(axis=0)
    left, strengths, _ = np.linalg.svd(centered, full_matrices=False)
    scores = left[:, :2] * strengths[:2]
    # The sign of a component is arbitrary; make its largest score positive.
    largest = np.abs(scores).argmax(axis=0)
    scores *= np.where(scores[largest, np.arange(scores.shape[1])] < 0, -1, 1)
    coordinates = np.zeros((len(vectors), 2))
    coordinates[:, : scores.shape[1]] = scores
    variance = np.zeros(2)
    parts = strengths**2
    variance[: len(parts[:2])] = parts[:2] / (parts.sum() or 1.0)
    first, second = (
        f"component {number}, {100 * share:.0f} % of the variance"
        for number, share in enumerate(variance, start=1)
    )
    return Projection(coordinates.astype("float32"), (first, second))


def _tsne(
    points: int, seed: int, perplexity: float | None
) -> Callable[[np.ndarray], Projection]:
    seed = whole_number(seed, "seed", 0, 2**32 - 1)
    if perplexity is None:
        perplexity = min(_PERPLEXITY, (points - 1) / 3)
    elif not (is_number(perplexity) and 0 < perplexity < points):
        raise ValueError(
            f"perplexity must be positive and less than the number of points, {points}."
            f" Received: {perplexity!r}. Leave it out for a suitable default."
        )
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise ImportError(
            f'method="tsne" needs scikit-learn: {install("plot")}.'
        ) from error

    def run(vectors: np.ndarray) -> Projection:
        # As init="pca", which scikit-learn does not support for a single feature.
        start = _pca(vectors).coordinates
        start *= 1e-4 / (start[:, 0].std() or 1.0)
        model = TSNE(
            2,
            perplexity=float(perplexity),
            init=start,
            # The approximation only pays for many points.
            method="exact" if points <= _EXACT else "barnes_hut",
            learning_rate="auto",
            random_state=seed,
        )
        return _named(model.fit_transform(_scaled(vectors)), "t-SNE")

    return run


def _umap(
    points: int, seed: int, neighbors: int | None
) -> Callable[[np.ndarray], Projection]:
    seed = whole_number(seed, "seed", 0, 2**32 - 1)
    if neighbors is None:
        neighbors = min(_NEIGHBORS, points - 1)
    elif not (is_number(neighbors) and 2 <= neighbors < points):
        raise ValueError(
            f"neighbors must be at least 2 and less than the number of points, "
            f"{points}. Received: {neighbors!r}. Leave it out for a suitable default."
        )
    try:
        with warnings.catch_warnings():
            # It warns that another kind of UMAP needs TensorFlow.
            warnings.simplefilter("ignore", ImportWarning)
            from umap import UMAP
    except ImportError as error:
        raise ImportError(
            f'method="umap" needs umap-learn: {install("umap")}.'
        ) from error

    def run(vectors: np.ndarray) -> Projection:
        model = UMAP(
            n_neighbors=whole_number(neighbors, "neighbors"),
            # The spectrum of such a small graph is too short for initialization.
            init="spectral" if points > 10 else "random",
            random_state=seed,
            n_jobs=1,  # with a seed it uses only one
        )
        return _named(model.fit_transform(_scaled(vectors)), "UMAP")

    return run


def _scaled(vectors: np.ndarray) -> np.ndarray:
    """Scale all features equally, so that distances fit and keep their ratios."""
    centered = vectors - vectors.mean(axis=0)
    return (centered / (np.abs(centered).max() or 1.0)).astype("float32")


def _named(coordinates: Any, name: str) -> Projection:
    return Projection(
        np.asarray(coordinates, "float32"), (f"{name} axis 1", f"{name} axis 2")
    )
