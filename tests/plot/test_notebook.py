"""Plots in a notebook: figures that show once, and axes of the user."""

import sys

import numpy as np
import pytest

from kerasaudio import plot
from kerasaudio.core.score_timeline import ScoreTimeline
from kerasaudio.layers import MelSpectrogram

figures = pytest.importorskip("matplotlib.figure")

TONE = np.sin(np.arange(4_000) / 3).astype("float32") / 2
TIMES = np.arange(5.0)
LINE = ScoreTimeline(np.eye(5, 3, dtype="float32"), TIMES, TIMES + 1, ("a", "b", "c"))
RATES = np.linspace(0, 1, 5)
PANEL = {"loss": [3.0, 2.0]}
CALLS = {
    "confusion_matrix": lambda **to: plot.confusion_matrix(np.eye(2), ["a", "b"], **to),
    "filters": lambda **to: plot.filters(MelSpectrogram(8_000, 256, n_mels=9), **to),
    "history": lambda **to: plot.history(PANEL, **to),
    "roc_curve": lambda **to: plot.roc_curve(RATES, RATES, **to),
    "spectrogram": lambda **to: plot.spectrogram(TONE, sample_rate=8_000, **to),
    "tags": lambda **to: plot.tags(LINE, **to),
}
TWO_PANELS = {"events": lambda **to: plot.events(TONE, [], sample_rate=8_000, **to)}


@pytest.fixture
def pyplot():
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.mark.parametrize("name", [*CALLS, *TWO_PANELS])
def test_without_a_path_a_figure_shows_itself_once(name, pyplot):
    figure = (CALLS | TWO_PANELS)[name]()

    assert isinstance(figure, figures.Figure)
    bundle, about = figure._repr_mimebundle_(include=None, exclude=None)
    picture, size = bundle["image/png"], about["image/png"]
    assert picture.startswith(b"\x89PNG")
    assert size["width"] / size["height"] == pytest.approx(
        np.divide(*figure.get_size_inches()), rel=0.01
    )
    # What pyplot knows, a notebook shows a second time.
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("name", [*CALLS, *TWO_PANELS])
def test_with_a_path_the_picture_is_written(name, tmp_path):
    call = (CALLS | TWO_PANELS)[name]
    (tmp_path / "a.png").write_bytes(b"an older picture")

    assert call(path=tmp_path / "a.png") == tmp_path / "a.png"

    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.png"]


@pytest.mark.parametrize("name", CALLS)
def test_a_plot_fits_into_axes_of_the_user(name, pyplot):
    figure, (left, right) = pyplot.subplots(1, 2)
    place = right.get_position(original=True).bounds

    assert CALLS[name](ax=right) is figure

    assert right.has_data()
    assert not left.has_data()
    assert right.get_position(original=True).bounds == place  # nothing takes its room
    assert figure.axes == [left, right]


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_place_is_refused(name, pyplot, tmp_path):
    call = CALLS[name]
    with pytest.raises(ValueError, match=r"ax must be one pair.*ndarray\. Choose one"):
        call(ax=pyplot.subplots(1, 2)[1])
    with pytest.raises(ValueError, match=r"ax must be one pair.*Figure"):
        call(ax=pyplot.figure())
    with pytest.raises(ValueError, match="not both"):
        call(ax=pyplot.subplots()[1], path=tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"\.png.*a\.jpg"):
        call(path=tmp_path / "a.jpg")
    with pytest.raises(FileNotFoundError, match="cannot be written"):
        call(path=tmp_path / "none" / "a.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [*CALLS, *TWO_PANELS])
def test_a_missing_matplotlib_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match='pip install "matplotlib'):
        (CALLS | TWO_PANELS)[name]()


def test_a_feature_space_is_drawn_into_axes(pyplot, tmp_path):
    figure, axes = pyplot.subplots()
    vectors = np.random.default_rng(0).normal(size=(6, 4))

    plane = plot.feature_space(vectors, list("aabbcc"), ax=axes)

    drawn = np.concatenate([marks.get_offsets() for marks in axes.collections])
    np.testing.assert_allclose(drawn, plane, rtol=1e-6)
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == ["a", "b", "c"]
    for path in ("a.png", "a.html"):
        with pytest.raises(ValueError, match="not both"):
            plot.feature_space(vectors, ax=axes, path=tmp_path / path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="ax must be one pair"):
        plot.feature_space(vectors, ax=figure)
