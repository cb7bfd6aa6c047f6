"""Training steps on jax use gradients of their own, with the numbers of Keras."""

import keras
import numpy as np
import pytest
from keras import layers

from kerasaudio.core import own_operations as room
from kerasaudio.core.own_operations import own_operations
from support.tiny import check_only_training_uses, tiny_model

if keras.backend.backend() != "jax":
    pytest.skip("operations for jax", allow_module_level=True)

import jax

from kerasaudio.core import jax_operations
from kerasaudio.layers import transformer_gradients

RNG = np.random.default_rng(0)
TOKENS = RNG.normal(size=(2, 5, 6)).astype("float32")


def noted(names, name, function):
    def call(*arguments):
        names.append(name)
        return function(*arguments)

    return call


@pytest.fixture
def taken(monkeypatch):
    """The functions with gradients of their own that ran, in order."""
    names = []
    monkeypatch.setattr(room, "xla_on_cpu", lambda: True)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    for name in ("dense", "gelu", "normalize", "attend"):
        of = getattr(transformer_gradients, name)
        monkeypatch.setattr(transformer_gradients, name, noted(names, name, of))
    return names


def traced(apply, own=True):
    """A function of weights and tokens: outputs and gradients of a training step."""
    tokens = keras.Input(TOKENS.shape[1:])
    keras.utils.set_random_seed(3)
    model = keras.Model(tokens, apply(tokens))
    weights = [RNG.normal(0, 0.3, w.shape) for w in model.trainable_variables]
    others = [w.value for w in model.non_trainable_variables]

    def loss(weights, x):
        with own_operations(model, own):
            outputs, _ = model.stateless_call(weights, others, x, training=True)
        return (outputs.astype("float32") ** 2).sum(), outputs

    return jax.grad(loss, (0, 1), has_aux=True), weights


def check_equal(apply):
    (ours, weights), (theirs, _) = traced(apply), traced(apply, own=False)
    got, want = (jax.tree.leaves(jax.jit(f)(weights, TOKENS)) for f in (ours, theirs))
    limit = 2e-6 * max(1, *(abs(x).max() for x in want))  # some are 0 but for rounding
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=limit)


@pytest.mark.parametrize(
    ("layer", "used"),
    [
        (lambda: layers.Dense(3, "gelu"), ["dense", "gelu"]),
        (lambda: layers.Dense(3, "relu", use_bias=False), ["dense"]),
        (lambda: layers.LayerNormalization(epsilon=1e-5), ["normalize"]),
        (lambda: layers.LayerNormalization(scale=False, center=False), ["normalize"]),
    ],
)
def test_layers_are_those_of_keras(layer, used, taken):
    check_equal(lambda x: layer()(x))
    assert list(dict.fromkeys(taken)) == used


@pytest.mark.parametrize("arguments", [{}, {"use_bias": False, "output_shape": 7}])
def test_attention_is_that_of_keras(arguments, taken):
    def apply(x):
        others = x[:, :3]
        return layers.MultiHeadAttention(2, 4, **arguments)(x, others, others * 2)

    check_equal(apply)
    assert list(dict.fromkeys(taken)) == ["dense", "attend"]


def masked(x):
    return layers.MultiHeadAttention(2, 4)(layers.Masking()(x), x)


@pytest.mark.parametrize(
    "apply",
    [
        lambda x: layers.MultiHeadAttention(2, 4, dropout=0.5, seed=1)(x, x),
        lambda x: layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True),
        lambda x: layers.MultiHeadAttention(2, 4)(x, x, return_attention_scores=True)[
            1
        ],
        lambda x: layers.MultiHeadAttention(2, 4, output_shape=(2, 3))(x, x),
        lambda x: layers.MultiHeadAttention(2, 4, dtype="mixed_bfloat16")(x, x),
        masked,
        lambda x: layers.Dense(3, dtype="mixed_bfloat16")(x),
        lambda x: layers.Dense(3, lora_rank=2)(x),
        lambda x: layers.LayerNormalization(axis=1)(x),
        lambda x: layers.LayerNormalization(dtype="bfloat16")(x),
    ],
    ids=[
        *("dropout", "causal", "scores", "wide output", "half attention", "mask"),
        *("half dense", "low rank", "other axis", "half normalization"),
    ],
)
def test_the_rest_is_left_to_keras(apply, taken):
    function, weights = traced(apply)
    jax.eval_shape(function, weights, TOKENS)
    assert not taken


def test_audio_models_train_with_it_and_predict_without(taken):
    inner = tiny_model()
    x = layers.Dense(8, "gelu")(inner.get_layer("embedding").output)
    x = layers.Dense(len(inner.spec.labels), "sigmoid", name="predictions")(x)
    model = type(inner)(inner.input, x, spec=inner.spec)
    assert {"dense", "gelu"} <= set(check_only_training_uses(model, taken))


@pytest.mark.parametrize("devices", [["gpu:0"], ["cpu:0", "cpu:1"]])
def test_accelerators_and_several_devices_are_left_to_keras(devices, monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: devices)
    dense = layers.Dense(3)
    model = keras.Sequential([keras.Input((4,)), dense])
    with own_operations(model, True):
        assert "call" not in vars(dense)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    with own_operations(model, True):
        assert type(vars(dense)["call"]) is jax_operations.OPERATIONS[layers.Dense]
