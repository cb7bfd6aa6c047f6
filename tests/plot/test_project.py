"""PCA, t-SNE and UMAP: what they keep, the same numbers again, small and odd sets."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasaudio.plot import feature_space

METHODS = ["pca", "tsne", pytest.param("umap", marks=pytest.mark.slow)]
LIBRARIES = {"pca": "numpy", "tsne": "sklearn", "umap": "umap"}


def clusters(method, count=20, features=12):
    """Three clouds, far apart."""
    pytest.importorskip(LIBRARIES[method])
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], count)
    centers = generator.normal(0, 10, (3, features))
    return centers[labels] + generator.normal(0, 1, (3 * count, features)), labels


def distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


@pytest.mark.parametrize("method", METHODS)
def test_neighbors_stay_neighbors(method):
    vectors, labels = clusters(method)

    plane = feature_space(vectors, labels, method=method)

    assert plane.shape == (60, 2)
    assert plane.dtype == np.float32
    apart = distances(plane) + np.diag(np.full(60, np.inf))
    assert (labels[apart.argmin(axis=1)] == labels).mean() > 0.95


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_decides(method):
    vectors, _ = clusters(method)

    first = feature_space(vectors, method=method, seed=3)

    np.testing.assert_array_equal(first, feature_space(vectors, method=method, seed=3))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("points", [3, 4, 12])
@pytest.mark.parametrize("features", [1, 2, 5])
def test_few_points_and_features(method, points, features):
    pytest.importorskip(LIBRARIES[method])
    vectors = np.random.default_rng(1).normal(size=(points, features))

    plane = feature_space(vectors, method=method)

    assert plane.shape == (points, 2)
    assert np.isfinite(plane).all()
    assert np.ptp(plane[:, 0]) > 0


@pytest.mark.slow
def test_many_points_are_approximated():
    vectors, labels = clusters("tsne", count=150)

    plane = feature_space(vectors, method="tsne")

    apart = distances(plane) + np.diag(np.full(450, np.inf))
    assert (labels[apart.argmin(axis=1)] == labels).mean() > 0.95


@pytest.mark.parametrize("method", METHODS)
def test_equal_vectors_are_no_error(method):
    pytest.importorskip(LIBRARIES[method])

    assert np.isfinite(feature_space(np.ones((12, 4)), method=method)).all()


@given(
    seed=st.integers(0, 1000),
    points=st.integers(3, 30),
    scale=st.sampled_from([1e-30, 1.0, 1e200]),
)
def test_pca_of_a_plane_in_space_keeps_distances(seed, points, scale):
    generator = np.random.default_rng(seed)
    flat = generator.normal(size=(points, 2))
    turn, _ = np.linalg.qr(generator.normal(size=(7, 7)))
    vectors = (flat @ turn[:2] + generator.normal(size=7)) * scale
    if scale > 1e30:
        with pytest.raises(ValueError, match="float32"):
            feature_space(vectors)
        return

    plane = feature_space(vectors)

    np.testing.assert_allclose(distances(plane / scale), distances(flat), atol=1e-4)
    assert np.std(plane[:, 0] / scale) >= 0.999 * np.std(plane[:, 1] / scale)


def test_pca_agrees_with_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    vectors, _ = clusters("pca")

    plane = feature_space(vectors)

    theirs = decomposition.PCA(2).fit_transform(vectors)
    np.testing.assert_allclose(np.abs(plane), np.abs(theirs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "isomap"}, "pca.*isomap"),
        ({"method": "tsne", "perplexity": 60}, "less than the number of points, 60"),
        ({"method": "tsne", "perplexity": 0}, "perplexity"),
        ({"method": "tsne", "perplexity": float("nan")}, "perplexity"),
        ({"method": "umap", "neighbors": 60}, "less than the number of points, 60"),
        ({"method": "umap", "neighbors": 1}, "at least 2"),
        ({"method": "pca", "perplexity": 5}, "belongs to method='tsne'"),
        ({"method": "tsne", "neighbors": 5}, "belongs to method='umap'"),
    ],
)
def test_settings_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        feature_space(np.eye(60), **arguments)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros(5), "2 axes"),
        (np.zeros((5, 2, 2)), "2 axes"),
        (np.zeros((2, 4)), "at least 3"),
        (np.zeros((0, 4)), "at least 3"),
        (np.zeros((4, 0)), "one feature"),
        (np.array([[1.0, 2], [np.nan, 1], [1, 1]]), r"NaN.*\(1, 0\)"),
        (np.array([[1.0, 2], [np.inf, 1], [1, 1]]), "infinite"),
        (np.ones((4, 2), complex), "complex"),
        ([["a", "b"], ["c", "d"], ["e", "f"]], "real numbers"),
        ([[1.0, 2], [3.0], [4.0, 5]], "numbers"),
    ],
)
def test_vectors_that_are_none_are_refused(vectors, message):
    with pytest.raises(ValueError, match=message):
        feature_space(vectors)


@pytest.mark.parametrize(
    ("method", "module", "package"),
    [
        ("tsne", "sklearn.manifold", "scikit-learn"),
        ("umap", "umap", "umap-learn"),
    ],
)
def test_a_missing_library_is_named(method, module, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ImportError, match=f'pip install .*"{package}>='):
        feature_space(np.eye(5), method=method)


@pytest.mark.slow
def test_umap_needs_no_tensorflow():
    pytest.importorskip("umap")
    if keras.backend.backend() == "tensorflow":
        pytest.skip("Keras itself needs TensorFlow here")
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        "import numpy; from kerasaudio.plot import feature_space\n"
        "print(feature_space(numpy.eye(12), method='umap').shape)"
    )

    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", code],
        env=os.environ | {"KERAS_BACKEND": keras.backend.backend()},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.stdout.strip() == "(12, 2)", done.stderr[-2000:]
