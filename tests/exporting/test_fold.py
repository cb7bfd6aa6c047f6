"""Batch normalization joins the layer in front of it, wherever that gives the same."""

import keras
import numpy as np
import pytest

from kerasaudio.core import AudioModel, AudioSpec
from kerasaudio.core.feature_model import frontend_layers
from kerasaudio.exporting.rebuild import few_weights_layers, rebuild
from kerasaudio.models import FACTORIES
from support.small import small

RATE, SAMPLES = 8_000, 600
FOLDED = {
    "BarkNet": ("block1_conv", 0),
    "CRNN": ("frontend", 1),  # one in front of the first convolution stays
    "EfficientAT": ("frontend", 0),
    "CNNSA": ("frontend", 1),
    "HarmonicCNN": ("frontend", 1),
    "MusiCNN": ("frontend", 11),  # behind activations: all stay
    "ReSE2Multi": ("stem_conv", 0),
    "ShortChunkResNet": ("frontend", 1),
    "YAMNet": ("frontend", 0),
}


def batch_norms(model):
    kind = keras.layers.BatchNormalization
    return [layer for layer in model.layers if isinstance(layer, kind)]


def trained(model):
    """Give every normalization statistics, scales and shifts of its own."""
    rng = np.random.default_rng(0)
    for layer in batch_norms(model):
        width = layer.moving_mean.shape
        layer.moving_mean.assign(rng.normal(0, 0.3, width))
        layer.moving_variance.assign(rng.uniform(0.5, 2, width))
        if layer.scale:
            layer.gamma.assign(rng.uniform(0.5, 2, width))
        if layer.center:
            layer.beta.assign(rng.normal(0, 0.3, width))
    return model


def assert_same(model, again):
    length = model.input.shape[1] or model.spec.window_samples
    clips = np.random.default_rng(1).normal(0, 0.1, (2, length)).astype("float32")
    expected = model.predict(clips, verbose=0)
    np.testing.assert_allclose(again.predict(clips, verbose=0), expected, atol=2e-6)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name == "BarkNet" else [pytest.mark.slow])
        for name in FOLDED
    ],
)
def test_networks_stay_the_same(name):
    keras.utils.set_random_seed(1)
    model = trained(FACTORIES[name](**small(name), labels=["a", "b"]))

    again = rebuild(model, model.spec.window_samples, "fft", fold=True)

    last_in_float, left = FOLDED[name]
    assert len(batch_norms(again)) == left
    assert frontend_layers(again)[-1] == last_in_float
    assert_same(model, again)


def network(body):
    waveform = keras.Input((SAMPLES,), name="waveform")
    x = keras.layers.Reshape((20, 30, 1), name="frontend")(waveform)
    spec = AudioSpec.of_fixed_clips(RATE, SAMPLES)
    return trained(AudioModel(waveform, body(x), spec=spec))


def conv(x, **settings):
    return keras.layers.Conv2D(4, 3, padding="same", **settings)(x)


def norm(x, **settings):
    return keras.layers.BatchNormalization(**settings)(x)


def flat(x):
    return keras.layers.Flatten()(x)


def depthwise(x):
    return keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(conv(x))


def in_one_dimension(x):
    x = keras.layers.Reshape((60, 10))(x)
    x = norm(keras.layers.Conv1D(8, 5, strides=2, use_bias=False)(x))
    return norm(keras.layers.DepthwiseConv1D(3)(x))


@pytest.mark.parametrize(
    "body",
    [
        lambda x: flat(norm(conv(x))),
        lambda x: flat(norm(conv(x, use_bias=False), scale=False)),
        lambda x: flat(norm(conv(x), center=False, epsilon=0.1)),
        lambda x: flat(norm(conv(x), axis=3)),
        lambda x: flat(norm(depthwise(x))),
        lambda x: flat(in_one_dimension(x)),
        lambda x: norm(keras.layers.Dense(5)(flat(x))),
    ],
)
def test_layers_that_take_it(body):
    model = network(body)

    again = rebuild(model, SAMPLES, fold=True)

    assert batch_norms(again) == []
    assert_same(model, again)


def used_twice(x):
    x = conv(x)
    return flat(keras.layers.Add()([norm(x), x]))


def with_two_calls(x):
    shared = keras.layers.Conv2D(1, 3, padding="same")
    return flat(norm(shared(shared(x))))


@pytest.mark.parametrize(
    "body",
    [
        lambda x: flat(norm(conv(x, activation="relu"))),
        lambda x: flat(norm(x)),
        lambda x: flat(norm(conv(x), axis=1)),
        used_twice,
        with_two_calls,
    ],
)
def test_where_it_would_not_be_the_same_it_stays(body):
    model = network(body)

    again = rebuild(model, SAMPLES, fold=True)

    assert len(batch_norms(again)) == 1
    assert_same(model, again)


def test_a_layer_that_is_an_output_stays_what_it_is():
    def body(x):
        x = keras.layers.Dense(3)(flat(x))
        return {"raw": x, "normal": norm(x)}

    model = network(body)

    assert len(batch_norms(rebuild(model, SAMPLES, fold=True))) == 1


def test_layers_of_few_weights_are_those_with_a_small_kernel():
    def body(x):
        x = norm(conv(x, name="small"), axis=1, name="no_kernel")
        return keras.layers.Dense(50, name="large")(flat(x))

    assert few_weights_layers(network(body)) == ["small"]
