"""Tags over time: which classes, at which times; what is no timeline."""

import numpy as np
import pytest

from kerasaudio.core.score_timeline import ScoreTimeline
from kerasaudio.plot import tags
from support.tiny import tiny_model

pytest.importorskip("matplotlib")

NAMES = tuple("abcdefghijklmnopqrst")


def timeline(times=6, classes=20, starts=None, length=1.0):
    scores = np.random.default_rng(0).uniform(0, 0.4, (times, classes))
    scores[:, 7] = 0.6
    scores[2, 3] = 0.9
    starts = np.arange(float(times)) if starts is None else np.array(starts, float)
    return ScoreTimeline(scores.astype("float32"), starts, starts + length, NAMES)


def rows(figure):
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


def cells(figure):
    mesh = figure.axes[0].collections[0]
    edges = mesh.get_coordinates()[0, :, 0]
    return edges, mesh.get_array()


def test_the_highest_classes_are_rows_and_named():
    line = timeline()
    figure = tags(line, title="a sound")

    assert rows(figure) == [event.label for event in line.top(10)]
    assert rows(figure)[:2] == ["d", "h"]
    edges, scores = cells(figure)
    np.testing.assert_array_equal(edges, np.arange(7))
    np.testing.assert_allclose(scores[0], line.scores[:, 3])
    assert figure.axes[0].get_title() == "a sound"
    assert len(rows(tags(line, top=3))) == 3
    assert rows(tags(line, labels=["t", "a"])) == ["t", "a"]


def test_windows_that_overlap_share_their_time_and_gaps_stay_empty():
    edges, scores = cells(tags(timeline(3, starts=[0, 0.5, 4]), labels=["h"]))

    np.testing.assert_allclose(edges, [0, 0.75, 1.5, 4, 5])
    np.testing.assert_allclose(np.ma.filled(scores[0], np.nan), [0.6, 0.6, np.nan, 0.6])


def test_of_many_times_the_short_and_high_stays():
    line = timeline(30_000, starts=np.arange(30_000) / 100, length=0.01)
    edges, scores = cells(tags(line, labels=["d"]))

    assert 1_000 < scores.shape[1] <= 2_000
    assert scores.max() == pytest.approx(0.9)
    assert edges[-1] == pytest.approx(300)
    assert tags(line).axes[0].get_xlabel() == "minutes"


def test_lines_differ_and_are_named():
    figure = tags(timeline(), kind="lines", labels=["h", "d", "a"])

    lines = figure.axes[0].patches
    assert len({line.get_edgecolor() for line in lines}) == 3
    assert len({line.get_linestyle() for line in lines}) == 3
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == ["h", "d", "a"]
    np.testing.assert_allclose(lines[0].get_data().values, 0.6)


def test_a_model_hears_the_sound_itself():
    model = tiny_model()
    rate = model.spec.sample_rate
    wave = np.random.default_rng(0).normal(0, 0.1, 3 * rate).astype("float32")
    line = model.timeline(wave, rate)

    figure = tags(model, wave, sample_rate=rate)

    assert rows(figure) == [event.label for event in line.top(len(line.labels))]
    with pytest.raises(ValueError, match="needs a sound"):
        tags(model)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"timeline": np.zeros((3, 2))}, r"model\.timeline.*Received: ndarray"),
        ({"audio": "song.wav"}, "has its scores already.*path="),
        ({"sample_rate": 8_000}, "has its scores already"),
        ({"top": 0}, "top must be"),
        ({"top": 21}, "top must be"),
        ({"labels": ["a", "z"]}, r"unknown: \['z'\]"),
        ({"labels": ["a", "a"]}, "different classes"),
        ({"labels": "abc"}, "list of different classes"),
        ({"labels": []}, "list of different classes"),
        ({"labels": ["a"], "top": 1}, "not both"),
        ({"kind": "bars"}, "`kind` must be one of"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        tags(**{"timeline": timeline()} | arguments)
