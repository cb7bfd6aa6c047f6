"""Maxima taken before activation and normalization are the same numbers."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasaudio.core.inference import InferenceModel
from kerasaudio.core.programs.early_pooling import Chain, find_chains
from kerasaudio.core.programs.graph import Graph

RNG = np.random.default_rng(0)


def network(convolution, pooling, normalization=None, between=None):
    waveform = keras.Input((16 * 14,))
    shape = (16, 14, 1) if convolution.rank == 2 else (32, 7)
    x = convolution(layers.Reshape(shape)(waveform))
    x = x if between is None else between(x)
    x = (normalization or layers.BatchNormalization())(x)
    model = InferenceModel(waveform, layers.Flatten()(pooling(x)))
    for weight in model.weights:
        low = 0.5 if "moving_variance" in weight.path else -1  # some scales fall
        weight.assign(RNG.uniform(low, 1, weight.shape))
    return model


def chains(model):
    return list(find_chains(Graph(model)))


@pytest.mark.parametrize(
    ("convolution", "pooling"),
    [
        (layers.Conv2D(6, 3, activation="relu"), layers.MaxPooling2D(2)),
        (  # values between the windows of one value
            layers.Conv2D(6, (4, 3), padding="same", activation="relu"),
            layers.MaxPooling2D((4, 1), 2),
        ),
        (
            layers.Conv1D(6, 4, padding="same", activation="tanh", use_bias=False),
            layers.MaxPooling1D(3, 2),
        ),
        (
            layers.Conv1D(6, 4, padding="same", activation="sigmoid"),
            layers.MaxPooling1D(1, 3),
        ),
    ],
)
def test_maxima_are_the_same(convolution, pooling):
    scaled = layers.BatchNormalization(scale=convolution.rank == 2)
    model = network(convolution, pooling, scaled)
    x = RNG.normal(size=(3, 16 * 14)).astype("float32")
    assert len(chains(model)) == 1

    found = model.predict_on_batch(x)

    expected = keras.ops.convert_to_numpy(keras.ops.stop_gradient(model(x)))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_values_between_windows_are_not_computed():
    convolution = layers.Conv2D(6, 3, activation="relu")
    chain = Chain(convolution, None, layers.MaxPooling2D((4, 1), (2, 3)))
    assert chain.strides() == ((1, 3), (2, 1))


@pytest.mark.parametrize(
    ("convolution", "others"),
    [
        (layers.Conv2D(6, 3, activation="silu"), {}),  # first falls, then rises
        (layers.Conv2D(6, 3), {}),  # what follows is part of the convolution
        (layers.Conv2D(6, 3, activation="relu"), {"between": layers.ReLU()}),
        (
            layers.Conv2D(6, 3, activation="relu"),
            {"normalization": layers.BatchNormalization(axis=1)},
        ),
        (
            layers.Conv2D(6, 3, activation="relu"),
            {"pooling": layers.AveragePooling2D(2)},
        ),
    ],
)
def test_other_layers_stay_in_their_order(convolution, others):
    others = {"pooling": layers.MaxPooling2D(2), **others}
    assert not chains(network(convolution, **others))


def test_outputs_inside_stay():
    waveform = keras.Input((16, 14, 1))
    x = layers.Conv2D(6, 3, activation="relu")(waveform)
    inside = layers.BatchNormalization()(x)
    model = keras.Model(waveform, [inside, layers.MaxPooling2D(2)(inside)])
    assert not chains(model)
