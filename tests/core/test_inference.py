"""Predictions follow the model when it changes, on every backend."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.inference import InferenceModel

X = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")


def straight(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False))


def test_other_layers_are_frozen_than_before():
    first, second = layers.Dense(8, activation="tanh"), layers.Dense(8)
    inputs = keras.Input((8,))
    model = InferenceModel(inputs, second(first(inputs)))
    second.trainable = False
    before = model.predict(X, verbose=0)
    first.trainable, second.trainable = False, True
    model.compile("sgd", "mse")

    np.testing.assert_allclose(model.predict(X, verbose=0), before, atol=1e-6)


def test_a_layer_is_changed_and_the_model_compiled():
    inputs, dense = keras.Input((8,)), layers.Dense(3, activation="softmax")
    model = InferenceModel(inputs, dense(inputs))
    model.compile("sgd", "mse")
    model.predict(X, verbose=0)
    dense.activation = keras.activations.linear
    model.compile("sgd", "mse")

    np.testing.assert_allclose(
        model.predict(X, verbose=0), straight(model, X), atol=1e-6
    )


class Pairs(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return ((X, X),)


def test_networks_of_two_inputs_give_a_row_a_clip():
    inputs = [keras.Input((8,)), keras.Input((8,))]
    model = InferenceModel(inputs, layers.Add()(inputs))

    np.testing.assert_allclose(model.predict_on_batch([X, X]), 2 * X, atol=1e-6)
    np.testing.assert_allclose(
        model.predict(Pairs(), verbose=0), np.concatenate([2 * X, 2 * X]), atol=1e-6
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ("a", "b")}, "has 2 labels"),
        ({"clip_samples": 9}, "clips of 9"),
        ({"context_samples": 7}, "and 7 samples before them"),
    ],
)
def test_a_spec_of_another_network_is_refused_when_the_model_is_made(changes, message):
    inputs = keras.Input((4_000,))
    spec = AudioSpec.of_fixed_clips(16_000, 4_000).replace(**changes)

    with pytest.raises(ValueError, match=message):
        AudioModel(inputs, layers.Dense(1)(inputs), spec=spec)


def test_specs_as_earlier_versions_kept_them():
    config = AudioSpec.of_fixed_clips(16_000, 4_000).get_config()
    config |= {"sample_rate": 16_000.0, "window_samples": 4_000.0, "metrics": None}

    spec = AudioSpec.from_config(config)

    assert (spec.sample_rate, spec.window_samples, spec.metrics) == (16_000, 4_000, {})
    labels = np.array(["a", "b"])
    assert AudioSpec.of_fixed_clips(16_000, 9).replace(labels=labels).labels == (
        "a",
        "b",
    )
