"""Confusion matrices and ROC curves: what the pictures show, and bad input."""

import sys

import numpy as np
import pytest

from kerasaudio.plot import confusion_matrix, roc_curve

images = pytest.importorskip("matplotlib.image")

RATES = np.linspace(0, 1, 50)
FULL_SHARE = np.array([8, 48, 107]) / 255
EYE = np.eye(3, dtype=int)


def ink(path):
    """Give how dark the picture is, (height, width), from 0 to 1."""
    return 1 - images.imread(path)[..., :3].mean(axis=-1)


@pytest.mark.parametrize("classes", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_the_diagonal_of_a_good_classifier_is_dark(classes, tmp_path):
    names = [f"class {n} of $many$" for n in range(classes)]
    good = np.eye(classes, dtype=int) * 40
    bad = np.ones((classes, classes), int)

    path = confusion_matrix(good, names, tmp_path / "good.png")
    confusion_matrix(bad, names, tmp_path / "bad.png")

    assert path == tmp_path / "good.png"
    full = [
        (np.abs(images.imread(file)[..., :3] - FULL_SHARE) < 0.02).all(axis=-1).mean()
        for file in (path, tmp_path / "bad.png")
    ]
    assert full[0] > 0.1 / classes  # the diagonal, in a picture with margins
    assert full[1] < 0.02 / classes  # the end of the scale beside it
    assert ink(path).shape[0] > 100 + 40 * classes  # room for the names


def test_rows_without_clips_and_large_counts_are_drawn(tmp_path):
    counts = np.array([[0, 0, 0], [123_456, 0, 1], [0, 0, 7.0]])

    confusion_matrix(counts, list("abc"), tmp_path / "matrix.png", title="three")

    assert ink(tmp_path / "matrix.png").max() > 0.5


@pytest.mark.slow
def test_too_many_classes_for_counts(tmp_path):
    confusion_matrix(np.eye(61), range(61), tmp_path / "matrix.png")

    assert ink(tmp_path / "matrix.png").shape[0] > 2000


@pytest.mark.parametrize(
    ("matrix", "labels", "message"),
    [
        (np.ones((2, 3)), ["a", "b"], "square"),
        (np.ones((0, 0)), [], "square"),
        (np.ones(3), list("abc"), "2 axes"),
        (EYE, ["a", "b"], "labels must have one item per point: 3. Received: 2"),
        (EYE, "abc", "sequence"),
        (EYE * 0.5, list("abc"), "counts.*0.5"),
        (-EYE, list("abc"), "counts.*-1"),
        (EYE * np.nan, list("abc"), "finite"),
    ],
)
def test_matrices_that_are_none_are_refused(matrix, labels, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(matrix, labels, tmp_path / "matrix.png")


def test_a_curve_is_drawn_where_the_rates_are(tmp_path):
    roc_curve(RATES, RATES**0.1, tmp_path / "good.png", labels="good")
    roc_curve(RATES, RATES**0.9, tmp_path / "poor.png", labels="poor")

    good, poor = (images.imread(tmp_path / f"{n}.png") for n in ("good", "poor"))
    blue = [
        (picture[..., 2] - picture[..., 0] > 0.5)[: len(picture) // 2].sum()
        for picture in (good, poor)
    ]
    assert blue[0] > 1.3 * blue[1] > 0  # the good one is longer in the upper half


def test_several_curves_share_a_picture(tmp_path):
    roc_curve(
        [RATES, RATES[::7]],
        [RATES**0.1, RATES[::7]],
        tmp_path / "roc.png",
        labels=["_trained", "$untrained$"],
        title="speakers",
    )

    picture = images.imread(tmp_path / "roc.png")
    assert (picture[..., 2] - picture[..., 0] > 0.5).sum() > 500  # blue
    assert (picture[..., 0] - picture[..., 2] > 0.5).sum() > 500  # orange


@pytest.mark.parametrize(
    ("false", "true", "labels", "message"),
    [
        (RATES, RATES[:9], None, "50 false positive and 9 true"),
        (RATES[:1], RATES[:1], None, "at least two"),
        (RATES, RATES[::-1], None, "true_positive_rate must rise.*not ascending"),
        (RATES * 2, RATES, None, "false_positive_rate must rise from 0 to 1.*to 2"),
        (RATES * np.nan, RATES, None, "finite"),
        ([RATES], RATES, None, "list of each"),
        ([RATES], [RATES, RATES], None, "1 arrays"),
        (RATES, RATES, ["a", "b"], "labels must have one item"),
        (np.ones((2, 2)), np.ones((2, 2)), None, "1 axis"),
    ],
)
def test_rates_that_are_none_are_refused(false, true, labels, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        roc_curve(false, true, tmp_path / "roc.png", labels=labels)


def test_bad_paths_and_missing_matplotlib(tmp_path, monkeypatch):
    for path, error in (("a.jpg", ValueError), ("no folder/a.png", OSError)):
        with pytest.raises(error, match=r"a\.jpg|cannot be written"):
            roc_curve(RATES, RATES, tmp_path / path)
        with pytest.raises(error, match=r"a\.jpg|cannot be written"):
            confusion_matrix(EYE, ["a", "b", "c"], tmp_path / path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match='pip install "matplotlib>='):
        roc_curve(RATES, RATES, tmp_path / "a.png")
    with pytest.raises(ImportError, match='pip install "matplotlib>='):
        confusion_matrix(EYE, ["a", "b", "c"], tmp_path / "a.png")
