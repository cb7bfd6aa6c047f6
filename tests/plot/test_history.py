"""Histories: lines of losses and metrics, stages, the best epoch; bad input."""

import keras
import numpy as np
import pytest

from kerasaudio.plot import history
from kerasaudio.training.epochs import Epoch, Trained

plt = pytest.importorskip("matplotlib.pyplot")

NAN = float("nan")
TOLD = {
    "loss": [3.0, 2.0, 1.0],
    "val_loss": [3.0, NAN, 2.0],
    "accuracy": [0.2, 0.4, 0.6],
    "learning_rate": [0.1, 0.1, 0.01],
}


def trained(*stages, validated=True):
    epochs = [
        Epoch(
            number=number,
            phase=stage,
            learning_rate=1e-3,
            loss=1 / number,
            score=number / 10 if validated else NAN,
            validation_loss=2 / number if validated else NAN,
            seconds=1.0,
            is_best=number < len(stages),
        )
        for number, stage in enumerate(stages, start=1)
    ]
    return Trained(None, None, tuple(epochs))


def named(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_stages_and_the_best_epoch_are_marked():
    result = trained("frozen", "frozen", "full", "full")

    figure = history(result, title="A training")

    upper, lower = figure.axes
    assert named(upper) == ["loss", "val_loss", "best: 3"]
    assert named(lower) == ["val_score", "best: 3"]
    np.testing.assert_allclose(upper.lines[0].get_xdata(), [1, 2, 3, 4])
    np.testing.assert_allclose(upper.lines[1].get_ydata(), [2, 1, 2 / 3, 0.5])
    assert [text.get_text() for text in upper.texts] == ["frozen", "full"]
    for axes in figure.axes:  # the best epoch, and the end of the first stage
        assert {3, 2.5} <= {line.get_xdata()[0] for line in axes.lines}
    same = history(list(result.epochs)).axes[0]
    np.testing.assert_array_equal(same.lines[0].get_ydata(), upper.lines[0].get_ydata())
    # The title stands above the names of the stages.
    figure.draw_without_rendering()
    title, stage = upper.title.get_window_extent(), upper.texts[0].get_window_extent()
    assert title.y0 >= stage.y1


def test_a_training_without_validation_or_stages():
    figure = history(trained("full", validated=False))

    assert len(figure.axes) == 1
    assert named(figure.axes[0]) == ["loss"]


def test_histories_of_keras_and_their_dicts():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.ones((4, 2), "float32")
    told = model.fit(x, x[:, :1], epochs=5, initial_epoch=2, verbose=0)

    figure = history(told)
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), [3, 4, 5])
    assert [named(axes) for axes in figure.axes] == [["loss"], ["mae"]]
    upper, lower = history(TOLD).axes
    assert named(upper) == ["loss", "val_loss"]
    assert named(lower) == ["accuracy"]
    colors = {line.get_color() for line in upper.lines}
    assert len(colors) == 1  # twins; the one on validation data is dashed
    assert [line.get_linestyle() for line in upper.lines] == ["-", "--"]


def test_one_panel_fits_into_axes():
    figure, axes = plt.subplots()

    assert history(TOLD, names=("loss", "val_loss"), ax=axes) is figure
    assert named(axes) == ["loss", "val_loss"]
    with pytest.raises(ValueError, match=r"two panels.*'accuracy'"):
        history(TOLD, ax=axes)
    assert len(history(TOLD, names=["learning_rate"]).axes) == 1
    plt.close(figure)


@pytest.mark.parametrize(
    ("training", "names", "message"),
    [
        ([1.0, 0.5], None, "training.train.*Received: list"),
        ("log.csv", None, "Received: str"),
        ({}, None, "at least one epoch"),
        ({"loss": []}, None, "at least one epoch"),
        ({"loss": [1, 2], "auc": [1]}, None, "one number per epoch.*'auc': 1"),
        ({"loss": ["a"]}, None, "'loss'"),
        ({"loss": 3}, None, "'loss'"),
        ({"loss": [[1, 2]]}, None, "'loss'"),
        ({"loss": [NAN]}, None, "no finite numbers"),
        (TOLD, "loss", "list of some of"),
        (TOLD, ["f1"], "list of some of.*'f1'"),
        (TOLD, [], "list of some of"),
    ],
)
def test_what_is_no_history_is_refused(training, names, message):
    with pytest.raises(ValueError, match=message):
        history(training, names=names)
