"""Convolutions in Winograd's form give what plain ones give."""

from importlib import import_module

import keras
import numpy as np
import pytest
from keras import layers

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs import tensorflow_tiled
from kerasaudio.core.programs.winograd import matrices, pays, transformed

BACKEND = keras.backend.backend()
RNG = np.random.default_rng(0)


def convolved(x, kernel):
    """Convolve (height, width) in float64 without padding."""
    height, width = x.shape[0] - 2, x.shape[1] - 2
    return sum(
        kernel[i, j] * x[i : i + height, j : j + width]
        for i in range(3)
        for j in range(3)
    )


def test_the_matrices_give_a_convolution():
    outputs, _, inputs = matrices()
    x, kernel = RNG.normal(size=(6, 6)), RNG.normal(size=(3, 3))

    made = transformed(kernel[..., None, None]).reshape(6, 6)
    found = outputs @ (made * (inputs @ x @ inputs.T)) @ outputs.T

    np.testing.assert_allclose(found, convolved(x, kernel), atol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "image", "expected"),
    [
        ((3, 3, 128, 128), (92, 48), True),
        ((3, 3, 64, 96), (16, 16), True),
        ((3, 3, 64, 64), (92, 48), False),  # too few products
        ((3, 3, 32, 512), (92, 48), False),
        ((3, 3, 1024, 1024), (62, 4), False),  # too large when transformed
        ((3, 3, 128, 128), (11, 6), False),  # too few tiles
        ((3, 3, 128, 128), (62, 2), False),  # half of each tile is not needed
        ((3, 5, 128, 128), (92, 48), False),
    ],
)
def test_where_it_pays(kernel, image, expected):
    assert pays(kernel, image) is expected


def network(shape, make):
    waveform = keras.Input((None if shape[0] == -1 else int(np.prod(shape)),))
    x = layers.Reshape(shape)(waveform)
    x = layers.Conv2D(64, 1, name="few")(x)
    model = InferenceModel(waveform, layers.GlobalMaxPooling2D()(make(x)))
    for weight in model.weights:
        low = 0.5 if "moving" in weight.path else -1
        weight.assign(RNG.uniform(low, 1, weight.shape))
    return model


def same_and_normalized(x):
    x = layers.Conv2D(96, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return layers.Conv2D(64, 3, activation="relu", name="valid")(x)


def by_layers(model, x):
    return keras.ops.convert_to_numpy(keras.ops.stop_gradient(model(x)))


def assert_same(model, x):
    expected = by_layers(model, x)
    found = model.predict_on_batch(x)
    assert expected.std() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def place():
    """Return the module that convolves in tiles."""
    on_torch = BACKEND == "torch"
    name = "torch_steps.winograd" if on_torch else "tiled"
    return import_module(f"kerasaudio.core.programs.{name}")


@pytest.fixture
def seen(monkeypatch):
    """Collect what is convolved in tiles, and let small images be."""
    found = []
    where, name = place(), "_convolve_tiles"
    if BACKEND == "torch":
        where, name = where.Winograd, "_strip"
    plain = getattr(where, name)

    def convolve(*args):
        found.append(args)
        return plain(*args)

    monkeypatch.setattr(where, name, convolve)
    monkeypatch.setattr(tensorflow_tiled, "PLACES", 0)
    tensorflow_tiled._row_function.cache_clear()  # functions that do not collect
    return found


def test_predictions_in_tiles(seen):
    model = network((19, 18, 3), same_and_normalized)
    x = RNG.normal(size=(5, 19 * 18 * 3)).astype("float32")

    assert_same(model, x)

    assert seen
    model.layers[-2].kernel.assign(-model.layers[-2].kernel)
    assert_same(model, x)  # with the new weights


@pytest.mark.skipif(BACKEND == "tensorflow", reason="as on jax")
def test_strips_of_a_large_image(seen, monkeypatch):
    monkeypatch.setattr(place(), "STRIP_BYTES", 100_000)
    model = network((30, 18, 1), layers.Conv2D(96, 3, use_bias=False))
    assert_same(model, RNG.normal(size=(1, 30 * 18)).astype("float32"))
    assert len(seen) > 1


@pytest.mark.skipif(BACKEND != "jax", reason="only jax pads such clips")
def test_clips_of_any_length(seen):
    model = network((-1, 16, 1), same_and_normalized)
    assert_same(model, RNG.normal(size=(2, 16 * 21)).astype("float32"))
    assert seen


@pytest.mark.skipif(BACKEND != "tensorflow", reason="XLA compiles on TensorFlow only")
def test_small_batches_are_not_worth_compiling(seen, monkeypatch):
    monkeypatch.setattr(tensorflow_tiled, "PLACES", 2 * 28 * 16)
    x = RNG.normal(size=(2, 30 * 18)).astype("float32")
    network((30, 18, 1), layers.Conv2D(96, 3)).predict_on_batch(x[:1])
    assert not seen
    network((30, 18, 1), layers.Conv2D(96, 3)).predict_on_batch(x)
    assert seen


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(96, 3, strides=2),
        layers.Conv2D(96, 3, dilation_rate=2),
        layers.Conv2D(64, 3, groups=2),
        layers.Conv2D(96, 3, data_format="channels_first"),
        layers.Conv2D(96, 3, dtype="bfloat16"),
    ],
)
def test_other_convolutions_stay_as_they_are(seen, layer):
    if layer.data_format == "channels_first" and BACKEND == "tensorflow":
        pytest.skip("TensorFlow cannot convolve so on CPUs")
    model = network((64, 64, 1), layer)
    model.predict_on_batch(RNG.normal(size=(1, 64 * 64)).astype("float32"))
    assert not seen
