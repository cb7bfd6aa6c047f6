"""Dreams: the paper's objective, octaves, sizes, what stops them, bad input."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasaudio.interpret import Dreamer, NoGradientError, dream
from kerasaudio.interpret import dreamer as dreamer_module

RINGS = np.hypot(*np.indices((40, 30)) - 17) % 8 / 8


SPREAD = {1: 0.0, 2: 0.01, 4: 0.2}  # of weights with so many axes


def as_it_is(pixels):
    return pixels


@pytest.fixture(scope="module")
def mixing():
    """A linear network that mixes colors: its gradient can be written down."""
    return keras.Sequential(
        [keras.Input((None, None, 3)), keras.layers.Conv2D(5, 1, name="mix")]
    )


@pytest.fixture(scope="module")
def edges():
    """A network with convolutions, and scores that need its own size."""
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((24, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, 2, activation="relu", name="first"),
            layers.Conv2D(6, 3, activation="relu", name="second"),
            layers.Flatten(name="flat"),
            layers.Dense(3, activation="softmax", name="scores"),
        ],
        name="edges",
    )
    rng = np.random.default_rng(0)  # the same numbers on all backends
    network.set_weights(
        [
            rng.normal(0, SPREAD[weight.ndim], weight.shape) + (weight.ndim == 1)
            for weight in network.get_weights()
        ]
    )
    return network


def one_step(made, start):
    """Return the direction of a step of 0.001, by its mean size."""
    change = (made.picture - start) / 0.001
    assert np.abs(change).mean() == pytest.approx(1, rel=1e-3)
    return change


def test_with_a_guide_each_position_follows_its_best_match(mixing, rng):
    """The objective of the paper, in NumPy."""
    start, guide = rng.uniform(0.2, 0.8, (2, 6, 7, 3)).astype("float32")
    made = dream(
        mixing,
        start,
        guide[:4],
        layers="mix",
        preprocess=as_it_is,
        octaves=1,
        iterations=1,
        step=0.001,
        jitter=0,
    )
    kernel, bias = mixing.get_layer("mix").get_weights()
    x = (255 * start.reshape(-1, 3)) @ kernel[0, 0] + bias
    y = (255 * guide[:4].reshape(-1, 3)) @ kernel[0, 0] + bias
    best = y[(x @ y.T).argmax(axis=1)]
    slope = (best @ kernel[0, 0].T).reshape(6, 7, 3)
    np.testing.assert_allclose(
        one_step(made, start), slope / np.abs(slope).mean(), atol=2e-3
    )
    assert made.course[0] == pytest.approx((x * best).mean(), rel=1e-4)


def test_without_a_guide_activations_grow(mixing, rng):
    start = rng.uniform(0.2, 0.8, (6, 7, 3)).astype("float32")
    made = dream(
        mixing,
        start,
        layers={"mix": 2.0},
        preprocess=as_it_is,
        octaves=1,
        iterations=1,
        step=0.001,
        jitter=0,
    )
    kernel, bias = mixing.get_layer("mix").get_weights()
    x = (255 * start) @ kernel[0, 0] + bias
    slope = x @ kernel[0, 0].T
    np.testing.assert_allclose(
        one_step(made, start), slope / np.abs(slope).mean(), atol=2e-3
    )
    assert made.course[0] == pytest.approx((x**2).mean(), rel=1e-4)  # 2 * half


def test_octaves_seeds_and_sizes(edges):
    dreamer = Dreamer(edges, ["first", "second"])
    settings = {"size": (40, 50), "octaves": 2, "iterations": 4, "jitter": 3}
    made = dream(dreamer, RINGS, RINGS[::-1], **settings)
    assert made.picture.shape == (40, 50, 3)
    assert made.picture.dtype == "float32"
    assert made.picture.min() >= 0
    assert made.picture.max() <= 1
    assert made.course.shape == (8,)
    assert made.course[3] > made.course[0]
    assert made.stopped == "finished"
    assert repr(made) == (
        "Dream('first, second' of edges, 40 x 50, iterations=8, stopped='finished')"
    )
    again = dream(dreamer, RINGS, RINGS[::-1], **settings)
    np.testing.assert_allclose(again.picture, made.picture, atol=1e-4)
    other = dream(dreamer, RINGS, RINGS[::-1], seed=1, **settings)
    assert np.abs(other.picture - made.picture).max() > 0.01
    # Sizes that are not given: that of the picture, or of the network.
    assert dream(dreamer, RINGS, octaves=1, iterations=1).picture.shape == (40, 30, 3)
    assert dream(dreamer, octaves=1, iterations=1).picture.shape == (24, 32, 3)
    tall = dream(dreamer, RINGS, octaves=1, iterations=1, size=20)
    assert tall.picture.shape == (20, 15, 3)


def test_what_the_network_does_not_change_stays(edges):
    """Details of the picture are not lost by the octaves."""
    start = np.random.default_rng(0).uniform(size=(40, 40, 3))
    made = dream(edges, start, layers="first", octaves=3, iterations=1, step=1e-6)
    np.testing.assert_allclose(made.picture, start, atol=1e-3)


def test_a_unit_and_a_score(edges):
    made = dream(edges, layers="second", unit=1, size=(30, 30), octaves=1)
    assert made.target == "second, unit 1"
    assert made.course[-1] > made.course[0]
    best = dream(edges, layers="scores", unit=1, octaves=1, iterations=15, jitter=0)
    scores = edges.predict(255 * best.picture[None], verbose=0)[0]
    assert 1 >= best.course[-1] > best.course[0]
    assert scores[1] > 0.9 * best.course[-1]


def test_layers_that_need_the_own_size_say_so(edges):
    with pytest.raises(
        ValueError, match=r"takes pictures of 24 x 32 only up to scores"
    ):
        dream(edges, layers="scores", unit=1, size=(30, 30), octaves=1)
    with pytest.raises(ValueError, match=r"Pass size=\(24, 32\) and octaves=1"):
        dream(edges, layers="scores", unit=1)


def test_ctrl_c_keeps_what_is_there(edges, monkeypatch):
    real = dreamer_module._Steps.move
    calls = []

    def move(self, batch, gradient):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(self, batch, gradient)

    monkeypatch.setattr(dreamer_module._Steps, "move", move)
    made = dream(edges, RINGS, layers="first", octaves=2, iterations=5)
    assert made.stopped == "interrupted"
    assert len(made.course) == 3
    assert made.picture.shape == (40, 30, 3)
    assert np.abs(made.picture - np.repeat(RINGS[..., None], 3, 2)).max() > 0.01


def of_pixels(function):
    """Make a network whose only layer is a function of the pixels."""
    given = keras.Input((None, None, 3))
    layer = keras.layers.Lambda(function, output_shape=lambda s: s, name="odd")
    return keras.Model(given, layer(given), name="odd")


def test_what_is_not_finite_is_stopped_and_said():
    network = of_pixels(lambda x: 1 / ops.sqrt(140 - x))
    with pytest.warns(
        UserWarning, match="Dream of odd: Stopped .* not finite.*picture"
    ):
        made = dream(
            network,
            np.full((8, 8, 3), 0.5),
            layers="odd",
            preprocess=as_it_is,
            octaves=2,
            step=0.02,
        )
    assert made.stopped == "diverged"
    assert np.isfinite(made.picture).all()


def test_a_falling_score_is_stopped_and_said():
    network = of_pixels(lambda x: 100 - ops.abs(x - 127.5))
    with pytest.warns(UserWarning, match="fell below .* Use a smaller step"):
        made = dream(
            network,
            np.random.default_rng(0).uniform(0.45, 0.49, (8, 8, 3)),
            layers="odd",
            preprocess=as_it_is,
            octaves=1,
            iterations=200,
            step=0.5,
        )
    assert made.stopped == "diverged"
    assert len(made.course) < 200


@pytest.mark.parametrize("function", [ops.round, ops.zeros_like])
def test_a_network_without_gradients_is_an_error(function):
    network = of_pixels(function)
    with pytest.raises((NoGradientError, ValueError), match="no gradient"):
        dream(network, layers="odd", preprocess=as_it_is, size=8, octaves=1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"layers": "third"}, "no layer 'third'. Its layers are: .*first, second"),
        ({"layers": "first", "unit": 4}, "unit of layer 'first' must be"),
        ({"layers": ["first", "second"], "unit": 0}, "unit= goes with one layer"),
        ({"layers": []}, "layers must be the name of a layer"),
        ({"layers": {"first": "much"}}, "the weight of layer 'first'"),
        ({}, "either layers=, or label="),
        ({"label": "dog"}, "takes a model of kerasaudio"),
        ({"layers": "first", "octaves": 0}, "octaves must be"),
        ({"layers": "first", "octave_scale": 1}, "octave_scale must be"),
        ({"layers": "first", "iterations": 1.5}, "iterations must be"),
        ({"layers": "first", "step": 0}, "step must be"),
        ({"layers": "first", "jitter": -1}, "jitter must be"),
        ({"layers": "first", "seed": -1}, "seed must be"),
        ({"layers": "first", "size": (8, 8, 3)}, "a height and a width"),
        ({"layers": "first", "size": 0}, "size must be"),
        ({"layers": "second", "size": 4}, "A picture of .* is too small for second"),
        ({"layers": "first", "picture": np.zeros((4, 4))}, "too small for first"),
        ({"layers": "first", "guide": [[np.nan]]}, "guide must hold finite numbers"),
        ({"layers": "flat", "guide": RINGS, "octaves": 1}, "no map to compare"),
        ({"layers": "first", "preprocess": 255}, "preprocess must be a function"),
        ({"layers": "first", "picture_layer": "none"}, "no layer 'none'"),
        ({"layers": "scores", "picture_layer": "flat"}, "sees no pictures"),
    ],
)
def test_wrong_arguments(edges, wrong, says):
    with pytest.raises(ValueError, match=says):
        dream(edges, **wrong)


def test_wrong_networks(edges):
    plain = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1)])
    with pytest.raises(ValueError, match=r"is unknown. Pass preprocess="):
        dream(plain, layers=plain.layers[0].name)
    with pytest.raises(ValueError, match="functional or a built Sequential"):
        dream(keras.Sequential(), layers="first")
    with pytest.raises(ValueError, match="Received: str"):
        dream("resnet50", layers="first")
    with pytest.raises(ValueError, match=r"target already. Leave out layers"):
        dream(Dreamer(edges, "first"), layers="first")
    vector = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2, name="d")])
    with pytest.raises(ValueError, match=r"sees no pictures.*\(None, 8\)"):
        dream(vector, layers="d", preprocess=as_it_is)


def test_pairs_of_positions_that_fill_the_memory_are_refused(mixing):
    big = np.zeros((150, 150))
    with pytest.raises(ValueError, match="pairs of positions"):
        dream(mixing, big, big, layers="mix", preprocess=as_it_is)
