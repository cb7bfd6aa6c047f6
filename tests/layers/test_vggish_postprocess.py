"""The PCA of VGGish: its file, its shapes, what it refuses."""

import numpy as np
import pytest

from kerasaudio.layers import VGGishPostprocess
from support.front_ends import run

MATRIX = np.arange(6.0).reshape(2, 3) / 6
MEANS = np.array([0.1, -0.2, 0.3])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "pca.npz"
    np.savez(path, pca_eigen_vectors=MATRIX, pca_means=MEANS[:, None])
    return path


def test_the_file_gives_the_layer(path, rng):
    vectors = rng.normal(size=(2, 4, 3)).astype("float32")

    layer = VGGishPostprocess.from_file(path, rounding=None, name="pca")

    assert layer.name == "pca"
    got = run(layer, vectors)
    np.testing.assert_allclose(got, np.clip((vectors - MEANS) @ MATRIX.T, -2, 2), 1e-5)
    assert layer.compute_output_shape(vectors.shape) == (2, 4, 2)


@pytest.mark.parametrize(("rounding", "want"), [("down", 126.0), ("nearest", 127.0)])
def test_rounding(rounding, want):
    layer = VGGishPostprocess([[1.0]], [0.0], rounding=rounding)

    got = run(layer, np.array([[-0.01], [-9.0], [9.0]], "float32"))

    np.testing.assert_array_equal(got[:, 0], [want, 0, 255])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((MATRIX, MEANS[:2]), r"\(components, features\)"),
        ((MATRIX[0], MEANS), r"\(components, features\)"),
        ((np.zeros((0, 3)), MEANS), r"\(components, features\)"),
        ((MATRIX * np.nan, MEANS), "finite"),
    ],
)
def test_a_pca_that_does_not_fit_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        VGGishPostprocess(*arguments)


def test_bad_rounding_and_bad_vectors_are_refused():
    with pytest.raises(ValueError, match=r"`rounding` must be one of.*'up'"):
        VGGishPostprocess(MATRIX, MEANS, rounding="up")
    for shape in ((2, 4), (3,)):
        with pytest.raises(ValueError, match="3 features"):
            VGGishPostprocess(MATRIX, MEANS)(np.zeros(shape, "float32"))


def no_zip(path):
    path.write_bytes(b"\x93NUMPY")


def lacking(path):
    np.savez(path, pca_means=MEANS)


def integers(path):
    np.savez(path, pca_eigen_vectors=MATRIX.astype(int), pca_means=MEANS)


def pickled(path):
    objects = np.array([print], dtype=object)
    np.savez(path, pca_eigen_vectors=objects, pca_means=MEANS)


def cut(path):
    path.write_bytes(path.read_bytes()[:-60])


def bomb(path):
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["pca_means"] = np.zeros(17 * 2**17)
    np.savez_compressed(path, **arrays)
    assert path.stat().st_size < 2**20


@pytest.mark.parametrize("damage", [no_zip, lacking, integers, pickled, cut, bomb])
def test_another_file_is_refused(path, damage):
    damage(path)

    with pytest.raises(
        ValueError, match=r"pca\.npz does not contain the PCA of VGGish"
    ):
        VGGishPostprocess.from_file(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.npz"):
        VGGishPostprocess.from_file(tmp_path / "nothing.npz")
