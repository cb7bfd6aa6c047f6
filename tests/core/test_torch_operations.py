"""Training steps on torch use torch's operations, with the numbers of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasaudio.core import torch_operations
from kerasaudio.core.own_operations import own_operations
from kerasaudio.layers.depthwise import DepthwiseConv2D
from kerasaudio.training.devices.moments import marked, over_all_rows
from support.tiny import check_only_training_uses, tiny_model

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="an operation of torch"
)
RNG = np.random.default_rng(0)
SLOPES = RNG.normal(size=1_000).astype("float32")


@pytest.fixture
def taken(monkeypatch):
    """The layers that torch's operation ran for, in order."""
    names, normalized = [], torch_operations._normalized

    def noted(layer, inputs):
        names.append(layer.name)
        return normalized(layer, inputs)

    monkeypatch.setattr(torch_operations, "_normalized", noted)
    return names


def build(shape, **arguments):
    waves = keras.Input(shape[1:])
    layer = layers.BatchNormalization(name="bn", **arguments)
    model = keras.Model(waves, layer(waves))
    for weight in layer.weights:
        weight.assign(RNG.uniform(0.5, 2, weight.shape))
    return model, layer


def step(model, inputs, training=True, own=True):
    """Outputs, gradients and statistics of a step from the same weights."""
    before = model.get_weights()
    x = keras.ops.convert_to_tensor(inputs).requires_grad_()
    with own_operations(model, training and own):
        outputs = model(x, training=training)
    slopes = keras.ops.convert_to_tensor(SLOPES[: outputs.numel()])
    model.zero_grad()
    (outputs * slopes.reshape(outputs.shape)).sum().backward()
    gradients = [x.grad, *(w.value.grad for w in model.trainable_weights)]
    found = [outputs.detach(), *gradients, *(w.value for w in model.weights)]
    arrays = [keras.ops.convert_to_numpy(value).copy() for value in found]
    model.set_weights(before)
    return arrays


@pytest.mark.parametrize(
    ("shape", "arguments"),
    [
        ((9, 5), {}),
        ((4, 7, 5), {"epsilon": 1e-5, "momentum": 0.9}),
        ((3, 4, 6, 5), {"scale": False}),
        ((3, 4, 6, 5), {"axis": 1, "center": False}),
        ((4, 7, 5), {"axis": 1}),
    ],
)
def test_values_gradients_and_statistics_are_those_of_keras(shape, arguments, taken):
    model, layer = build(shape, **arguments)
    inputs = RNG.normal(3, 2, shape).astype("float32")

    want = step(model, inputs, own=False)
    assert not taken
    got = step(model, inputs)

    assert taken == ["bn"]
    assert len(got) == 1 + 1 + len(model.trainable_weights) + len(model.weights)
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)
    assert "call" not in vars(layer)


@pytest.mark.parametrize(
    ("shape", "change"),
    [
        ((4, 5), lambda layer: setattr(layer, "trainable", False)),
        ((1, 5), lambda layer: None),  # torch refuses one value for each channel
        ((4, 5), lambda layer: layer.__dict__.update(_moments=layer._moments)),
    ],
    ids=["frozen", "one value", "other moments"],
)
def test_otherwise_keras_normalizes(shape, change, taken):
    model, layer = build(shape)
    change(layer)
    inputs = RNG.normal(size=shape).astype("float32")
    for ours, theirs in zip(
        step(model, inputs), step(model, inputs, own=False), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert not taken


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((2, 9, 4), layers.Conv1D(6, 3, padding="same", dilation_rate=2)),
        ((2, 9, 4), layers.Conv1D(6, 2, strides=2, groups=2, activation="relu")),
        ((2, 6, 5, 4), layers.Conv2D(6, (3, 5), padding="same")),
        ((2, 6, 5, 4), layers.Conv2D(6, 3, strides=(2, 1), use_bias=False)),
        ((2, 9, 1), layers.Conv1D(6, 3, strides=3)),
        ((2, 6, 5, 4), DepthwiseConv2D((3, 5), strides=2)),
        ((2, 6, 5, 4), DepthwiseConv2D(3, activation="relu", use_bias=False)),
    ],
    ids=[
        "dilated",
        "strides and groups",
        "same",
        "without biases",
        "samples",
        "depthwise, strides",
        "depthwise",
    ],
)
def test_convolutions_are_those_of_keras(shape, layer, monkeypatch):
    waves = keras.Input(shape[1:])
    model = keras.Model(waves, layer(waves))
    inputs = RNG.normal(size=shape).astype("float32")
    want = step(model, inputs, own=False)
    monkeypatch.setattr(type(layer), "call", None)
    for ours, theirs in zip(step(model, inputs), want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 2, "padding": "same"},
        {"kernel_size": 3, "padding": "same", "strides": 2},
        {"kernel_size": 3, "padding": "causal"},
        {"kernel_size": 3, "dtype": "mixed_bfloat16"},
    ],
    ids=["even width", "strides", "causal", "half precision"],
)
def test_keras_convolves_what_torch_pads_or_rounds_otherwise(arguments):
    waves = keras.Input((9, 4))
    model = keras.Model(waves, layers.Conv1D(3, **arguments)(waves))
    inputs = RNG.normal(size=(2, 9, 4)).astype("float32")
    both = step(model, inputs), step(model, inputs, own=False)
    for ours, theirs in zip(*both, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_uneven_padding_is_left_to_keras():
    waves = keras.Input((6, 6, 4))
    layer = DepthwiseConv2D(3, strides=2, pad_like="tensorflow")
    model = keras.Model(waves, layer(waves))
    inputs = RNG.normal(size=(2, 6, 6, 4)).astype("float32")
    both = step(model, inputs), step(model, inputs, own=False)
    for ours, theirs in zip(*both, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_moments_of_several_devices_are_kept(taken):
    model, _ = build((4, 5))
    inputs = RNG.normal(size=(4, 5)).astype("float32")
    with over_all_rows(model, lambda value: value):
        step(model, inputs)
        assert taken == ["bn"]  # all rows are real
        with marked(keras.ops.convert_to_tensor([1.0, 1.0, -1.0, -1.0])):
            outputs, *_ = step(model, inputs)
    assert taken == ["bn"]
    wide, *_ = step(model, inputs[:2])
    np.testing.assert_allclose(outputs[:2], wide, rtol=1e-4, atol=2e-5)


def test_half_precision_is_left_to_keras(taken):
    model, _ = build((4, 5), dtype="mixed_bfloat16")
    with own_operations(model, True):
        outputs = model(RNG.normal(size=(4, 5)), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    assert not taken


def test_audio_models_train_with_it_and_predict_without(taken):
    inner = tiny_model()
    x = layers.BatchNormalization(name="bn")(inner.get_layer("embedding").output)
    x = layers.Dense(len(inner.spec.labels), "sigmoid", name="predictions")(x)
    model = type(inner)(inner.input, x, spec=inner.spec)
    assert check_only_training_uses(model, taken) == ["bn"]


def test_layers_are_as_before_after_nested_steps_and_errors():
    model, layer = build((4, 5))
    with own_operations(model, True):
        with own_operations(model, True):  # a model inside another
            pass
        assert "call" in vars(layer)
    assert "call" not in vars(layer)

    def stop():
        with own_operations(model, True):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop()
    assert "call" not in vars(layer)
