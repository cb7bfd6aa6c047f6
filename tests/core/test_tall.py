"""Convolutions with tall kernels, in tiles along the first axis."""

from importlib import import_module

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs import tall, tensorflow_tiled

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(0)
BANDS = 40


def maxima(x, kernel, pool):
    """Convolve in tiles, on any backend."""
    if BACKEND == "torch":
        module = import_module("kerasaudio.core.programs.torch_steps.tall")
        return module.Tall(kernel).maxima(x, pool)
    return tall.maxima(x, kernel, pool)


def plain(x, kernel, pool):
    """Convolve in float64 and take the maxima."""
    high, wide = (x.shape[axis + 1] - kernel.shape[axis] + 1 for axis in (0, 1))
    y = sum(
        x[:, i : i + high, j : j + wide].astype("float64") @ kernel[i, j]
        for i in range(kernel.shape[0])
        for j in range(kernel.shape[1])
    )
    count = wide // pool
    return y[:, :, : count * pool].reshape(len(x), high, count, pool, -1).max(3)


@pytest.mark.parametrize("taps", [5, 7, 8])
@pytest.mark.parametrize(("rows", "features", "pool"), [(31, 1, 9), (23, 3, 2)])
def test_maxima_are_those_of_a_plain_convolution(taps, rows, features, pool):
    x = RNG.normal(size=(2, rows, 12, features)).astype("float32")
    kernel = RNG.normal(size=(taps, 4, features, 6)).astype("float32")

    found = maxima(*map(ops.convert_to_tensor, (x, kernel)), pool)

    expected = plain(x, kernel, pool)
    assert tuple(found.shape) == expected.shape
    most = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=most)


@pytest.mark.parametrize(
    ("kernel", "image", "expected"),
    [
        ((7, 38, 1, 204), (187, 59), True),
        ((7, 38, 1, 204), (6, 59), False),  # most of the tiles is not needed
        ((8, 11, 3, 64), (60, 10), True),
        ((7, 20, 1, 204), (187, 59), False),  # too few products
        ((7, 38, 1, 51), (187, 59), False),
        ((3, 64, 1, 204), (187, 59), False),
        ((5, 64, 1, 204), (187, 59), False),  # two parts for five rows
        ((7, 38, 1, 204), (10, 20), False),
    ],
)
def test_where_it_pays(kernel, image, expected):
    assert tall.pays(kernel, image) is expected


def network(order, pool=3, rows=31, **settings):
    waveform = keras.Input((rows * BANDS,))
    x = layers.Reshape((rows, BANDS, 1))(waveform)
    activation = "relu" if order == "activation first" else None
    x = layers.Conv2D(64, (7, 33), activation=activation, **settings)(x)
    x = layers.BatchNormalization()(x)
    if order == "activation last":
        x = layers.ReLU()(x)
    x = layers.MaxPooling2D((1, pool))(x)
    model = InferenceModel(waveform, layers.Flatten()(x))
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
    monkeypatch.setattr(tall, "_FEWEST_OUTPUTS", 0)
    where, name = tall, "maxima"
    if BACKEND == "torch":
        where = import_module("kerasaudio.core.programs.torch_steps.tall").Tall
    convolve = getattr(where, name)

    def watched(*args, **named):
        found.append(args)
        return convolve(*args, **named)

    monkeypatch.setattr(where, name, watched)
    tensorflow_tiled._maxima_function.cache_clear()  # functions that do not collect
    yield found
    tensorflow_tiled._maxima_function.cache_clear()


@pytest.mark.parametrize("order", ["activation first", "activation last"])
@pytest.mark.parametrize("bias", [True, False])
def test_predictions(seen, order, bias):
    model = network(order, use_bias=bias)
    x = RNG.normal(size=(5, 31 * BANDS)).astype("float32")

    assert_same(model, x)

    assert seen
    model.layers[2].kernel.assign(-model.layers[2].kernel)
    assert_same(model, x)  # with the new weights
    assert_same(model, x[:1])


@pytest.mark.parametrize(
    "settings",
    [{"padding": "same"}, {"strides": (1, 2)}, {"dilation_rate": (2, 1)}],
)
def test_other_convolutions_stay(seen, settings):
    model = network("activation first", pool=2, **settings)
    assert_same(model, RNG.normal(size=(2, 31 * BANDS)).astype("float32"))
    assert not seen


@pytest.mark.skipif(BACKEND != "torch", reason="only torch divides them so")
def test_strips(seen, monkeypatch):
    module = import_module("kerasaudio.core.programs.torch_steps.tall")
    monkeypatch.setattr(module, "STRIP_BYTES", 1)
    model = network("activation first")
    assert_same(model, RNG.normal(size=(2, 31 * BANDS)).astype("float32"))
    assert seen
