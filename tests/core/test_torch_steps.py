"""The steps of torch's programs give what Keras' layers give."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasaudio.layers.depthwise import DepthwiseConv2D
from support.torch_steps import assert_same, batch, network, steps

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="programs of torch"
)

LAYERS = {
    "same, even": layers.Conv2D(6, (4, 3), padding="same", activation="relu"),
    "strides": layers.Conv2D(6, 3, strides=2, padding="same", activation="silu"),
    "dilation": layers.Conv2D(6, 3, dilation_rate=2, activation="hard_swish"),
    "groups": layers.Conv2D(6, 3, groups=2, activation="gelu"),
    "softmax": layers.Conv2D(6, 1, use_bias=False, activation="softmax"),
    "elu": layers.Conv2D(6, 1, activation="elu"),
    "multiplier": layers.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh"),
    "like torch": DepthwiseConv2D((5, 3), strides=(2, 1)),
    "like TensorFlow": DepthwiseConv2D(3, strides=2, pad_like="tensorflow"),
    "dense": layers.Dense(5, "sigmoid"),
    "clipped": layers.ReLU(0.4),
    "leaky": layers.ReLU(negative_slope=0.1),
    "maximum": layers.MaxPooling2D((4, 1), (2, 3)),
    "wide maximum": layers.MaxPooling2D((1, 10)),
    "same maximum": layers.MaxPooling2D(2, padding="same"),
    "mean": layers.AveragePooling2D((3, 2), (1, 2)),
    "normalization": layers.BatchNormalization(scale=False),
    "of frames": layers.BatchNormalization(axis=1),
    "layer": layers.LayerNormalization(center=False),
    "highest": layers.GlobalMaxPooling2D(keepdims=True),
    "pad": layers.ZeroPadding2D(((1, 0), (2, 3))),
    "permute": layers.Permute((3, 1, 2)),
    "reshape": layers.Reshape((-1, 8)),
}
OVER_TIME = {
    "causal": layers.Conv1D(6, 3, dilation_rate=2, padding="causal"),
    "same": layers.Conv1D(6, 4, padding="same", activation="relu"),
    "thirds": layers.Conv1D(6, 3, strides=3, padding="same"),
    "maximum": layers.MaxPooling1D(3),
    "mean": layers.AveragePooling1D(2, 3),
    "pad": layers.ZeroPadding1D((2, 1)),
    "highest": layers.GlobalMaxPooling1D(),
    "recurrent": layers.GRU(3),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    model = network(LAYERS[name])
    assert_same(model, batch(model))


@pytest.mark.parametrize("name", OVER_TIME)
def test_layers_over_time(name):
    model = network(OVER_TIME[name], (None, 4))
    assert_same(model, batch(model))


@pytest.mark.parametrize("several", [False, True])
def test_attention(several):
    def attend(x):
        attention = layers.MultiHeadAttention(2, 3, value_dim=4, dropout=0.5)
        if several:
            return attention(x, layers.Dense(8)(x), key=layers.Dense(7)(x))
        return attention(x, x)

    model = network(attend, (None, 6))
    assert_same(model, batch(model))


def test_normalization_and_activation_become_part_of_a_convolution():
    def make(x):
        y = layers.Conv2D(4, 3, padding="same", name="conv")(x)
        y = layers.BatchNormalization(name="norm")(y)
        y = layers.ReLU(name="relu")(y)
        y = layers.BatchNormalization(name="after")(y)
        y = layers.Conv2D(4, 1, name="twice")(y)
        z = layers.BatchNormalization(name="beside")(y)
        x = layers.Add(name="sum")([x, y, z])
        x = layers.Activation("relu", name="rectified")(x)
        return layers.Add(name="again")([x, layers.Dropout(0.5, name="drop")(x)])

    model = network(make)
    assert_same(model, batch(model))
    assert steps(model) == [
        (["conv", "norm", "relu"], True),
        (["after"], True),
        (["twice"], True),
        (["beside"], True),
        (["sum"], True),
        (["rectified"], True),
        (["drop"], True),
        (["again"], True),
    ]


def test_outputs_inside_are_not_overwritten():
    def make(x):
        inside = layers.Conv2D(4, 1)(x)
        same = layers.Reshape((12, 10, 4))(inside)
        return {"inside": inside, "out": layers.ReLU()(same), "in": x}

    model = network(make)
    x = batch(model)
    before = x.copy()
    assert_same(model, x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    "view",
    [
        layers.Reshape((-1, 4)),
        layers.MaxPooling2D(1),
        layers.ReLU(negative_slope=1.0),
        layers.Lambda(lambda x: x),
    ],
)
def test_tensors_whose_views_are_needed_are_not_overwritten(view):
    def make(x):
        inside = layers.Conv2D(4, 1)(x)
        seen = view(inside)
        rectified = layers.ReLU()(layers.BatchNormalization()(inside))
        return [layers.Dense(2)(rectified), layers.Dense(3)(seen)]

    model = network(make)
    assert_same(model, batch(model))


def test_inputs_and_views_of_them_are_not_overwritten():
    model = network(lambda x: layers.ReLU()(layers.Reshape((-1, 4))(x)))
    x = batch(model)
    before = x.copy()
    assert_same(model, x)
    np.testing.assert_array_equal(x, before)
