"""Convolutions in tiles along time, with the maxima behind them."""

from importlib import import_module

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs import along_time, tensorflow_tiled

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(0)
BANDS = 40
SAMPLES = 31 * BANDS


def maxima(x, kernel, pool):
    """Convolve in tiles, on any backend."""
    if BACKEND == "torch":
        module = import_module("kerasaudio.core.programs.torch_steps.along_time")
        return module.AlongTime(kernel).maxima(x, pool)
    return along_time.maxima(x, kernel, pool)


def plain(x, kernel, pool):
    """Convolve in float64 and take the maxima."""
    high, wide = (x.shape[axis + 1] - kernel.shape[axis] + 1 for axis in (0, 1))
    y = sum(
        x[:, i : i + high, j : j + wide].astype("float64") @ kernel[i, j]
        for i in range(kernel.shape[0])
        for j in range(kernel.shape[1])
    )
    rows, columns = high // pool[0], wide // pool[1]
    y = y[:, : rows * pool[0], : columns * pool[1]]
    return y.reshape(len(x), rows, pool[0], columns, pool[1], -1).max((2, 4))


@pytest.mark.parametrize(
    ("taps", "pools"),
    [(3, [(1, 1), (3, 2), (6, 9)]), (5, [(1, 9)]), (7, [(5, 2)]), (8, [(1, 4)])],
)
@pytest.mark.parametrize(("rows", "features"), [(31, 1), (23, 3)])
def test_maxima_are_those_of_a_plain_convolution(taps, pools, rows, features):
    x = RNG.normal(size=(2, rows, 12, features)).astype("float32")
    kernel = RNG.normal(size=(taps, 4, features, 6)).astype("float32")
    for pool in pools:
        found = maxima(*map(ops.convert_to_tensor, (x, kernel)), pool)
        expected = plain(x, kernel, pool)
        assert tuple(found.shape) == expected.shape
        most = 1e-5 * np.abs(expected).max()
        np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=most)


def test_strips(monkeypatch):
    module = "torch_steps.along_time" if BACKEND == "torch" else "along_time"
    where = import_module(f"kerasaudio.core.programs.{module}")
    monkeypatch.setattr(where, "STRIP_BYTES", 4 * 8 * 5 * 6)
    x = RNG.normal(size=(3, 100, 1, 2)).astype("float32")
    kernel = RNG.normal(size=(3, 1, 2, 6)).astype("float32")
    found = maxima(*map(ops.convert_to_tensor, (x, kernel)), (3, 1))
    expected = plain(x, kernel, (3, 1))
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("kernel", "image", "pool", "expected"),
    [
        ((7, 38, 1, 204), (187, 59), (1, 59), True),
        ((7, 38, 1, 204), (187, 59), (1, 60), False),
        ((7, 38, 1, 204), (187, 59), (2, 59), False),  # a window in two tiles
        ((7, 38, 1, 204), (6, 59), (1, 59), False),  # most of the tiles is not needed
        ((8, 11, 3, 64), (60, 10), (1, 1), True),
        ((7, 20, 1, 204), (187, 59), (1, 59), False),  # too few products
        ((7, 38, 1, 51), (187, 59), (1, 59), False),
        ((5, 64, 1, 204), (187, 59), (1, 59), False),  # two parts for five rows
        ((9, 64, 1, 204), (187, 59), (1, 59), False),
        ((7, 38, 1, 204), (10, 20), (1, 1), False),
        ((3, 1, 128, 128), (6561, 1), (3, 1), True),
        ((3, 1, 128, 128), (6561, 1), (4, 1), False),
        ((3, 3, 128, 128), (92, 48), (3, 3), False),  # `winograd` is faster
        ((3, 1, 64, 64), (6561, 1), (3, 1), False),
        ((3, 1, 1, 1024), (6561, 1), (3, 1), False),
        ((3, 1, 128, 128), (243, 1), (3, 1), False),
    ],
)
def test_where_it_pays(kernel, image, pool, expected):
    assert along_time.pays(kernel, image, pool) is expected


def network(order, pool=3, kind="bands", **settings):
    first = order == "activation first"
    settings = {"activation": "relu" if first else None, **settings}
    waveform = keras.Input((SAMPLES,))
    if kind == "bands":
        x = layers.Reshape((31, BANDS, 1))(waveform)
        x = layers.Conv2D(64, (7, 33), **settings)(x)
        pooling = layers.MaxPooling2D((1, pool))
    else:
        x = layers.Reshape((-1, 10))(waveform)
        x = layers.Conv1D(64, 1, name="wide")(x)
        x = layers.Conv1D(96, 3, **settings)(x)
        pooling = layers.MaxPooling1D(pool)
    x = layers.BatchNormalization()(x)
    x = x if first else layers.ReLU()(x)
    model = InferenceModel(waveform, layers.Flatten()(pooling(x)))
    for weight in model.weights:
        low = 0.5 if "moving_variance" in weight.path else -1  # some scales fall
        weight.assign(RNG.uniform(low, 1, weight.shape))
    return model


def assert_same(model, x):
    expected = ops.convert_to_numpy(ops.stop_gradient(model(x)))
    found = model.predict_on_batch(x)
    assert found.shape == expected.shape
    assert expected.std() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.fixture
def seen(monkeypatch):
    """Collect what is convolved in tiles, and let small images be."""
    found = []
    monkeypatch.setattr(along_time, "_FEWEST_OUTPUTS", 0)
    where, name = along_time, "maxima"
    if BACKEND == "torch":
        module = import_module("kerasaudio.core.programs.torch_steps.along_time")
        where = module.AlongTime
    convolve = getattr(where, name)

    def watched(*args, **named):
        found.append(args)
        return convolve(*args, **named)

    monkeypatch.setattr(where, name, watched)
    monkeypatch.setattr(tensorflow_tiled, "PLACES", 0)
    tensorflow_tiled._maxima_function.cache_clear()  # functions that do not collect
    yield found
    tensorflow_tiled._maxima_function.cache_clear()


@pytest.mark.parametrize(
    ("order", "settings"),
    [
        ("activation first", {}),
        ("activation last", {"use_bias": False}),
        ("activation first", {"kind": "samples"}),
        ("activation last", {"kind": "samples", "padding": "same"}),
    ],
)
def test_predictions(seen, order, settings):
    model = network(order, **settings)
    x = RNG.normal(size=(5, SAMPLES)).astype("float32")

    assert_same(model, x)

    # TensorFlow's own convolutions with three rows are as fast.
    assert bool(seen) is not (BACKEND == "tensorflow" and "kind" in settings)
    (layer,) = (one for one in model.layers if "conv" in one.name)
    layer.kernel.assign(-layer.kernel)
    assert_same(model, x)  # with the new weights
    assert_same(model, x[:1])


@pytest.mark.parametrize(
    "settings",
    [{"strides": (1, 2)}, {"dilation_rate": (2, 1)}, {"kind": "samples", "pool": 4}],
)
def test_other_convolutions_stay(seen, settings):
    model = network("activation first", **{"pool": 2, **settings})
    assert_same(model, RNG.normal(size=(2, SAMPLES)).astype("float32"))
    assert not seen
